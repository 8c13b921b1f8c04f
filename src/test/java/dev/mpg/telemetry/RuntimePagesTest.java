package dev.mpg.telemetry;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import jdk.jfr.consumer.RecordedEvent;
import jdk.jfr.consumer.RecordingFile;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class RuntimePagesTest {
    private final HttpClient client = HttpClient.newHttpClient();

    @TempDir
    private Path folder;

    private HttpEndpoints endpoints;

    @BeforeEach
    void start() throws IOException {
        endpoints = HttpEndpoints.start(new InetSocketAddress(InetAddress.getLoopbackAddress(), 0));
        RuntimePages.on(endpoints);
    }

    @AfterEach
    void stop() {
        endpoints.close();
        client.close();
    }

    private CompletableFuture<HttpResponse<byte[]>> ask(String page) {
        URI uri = URI.create("http://127.0.0.1:" + endpoints.address().getPort() + page);
        return client.sendAsync(HttpRequest.newBuilder(uri).build(), HttpResponse.BodyHandlers.ofByteArray());
    }

    private String text(String page) {
        HttpResponse<byte[]> answer = ask(page).join();
        assertThat(answer.statusCode()).isEqualTo(200);
        return new String(answer.body(), java.nio.charset.StandardCharsets.UTF_8);
    }

    @Test
    void threadsAreShownAlsoVirtualOnes() throws InterruptedException {
        CountDownLatch end = new CountDownLatch(1);
        Thread waits = Thread.ofVirtual().name("waits-for-the-test").start(() -> {
            try {
                end.await();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            }
        });
        assertThat(text("/debug/threads")).contains("waits-for-the-test", "main");
        end.countDown();
        waits.join();
    }

    @Test
    void heapIsShownByClass() {
        assertThat(text("/debug/heap").lines().toList())
                .hasSizeLessThanOrEqualTo(200)
                .anyMatch(line -> line.contains("java.lang.String"));
    }

    @Test
    void aRecordingCanBeReadAndTwoAtATimeCannotBeHad() throws IOException {
        CompletableFuture<HttpResponse<byte[]>> one = ask("/debug/jfr?seconds=1");
        CompletableFuture<HttpResponse<byte[]>> two = ask("/debug/jfr?seconds=1");
        List<HttpResponse<byte[]>> answers = List.of(one.join(), two.join());
        assertThat(answers).extracting(HttpResponse::statusCode).containsExactlyInAnyOrder(200, 503);
        byte[] recording = answers.stream()
                .filter(answer -> answer.statusCode() == 200)
                .findFirst()
                .orElseThrow()
                .body();
        List<RecordedEvent> events =
                RecordingFile.readAllEvents(Files.write(folder.resolve("recording.jfr"), recording));
        assertThat(events).isNotEmpty();
    }

    @Test
    void howLongIsBounded() {
        for (String seconds : List.of("0", "51", "x", "")) {
            assertThat(ask("/debug/jfr?seconds=" + seconds).join().statusCode())
                    .as(seconds)
                    .isEqualTo(400);
        }
    }
}
