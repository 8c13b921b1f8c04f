package dev.mpg.observability;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.awaitility.Awaitility;
import org.jspecify.annotations.Nullable;

/** A server program that runs for a test, and what its HTTP API answers. Closing it ends the process. */
final class ServerProcess implements AutoCloseable {
    private static final Duration START = Duration.ofSeconds(60);
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final HttpClient http = HttpClient.newHttpClient();
    private final String name;
    private final Process process;
    private final Path log;

    private ServerProcess(String name, Process process, Path log) {
        this.name = name;
        this.process = process;
        this.log = log;
    }

    /** Starts the program of this name. Its log is in the folder. */
    static ServerProcess start(String name, Path folder, String... arguments) {
        try {
            Path log = folder.resolve(name + ".log");
            List<String> command = new ArrayList<>(List.of(program(name).toString()));
            command.addAll(List.of(arguments));
            ProcessBuilder builder =
                    new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
            // Jaeger would send spans of its own to whoever listens on OTLP's usual port.
            builder.environment().put("OTEL_TRACES_SAMPLER", "always_off");
            Process process = builder.start();
            Runtime.getRuntime().addShutdownHook(new Thread(process::destroyForcibly));
            return new ServerProcess(name, process, log);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /** The program of this name, from {@code MPG_PROGRAMS} or {@code hack/programs}. */
    static Path program(String name) throws IOException, InterruptedException {
        String folder = System.getenv("MPG_PROGRAMS");
        if (folder == null || folder.isEmpty()) {
            Process process = new ProcessBuilder("hack/programs", name)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            folder = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            if (process.waitFor() != 0) {
                throw new IllegalStateException("'hack/programs " + name + "' failed; why is in the output above");
            }
        }
        return Path.of(folder, name);
    }

    /** Waits until a line of the log matches, and returns the pattern's first group. */
    String awaitLog(Pattern pattern) {
        return Objects.requireNonNull(Awaitility.await(name + " logs " + pattern)
                .atMost(START)
                .pollInterval(Duration.ofMillis(20))
                .failFast(this::requireAlive)
                .until(() -> find(pattern), Objects::nonNull));
    }

    private void requireAlive() throws IOException {
        if (!process.isAlive()) {
            throw new IllegalStateException(name + " ended; its log:\n" + Files.readString(log));
        }
    }

    private @Nullable String find(Pattern pattern) throws IOException {
        Matcher matcher = pattern.matcher(Files.readString(log));
        return matcher.find() ? matcher.group(1) : null;
    }

    /** Waits until a GET is answered with status 200. */
    void awaitReady(String url) {
        Awaitility.await(name + " is ready")
                .atMost(START)
                .pollInterval(Duration.ofMillis(20))
                .failFast(this::requireAlive)
                .ignoreException(UncheckedIOException.class)
                .until(() -> get(url).statusCode() == 200);
    }

    /** Any answer to a GET. */
    HttpResponse<String> get(String url) {
        try {
            return http.send(
                    HttpRequest.newBuilder(URI.create(url)).timeout(PATIENCE).build(),
                    HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }

    /**
     * The JSON that it answers to a GET.
     *
     * @throws IllegalStateException with its words when the status isn't 200
     */
    JsonNode json(String url) {
        return body(get(url));
    }

    /**
     * The JSON of an answer.
     *
     * @throws IllegalStateException with its words when the status isn't 200
     */
    static JsonNode body(HttpResponse<String> response) {
        if (response.statusCode() != 200) {
            throw new IllegalStateException(
                    response.uri() + " answered " + response.statusCode() + ": " + response.body());
        }
        try {
            return JSON.readTree(response.body());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    @Override
    public void close() {
        process.destroy();
        try {
            if (!process.waitFor(10, TimeUnit.SECONDS)) {
                process.destroyForcibly();
            }
        } catch (InterruptedException e) {
            process.destroyForcibly();
            Thread.currentThread().interrupt();
        }
    }
}
