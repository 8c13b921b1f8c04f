package dev.mpg.architecture.violations.match;

final class AsksXds {
    Object breakTheRule() {
        return new dev.mpg.architecture.violations.xds.UsesPicocli();
    }
}
