package dev.mpg.e2e;

import static org.awaitility.Awaitility.await;

import java.io.IOException;
import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.awaitility.core.ConditionTimeoutException;

/** {@code mpg operator} as users run it: a process of its own, with the host infrastructure. */
final class RunningOperator implements AutoCloseable {
    private static final Duration READY = Duration.ofSeconds(60);
    private static final Duration ENDED = Duration.ofSeconds(30);

    private final Process process;
    private final String httpAddress;

    private RunningOperator(Process process, String httpAddress) {
        this.process = process;
        this.httpAddress = httpAddress;
    }

    /**
     * Starts one and waits until it is ready.
     *
     * @param state its state folder: one that was used before is taken over
     * @param options more arguments for {@code mpg operator}
     */
    static RunningOperator start(Path kubeconfig, Path state, Path envoy, String... options) {
        return start(kubeconfig, state, envoy, Map.of(), options);
    }

    /** @param environment more of its variables */
    static RunningOperator start(
            Path kubeconfig, Path state, Path envoy, Map<String, String> environment, String... options) {
        try {
            Files.createDirectories(state);
            String httpAddress = "127.0.0.1:" + freePort();
            List<String> command = new ArrayList<>(List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "--sun-misc-unsafe-memory-access=allow",
                    "--enable-native-access=ALL-UNNAMED",
                    // Not that of the tests, which is on the class path, too.
                    "-Dlogback.configurationFile=logback.xml",
                    "-cp",
                    System.getProperty("java.class.path"),
                    "dev.mpg.cli.Mpg",
                    "operator",
                    "--infrastructure=host",
                    "--state-dir=" + state,
                    "--envoy=" + envoy));
            command.addAll(List.of(options));
            Path log = state.resolve("operator.log");
            ProcessBuilder builder = new ProcessBuilder(command)
                    .redirectErrorStream(true)
                    .redirectOutput(ProcessBuilder.Redirect.appendTo(log.toFile()));
            builder.environment().put("KUBECONFIG", kubeconfig.toString());
            builder.environment().put("MPG_HTTP_ADDRESS", httpAddress);
            builder.environment().putAll(environment);
            RunningOperator operator = new RunningOperator(builder.start(), httpAddress);
            operator.awaitReady(log);
            return operator;
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private static int freePort() throws IOException {
        try (ServerSocket socket = new ServerSocket(0)) {
            return socket.getLocalPort();
        }
    }

    private void awaitReady(Path log) throws IOException {
        try {
            await("the operator is ready")
                    .atMost(READY)
                    .pollInterval(Duration.ofMillis(50))
                    .until(() -> !process.isAlive() || Http.status("http://" + httpAddress + "/readyz") == 200);
        } catch (ConditionTimeoutException e) {
            close();
            throw new IllegalStateException("the operator is not ready; its log:\n" + Files.readString(log), e);
        }
        if (!process.isAlive()) {
            throw new IllegalStateException("the operator ended; its log:\n" + Files.readString(log));
        }
    }

    /** {@code host:port} of its metrics. */
    String httpAddress() {
        return httpAddress;
    }

    /** As by {@code kill}: it ends in order. */
    void terminate() {
        process.destroy();
        awaitEnd();
    }

    /** As by {@code kill -9}. */
    void kill() {
        process.destroyForcibly();
        awaitEnd();
    }

    /** Waits until it has ended by itself, and returns its exit code. */
    int awaitEnd() {
        try {
            if (!process.waitFor(ENDED.toSeconds(), TimeUnit.SECONDS)) {
                process.destroyForcibly();
                throw new IllegalStateException("the operator did not end within " + ENDED);
            }
            return process.exitValue();
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    @Override
    public void close() {
        if (process.isAlive()) {
            terminate();
        }
    }
}
