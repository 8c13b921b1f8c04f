package dev.mpg.operator;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.master.Instance;
import dev.mpg.master.Master;
import dev.mpg.telemetry.BadRequestException;
import dev.mpg.telemetry.HttpAnswer;
import dev.mpg.telemetry.HttpPage;
import dev.mpg.telemetry.HttpRequest;
import dev.mpg.telemetry.RecentSpan;
import dev.mpg.telemetry.RecentTrace;
import dev.mpg.telemetry.Tracing;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpResponse;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CompletionException;

/** {@code /debug/trace?id=}: what this process and the connected proxy instances remember of a trace. Thread-safe. */
final class TracePage implements HttpPage {
    private static final Duration PATIENCE = Duration.ofSeconds(2);
    private static final ObjectMapper JSON = new ObjectMapper();

    private final Tracing tracing;
    private final Master master;
    private final HttpClient http =
            HttpClient.newBuilder().connectTimeout(PATIENCE).build();

    TracePage(Tracing tracing, Master master) {
        this.tracing = tracing;
        this.master = master;
    }

    @Override
    public HttpAnswer answer(HttpRequest request) throws BadRequestException {
        String id = Tracing.traceId(request);
        List<Instance> instances = master.instances().stream()
                .filter(instance ->
                        instance.connected() && !instance.debugAddress().isEmpty())
                .toList();
        List<CompletableFuture<RecentTrace>> asked =
                instances.stream().map(instance -> ask(instance, id)).toList();
        List<RecentSpan> spans = new ArrayList<>(tracing.remembered(id));
        List<String> unreachable = new ArrayList<>();
        for (CompletableFuture<RecentTrace> answer : asked) {
            RecentTrace trace = answer.join();
            spans.addAll(trace.spans());
            unreachable.addAll(trace.unreachable());
        }
        return HttpAnswer.json(200, new RecentTrace(spans, unreachable));
    }

    private CompletableFuture<RecentTrace> ask(Instance instance, String id) {
        java.net.http.HttpRequest request = java.net.http.HttpRequest.newBuilder(
                        URI.create("http://" + instance.debugAddress() + "/debug/trace?id=" + id))
                .timeout(PATIENCE)
                .build();
        return http.sendAsync(request, HttpResponse.BodyHandlers.ofByteArray())
                .thenApply(response -> read(response.body()))
                .exceptionally(e -> new RecentTrace(List.of(), List.of(instance.name() + ": " + e)));
    }

    private static RecentTrace read(byte[] body) {
        try {
            return JSON.readValue(body, RecentTrace.class);
        } catch (IOException e) {
            throw new CompletionException(e);
        }
    }
}
