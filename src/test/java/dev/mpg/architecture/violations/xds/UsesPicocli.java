package dev.mpg.architecture.violations.xds;

import picocli.CommandLine;

public final class UsesPicocli {
    CommandLine breakTheRule() {
        return new CommandLine(this);
    }
}
