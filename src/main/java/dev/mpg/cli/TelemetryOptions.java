package dev.mpg.cli;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import org.jspecify.annotations.Nullable;
import org.slf4j.LoggerFactory;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** How much is traced and logged. */
final class TelemetryOptions {
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

    @Option(
            names = "--debug-mode",
            defaultValue = "${env:MPG_DEBUG_MODE:-false}",
            description = "Log each step of each change at every tier, and trace everything. Proxy instances that the"
                    + " operator runs are started with it, too. Environment: MPG_DEBUG_MODE.")
    private boolean debugMode;

    boolean debugMode() {
        return debugMode;
    }

    /** Makes the log say as much as was asked for, and tells the share of traces to keep. */
    double apply() {
        if (!(share >= 0 && share <= 1) && spec != null) {
            throw new ParameterException(
                    spec.commandLine(), "--trace-sampling is " + share + ", not a share between 0 and 1");
        }
        if (debugMode && LoggerFactory.getLogger("dev.mpg") instanceof Logger logger) {
            logger.setLevel(Level.DEBUG);
            logger.debug("debug mode: each step of each change is logged, and traced");
        }
        return debugMode ? 1 : share;
    }
}
