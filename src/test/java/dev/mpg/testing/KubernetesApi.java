package dev.mpg.testing;

import io.fabric8.kubernetes.api.model.Namespace;
import io.fabric8.kubernetes.api.model.NamespaceBuilder;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.stream.Stream;

/**
 * A real etcd and kube-apiserver, shared by all tests of this JVM: started by the first that asks, ended with the JVM. No
 * controllers run, so nothing makes pods, collects garbage or finishes the deletion of a namespace. Safe for use by many
 * threads.
 */
public final class KubernetesApi {
    /** One folder of state per JVM, named by its process id. */
    private static final Path STACKS = Path.of("target", "kubernetes-api").toAbsolutePath();

    private static final Path CRDS = Path.of("crds").toAbsolutePath();

    private static final class Shared {
        static final KubernetesApi API = start();
    }

    private final Path kubeconfig;
    private final Path kubectl;
    private final KubernetesClient client;
    private final AtomicInteger namespaces = new AtomicInteger();

    private KubernetesApi(Path kubeconfig, Path kubectl) {
        this.kubeconfig = kubeconfig;
        this.kubectl = kubectl;
        this.client = new KubernetesClientBuilder()
                .withConfig(Config.fromKubeconfig(kubeconfig.toFile()))
                .build();
    }

    /** Takes about 3 seconds the first time. Builds the programs, in minutes, when this machine doesn't have them yet. */
    public static KubernetesApi shared() {
        return Shared.API;
    }

    /** The administrator's client. Not to be closed. */
    public KubernetesClient client() {
        return client;
    }

    /** A file that lets other programs in as the administrator. */
    public Path kubeconfig() {
        return kubeconfig;
    }

    /** The program, of the same version as the API server. */
    public Path kubectl() {
        return kubectl;
    }

    /** What a program said, standard output and error together, and how it ended. */
    public record Output(int exitCode, String text) {
        /** The text of a program that succeeded. */
        public String ok() {
            if (exitCode != 0) {
                throw new AssertionError("it failed with " + exitCode + ": " + text);
            }
            return text;
        }
    }

    /** Runs kubectl as the administrator. */
    public Output kubectl(String... arguments) {
        List<String> command = new ArrayList<>(List.of(kubectl.toString(), "--kubeconfig", kubeconfig.toString()));
        command.addAll(List.of(arguments));
        return run(new ProcessBuilder(command));
    }

    /** Makes the API server know our resources, as the files in {@code crds/} say. May be called any number of times. */
    public void applyCrds() {
        kubectl("apply", "--server-side", "--force-conflicts", "-f", CRDS.toString())
                .ok();
        kubectl("wait", "--for=condition=Established", "--timeout=30s", "-f", CRDS.toString())
                .ok();
    }

    /** A namespace that nothing else uses. */
    public String newNamespace() {
        String name = "test-" + namespaces.incrementAndGet();
        Namespace namespace = new NamespaceBuilder()
                .withNewMetadata()
                .withName(name)
                .endMetadata()
                .build();
        client.resource(namespace).create();
        return name;
    }

    private static KubernetesApi start() {
        endOrphans();
        Path stack = STACKS.resolve(Long.toString(ProcessHandle.current().pid()));
        Runtime.getRuntime().addShutdownHook(new Thread(() -> controlPlane("down", stack), "end the API server"));
        controlPlane("up", stack);
        String programs =
                run(new ProcessBuilder("hack/programs", "kubectl")).ok().strip();
        return new KubernetesApi(
                stack.resolve("kubeconfig"), Path.of(programs.lines().toList().getLast(), "kubectl"));
    }

    /** Ends what was left by JVMs that were killed. */
    private static void endOrphans() {
        try {
            Files.createDirectories(STACKS);
            try (Stream<Path> stacks = Files.list(STACKS)) {
                stacks.filter(stack -> ProcessHandle.of(
                                        Long.parseLong(stack.getFileName().toString()))
                                .isEmpty())
                        .forEach(stack -> controlPlane("down", stack));
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private static void controlPlane(String command, Path stack) {
        ProcessBuilder process = new ProcessBuilder("hack/control-plane", command);
        process.environment().put("MPG_STACK", stack.toString());
        run(process).ok();
    }

    private static Output run(ProcessBuilder builder) {
        try {
            // To a file, because what the script leaves running in the background could keep a pipe open.
            Path file = Files.createTempFile("output", ".txt");
            try {
                int exitCode = builder.redirectErrorStream(true)
                        .redirectOutput(file.toFile())
                        .start()
                        .waitFor();
                return new Output(exitCode, Files.readString(file, StandardCharsets.UTF_8));
            } finally {
                Files.delete(file);
            }
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for " + builder.command(), e);
        }
    }
}
