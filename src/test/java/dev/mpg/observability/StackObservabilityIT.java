package dev.mpg.observability;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.sun.net.httpserver.HttpServer;
import dev.mpg.testing.KubernetesApi;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.URLEncoder;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code hack/observability}: what it scrapes of a stack, and that it leaves nothing. */
class StackObservabilityIT {
    private static final Duration SEEN = Duration.ofSeconds(60);
    private static final Pattern PROMETHEUS = Pattern.compile("Prometheus: (http://[0-9.:]+)");
    private static final KubernetesApi API = KubernetesApi.shared();
    private static final String SCHEDULER = "observed";

    @TempDir
    private Path folder;

    private final HttpClient http = HttpClient.newHttpClient();
    private HttpServer metrics;
    private Path stack;

    @BeforeEach
    void haveAStack() throws IOException {
        metrics = HttpServer.create(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0), 0);
        metrics.createContext("/metrics", exchange -> {
            exchange.getResponseHeaders().set("Content-Type", "text/plain; version=0.0.4; charset=utf-8");
            exchange.sendResponseHeaders(200, -1);
            exchange.close();
        });
        metrics.start();
        stack = Files.createDirectory(folder.toRealPath().resolve("stack"));
        API.applyCrds();
        Path scheduler = Files.writeString(
                folder.resolve("scheduler.yaml"),
                "{apiVersion: mpg.dev/v1alpha1, kind: Scheduler, metadata: {name: " + SCHEDULER + "}, spec: {}}");
        API.kubectl("apply", "--server-side", "-f", scheduler.toString()).ok();
    }

    @AfterEach
    void leaveNothing() throws IOException, InterruptedException {
        run("down");
        metrics.stop(0);
        API.kubectl("delete", "scheduler", SCHEDULER).ok();
    }

    @Test
    void scrapesTheOperatorAndTheInstancesOfEveryScheduler() throws IOException, InterruptedException {
        String address = "127.0.0.1:" + metrics.getAddress().getPort();
        Files.copy(API.kubeconfig(), stack.resolve("kubeconfig"));
        Files.writeString(stack.resolve("operator-port"), metrics.getAddress().getPort() + "\n");
        String said = run("up");
        Matcher prometheus = PROMETHEUS.matcher(said);
        assertThat(prometheus.find()).as(said).isTrue();
        String url = prometheus.group(1);
        await("the operator").atMost(SEEN).until(() -> isUp(url, "mpg-operator", "operator"));
        assertThat(get(url + "/api/v1/rules").findValuesAsText("name"))
                .containsAll(AlertRule.all().stream().map(AlertRule::name).toList());

        listInstance(
                "{\"name\": \"observed-0\", \"ready\": true, \"proxies\": 0, \"debugAddress\": \"" + address + "\"}");
        await("the instance").atMost(SEEN).until(() -> isUp(url, "mpg-proxy", "observed-0"));
        listInstance("");
        await("the instance is forgotten").atMost(SEEN).until(() -> !isUp(url, "mpg-proxy", "observed-0"));
        assertThat(isUp(url, "mpg-operator", "operator")).isTrue();

        assertThat(run("status")).contains(url, "OTLP at 127.0.0.1:");
        Files.delete(stack.resolve("kubeconfig"));
        Files.delete(stack.resolve("operator-port"));
        run("down");
        assertThat(stack).doesNotExist();
    }

    private static void listInstance(String instance) {
        API.kubectl(
                        "patch",
                        "scheduler",
                        SCHEDULER,
                        "--subresource=status",
                        "--type=merge",
                        "--patch={\"status\": {\"instances\": [" + instance + "]}}")
                .ok();
    }

    private boolean isUp(String prometheus, String job, String instance) throws IOException, InterruptedException {
        String query = "up{job=\"" + job + "\", instance=\"" + instance + "\"} == 1";
        return !get(prometheus + "/api/v1/query?query=" + URLEncoder.encode(query, UTF_8))
                .path("data")
                .path("result")
                .isEmpty();
    }

    private JsonNode get(String url) throws IOException, InterruptedException {
        return ServerProcess.body(
                http.send(HttpRequest.newBuilder(URI.create(url)).build(), HttpResponse.BodyHandlers.ofString()));
    }

    /** Runs the script, and returns what it says. To a file, because what it leaves running could keep a pipe open. */
    private String run(String command) throws IOException, InterruptedException {
        Path said = folder.resolve("said");
        ProcessBuilder builder = new ProcessBuilder("hack/observability", command)
                .redirectErrorStream(true)
                .redirectOutput(said.toFile());
        builder.environment().put("MPG_STACK", stack.toString());
        int exitCode = builder.start().waitFor();
        assertThat(exitCode).as(Files.readString(said)).isZero();
        return Files.readString(said);
    }
}
