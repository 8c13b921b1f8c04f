package dev.mpg.observability;

import static java.util.stream.Collectors.joining;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * A real Prometheus, which keeps exemplars. It scrapes its targets five times a second, but looks for new targets only
 * every five seconds. Thread-safe. Closing it ends the process.
 */
public final class PrometheusServer implements AutoCloseable {
    private static final Pattern LISTENING = Pattern.compile("msg=\"Listening on\" component=web address=(\\S+)");

    private final Path targets;
    private final ServerProcess process;
    private final String url;

    /**
     * The latest sample of a series, or one value of a result.
     *
     * @param labels with the metric's name as {@code __name__}, where the result has one
     */
    public record Sample(Map<String, String> labels, double value) {}

    /**
     * An observation that a series kept as an example.
     *
     * @param series the labels of the series, with the metric's name as {@code __name__}
     * @param labels the exemplar's own, such as {@code trace_id}
     */
    public record Exemplar(Map<String, String> series, Map<String, String> labels, double value) {}

    private PrometheusServer(Path targets, ServerProcess process, String url) {
        this.targets = targets;
        this.process = process;
        this.url = url;
    }

    /** Starts one without targets and waits until it is ready. Its files are in a folder of its own below this one. */
    public static PrometheusServer start(Path folder) {
        try {
            Path home = Files.createTempDirectory(folder, "prometheus-");
            Path targets = Files.createDirectory(home.resolve("targets"));
            Path config = Files.writeString(home.resolve("prometheus.yml"), """
                    global: {scrape_interval: 200ms, scrape_timeout: 200ms}
                    scrape_configs:
                    - job_name: unnamed
                      file_sd_configs: [{files: ["targets/*.json"]}]
                    """);
            ServerProcess process = ServerProcess.start(
                    "prometheus",
                    home,
                    "--config.file=" + config,
                    "--storage.tsdb.path=" + home.resolve("data"),
                    "--web.listen-address=127.0.0.1:0",
                    "--enable-feature=exemplar-storage");
            String url = "http://" + process.awaitLog(LISTENING);
            process.awaitReady(url + "/-/ready");
            return new PrometheusServer(targets, process, url);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * Replaces the targets of a job. Prometheus takes notice within seconds: await what you look for.
     *
     * @param job its name, which becomes the label {@code job}; fit for a file's name
     * @param addresses host:port of each target, which serves {@code /metrics}
     */
    public void scrape(String job, String... addresses) {
        String quoted = Stream.of(addresses).map(each -> '"' + each + '"').collect(joining(", "));
        try {
            Path written = Files.writeString(
                    targets.resolve(job + ".new"),
                    "[{\"targets\": [" + quoted + "], \"labels\": {\"job\": \"" + job + "\"}}]");
            Files.move(written, targets.resolve(job + ".json"), StandardCopyOption.ATOMIC_MOVE);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /**
     * What an expression that gives an instant vector gives now, in no particular order.
     *
     * @throws IllegalStateException with Prometheus's words when it refuses the expression
     */
    public List<Sample> query(String promql) {
        JsonNode data =
                process.json(url + "/api/v1/query?query=" + encode(promql)).path("data");
        if (!data.path("resultType").asText().equals("vector")) {
            throw new IllegalStateException(
                    promql + " gives a " + data.path("resultType").asText() + ", not a vector");
        }
        List<Sample> samples = new ArrayList<>();
        for (JsonNode each : data.path("result")) {
            samples.add(new Sample(
                    labels(each.path("metric")), number(each.path("value").path(1))));
        }
        return List.copyOf(samples);
    }

    /**
     * The exemplars that are kept of all series in an expression.
     *
     * @throws IllegalStateException with Prometheus's words when it refuses the expression
     */
    public List<Exemplar> exemplars(String promql) {
        JsonNode data = process.json(url + "/api/v1/query_exemplars?start=0&end=9999999999&query=" + encode(promql))
                .path("data");
        List<Exemplar> exemplars = new ArrayList<>();
        for (JsonNode series : data) {
            for (JsonNode each : series.path("exemplars")) {
                exemplars.add(new Exemplar(
                        labels(series.path("seriesLabels")), labels(each.path("labels")), number(each.path("value"))));
            }
        }
        return List.copyOf(exemplars);
    }

    /** Where it serves its API: {@code http://host:port}. */
    public String url() {
        return url;
    }

    private static Map<String, String> labels(JsonNode labels) {
        Map<String, String> found = new TreeMap<>();
        labels.properties()
                .forEach(each -> found.put(each.getKey(), each.getValue().asText()));
        return Map.copyOf(found);
    }

    /** Prometheus writes numbers as strings, the infinite as {@code +Inf}. */
    private static double number(JsonNode value) {
        return Double.parseDouble(value.asText().replace("Inf", "Infinity"));
    }

    private static String encode(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    @Override
    public void close() {
        process.close();
    }
}
