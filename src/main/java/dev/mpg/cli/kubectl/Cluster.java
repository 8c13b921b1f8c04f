package dev.mpg.cli.kubectl;

import dev.mpg.api.Proxy;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.net.ConnectException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import java.util.Optional;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** Which API server, as whom, and which namespace: the options of every command, as kubectl has them. */
final class Cluster {
    /** Whose change it is, in {@code metadata.managedFields}. */
    static final String FIELD_MANAGER = "kubectl-mpg";

    private static final int NOT_FOUND = 404;
    /** A person waits for the answer. */
    private static final int RETRIES = 2;
    /** An API server that is there and doesn't answer is as good as none. */
    private static final int REQUEST_MILLIS = 5_000;

    @Option(
            names = {"-n", "--namespace"},
            paramLabel = "NAMESPACE",
            description = "The Proxy's namespace (default: the context's).")
    private @Nullable String namespace;

    @Option(names = "--context", paramLabel = "NAME", description = "The kubeconfig's context (default: its current).")
    private @Nullable String context;

    @Option(
            names = "--kubeconfig",
            paramLabel = "FILE",
            description = "The kubeconfig (default: KUBECONFIG, then ~/.kube/config, then the pod that it runs in).")
    private @Nullable Path kubeconfig;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks at the option, not at the field
    private boolean help;

    /** A client, to be closed. */
    KubernetesClient connect() {
        Config config = config();
        config.setRequestRetryBackoffLimit(RETRIES);
        config.setRequestTimeout(REQUEST_MILLIS);
        return new KubernetesClientBuilder().withConfig(config).build();
    }

    /** The namespace that is meant. */
    String namespace(KubernetesClient client) {
        return Optional.ofNullable(namespace)
                .or(() -> Optional.ofNullable(client.getNamespace()))
                .orElse("default");
    }

    private Config config() {
        if (kubeconfig != null && !Files.isReadable(kubeconfig)) {
            throw new CommandException("--kubeconfig: cannot read " + kubeconfig);
        }
        try {
            Config config = kubeconfig == null
                    ? Config.autoConfigure(context)
                    : Config.fromKubeconfig(context, kubeconfig.toFile());
            if (context != null
                    && (config.getCurrentContext() == null
                            || !context.equals(config.getCurrentContext().getName()))) {
                throw new CommandException("the kubeconfig has no context '" + context
                        + "': kubectl config get-contexts lists those that it has");
            }
            boolean inPod = System.getenv().containsKey("KUBERNETES_SERVICE_HOST");
            if (config.getContexts().isEmpty() && !inPod) {
                throw new CommandException(
                        "there is no kubeconfig, or it has no context: set KUBECONFIG or give" + " --kubeconfig");
            }
            return config;
        } catch (KubernetesClientException e) {
            throw new CommandException("cannot use the kubeconfig: " + e.getMessage(), e);
        }
    }

    /** A Proxy's address at the API server, whether it exists or not. */
    Resource<Proxy> at(KubernetesClient client, String name) {
        return client.resources(Proxy.class).inNamespace(namespace(client)).withName(name);
    }

    /** A Proxy that should exist. */
    Proxy proxy(KubernetesClient client, String name) {
        Proxy proxy = at(client, name).get();
        if (proxy == null) {
            throw missing(client, name);
        }
        return proxy;
    }

    CommandException missing(KubernetesClient client, String name) {
        return new CommandException("there is no Proxy " + namespace(client) + "/" + name
                + ": kubectl get proxies -A lists those that there are"
                + " (an unknown resource means that crds/ has not been applied)");
    }

    /** What an API server's refusal, or its silence, means to a person. */
    static String explain(KubernetesClientException e) {
        if (e.getCode() == NOT_FOUND
                && Optional.ofNullable(e.getFullResourceName()).orElse("").contains("mpg.dev")) {
            return "this API server does not know Proxy resources: kubectl apply --server-side -f crds/";
        }
        if (e.getStatus() != null && e.getStatus().getMessage() != null) {
            return e.getStatus().getMessage();
        }
        List<Throwable> causes = Stream.<Throwable>iterate(e.getCause(), Objects::nonNull, Throwable::getCause)
                .toList();
        boolean nobody = causes.stream().anyMatch(ConnectException.class::isInstance);
        String why = causes.stream()
                .flatMap(cause -> Optional.ofNullable(cause.getMessage()).stream())
                .reduce((outer, inner) -> inner)
                .orElse(String.valueOf(e.getMessage()));
        return "cannot reach the API server: " + (nobody ? "nobody answers at its address" : why)
                + "; kubectl cluster-info shows where it should be";
    }
}
