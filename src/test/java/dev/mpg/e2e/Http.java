package dev.mpg.e2e;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Duration;

/** Plain requests. A peer that isn't there is status 0. */
final class Http {
    private static final Duration PATIENCE = Duration.ofSeconds(10);
    private static final HttpClient CLIENT = HttpClient.newBuilder()
            .version(HttpClient.Version.HTTP_1_1)
            .connectTimeout(PATIENCE)
            .build();

    private Http() {}

    static int status(String url) {
        try {
            return send(HttpRequest.newBuilder(URI.create(url))).statusCode();
        } catch (UncheckedIOException e) {
            return 0;
        }
    }

    static String get(String url) {
        HttpResponse<String> response = send(HttpRequest.newBuilder(URI.create(url)));
        if (response.statusCode() != 200) {
            throw new IllegalStateException(url + " answered " + response.statusCode() + ": " + response.body());
        }
        return response.body();
    }

    /** {@code <status> <body>} of a request for {@code host} to the gateway at this address. */
    static String through(String gateway, String host, String path) {
        HttpResponse<String> response = send(
                HttpRequest.newBuilder(URI.create("http://" + gateway + path)).header("Host", host));
        return response.statusCode() + " " + response.body().strip();
    }

    /** The status of such a request; 0 when there is no answer. */
    static int statusThrough(String gateway, String host, String path, String... headers) {
        HttpRequest.Builder request =
                HttpRequest.newBuilder(URI.create("http://" + gateway + path)).header("Host", host);
        try {
            return send(headers.length == 0 ? request : request.headers(headers))
                    .statusCode();
        } catch (UncheckedIOException e) {
            return 0;
        }
    }

    private static HttpResponse<String> send(HttpRequest.Builder request) {
        try {
            return CLIENT.send(request.timeout(PATIENCE).build(), HttpResponse.BodyHandlers.ofString());
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException(e);
        }
    }
}
