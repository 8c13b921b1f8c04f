package dev.mpg.cli.offline;

import picocli.CommandLine.Option;

/** The options that all commands here have. */
final class CommonOptions {
    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NS",
            defaultValue = "default",
            description = "Of objects that give none (default: default).")
    private String namespace = "default";

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks at the option, not at the field
    private boolean help;

    String namespace() {
        return namespace;
    }
}
