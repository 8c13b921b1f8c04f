package dev.mpg.cli;

import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How much is traced. */
final class SamplingOption {
    @Spec(Spec.Target.MIXEE)
    private @Nullable CommandSpec spec;

    @Option(
            names = "--trace-sampling",
            paramLabel = "SHARE",
            defaultValue = "${env:MPG_TRACE_SAMPLING:-0.1}",
            description = "Share of traces to keep, 0 to 1 (default: 0.1). Changes of a Proxy's spec are always kept,"
                    + " unless it is 0: then nothing is traced. Spans go to OTEL_EXPORTER_OTLP_ENDPOINT, if that is set."
                    + " Environment: MPG_TRACE_SAMPLING, and OpenTelemetry's.")
    private double share = 0.1;

    double share() {
        if (!(share >= 0 && share <= 1) && spec != null) {
            throw new ParameterException(
                    spec.commandLine(), "--trace-sampling is " + share + ", not a share between 0 and 1");
        }
        return share;
    }
}
