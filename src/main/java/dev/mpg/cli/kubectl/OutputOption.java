package dev.mpg.cli.kubectl;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The option {@code -o}. */
final class OutputOption {
    /** Forms of output other than text for people. */
    enum Format {
        json
    }

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            description = "json: for machines (default: for people).")
    private @Nullable Format format;

    boolean isJson() {
        return format == Format.json;
    }
}
