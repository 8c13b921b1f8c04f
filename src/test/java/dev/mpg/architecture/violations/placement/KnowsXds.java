package dev.mpg.architecture.violations.placement;

final class KnowsXds {
    Object breakTheRule() {
        return new dev.mpg.architecture.violations.xds.UsesPicocli();
    }
}
