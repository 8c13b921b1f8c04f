package dev.mpg.operator;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ListOptionsBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.IOException;
import java.util.List;

/** Asks the API server for our resources once, so that what is wrong is said at the start, and in one line. */
public final class ApiServerProbe {
    private static final int PATIENCE_MILLIS = 5_000;
    private static final int NOT_FOUND = 404;
    private static final int UNAUTHORIZED = 401;
    private static final int FORBIDDEN = 403;

    private ApiServerProbe() {}

    /**
     * Checks that this API server is there, knows our resources and lets us see them.
     *
     * @throws IOException when it isn't so; the message says what to do
     */
    public static void check(Config config) throws IOException {
        Config once = new ConfigBuilder(config)
                .withRequestRetryBackoffLimit(0)
                .withConnectionTimeout(PATIENCE_MILLIS)
                .withRequestTimeout(PATIENCE_MILLIS)
                .build();
        try (KubernetesClient client =
                new KubernetesClientBuilder().withConfig(once).build()) {
            for (Class<? extends HasMetadata> kind : List.of(Proxy.class, Scheduler.class)) {
                client.resources(kind)
                        .inAnyNamespace()
                        .list(new ListOptionsBuilder().withLimit(1L).build());
            }
        } catch (KubernetesClientException e) {
            throw new IOException(explain(config.getMasterUrl(), e), e);
        }
    }

    private static String explain(String url, KubernetesClientException e) {
        return switch (e.getCode()) {
            case NOT_FOUND ->
                "the API server at " + url + " does not know our resources: kubectl apply --server-side -f crds/";
            case UNAUTHORIZED ->
                "the API server at " + url + " does not know who we are: check the credentials in KUBECONFIG";
            case FORBIDDEN ->
                "the API server at " + url + " does not let us see our resources: "
                        + (e.getStatus() == null
                                ? e.getMessage()
                                : e.getStatus().getMessage())
                        + "; grant get, list and watch on proxies and schedulers of mpg.dev";
            default ->
                "cannot use the API server at " + url + ": " + rootCause(e)
                        + "; check that it runs, and that KUBECONFIG names the right one";
        };
    }

    private static String rootCause(Throwable e) {
        Throwable cause = e;
        while (cause.getCause() != null) {
            cause = cause.getCause();
        }
        return cause.getMessage() == null ? cause.getClass().getSimpleName() : cause.getMessage();
    }
}
