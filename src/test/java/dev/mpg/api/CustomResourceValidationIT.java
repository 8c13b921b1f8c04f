package dev.mpg.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import dev.mpg.testing.KubernetesApi;
import dev.mpg.testing.KubernetesApi.Output;
import dev.mpg.testing.Specs;
import io.fabric8.kubernetes.api.model.KubernetesResourceList;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.NonNamespaceOperation;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/**
 * What a real API server accepts, refuses and shows of our resources.
 *
 * <p>Cases are files. {@code valid-*.yaml} is accepted. {@code invalid-*.yaml} is refused with every text that the file's
 * first lines expect: {@code # expect: …}. {@code update-*.yaml} holds two documents: the first is accepted, and replacing
 * it by the second is refused with the expected texts, or accepted where none are given.
 *
 * <p>Nothing stays: other tests' operators watch the same API server, and would run what the bounds allow.
 */
class CustomResourceValidationIT {
    private static final Path CASES = Path.of("src", "test", "resources", "api");
    private static final String EXPECT = "# expect: ";

    private static final KubernetesApi API = KubernetesApi.shared();

    private static Set<String> before = Set.of();

    private String namespace = "";

    @BeforeAll
    static void applyCrds() {
        API.applyCrds();
        before = resources();
    }

    @BeforeEach
    void newNamespace() {
        namespace = API.newNamespace();
    }

    @AfterEach
    void deleteEverything() {
        client().delete();
    }

    @AfterAll
    static void nothingStays() {
        assertThat(resources()).isEqualTo(before);
    }

    /** All Proxies and Schedulers there are. */
    private static Set<String> resources() {
        return API.kubectl(
                        "get", "proxies.mpg.dev,schedulers.mpg.dev", "--all-namespaces", "--no-headers", "-o", "name")
                .ok()
                .lines()
                .collect(Collectors.toSet());
    }

    static Stream<String> valid() throws IOException {
        return cases("valid-");
    }

    static Stream<String> invalid() throws IOException {
        return cases("invalid-");
    }

    static Stream<String> updates() throws IOException {
        return cases("update-");
    }

    private static Stream<String> cases(String prefix) throws IOException {
        try (Stream<Path> files = Files.list(CASES)) {
            return files
                    .map(file -> file.getFileName().toString())
                    .filter(name -> name.startsWith(prefix))
                    .sorted()
                    .toList()
                    .stream();
        }
    }

    @Test
    void everyFileIsACase() throws IOException {
        assertThat(cases("")).allSatisfy(name -> assertThat(name).matches("(valid|invalid|update)-[-a-z0-9]+\\.yaml"));
    }

    @ParameterizedTest
    @MethodSource
    void valid(String file) {
        assertThat(kubectl(
                                namespace,
                                "create",
                                "--dry-run=server",
                                "--validate=strict",
                                "-f",
                                CASES.resolve(file).toString())
                        .ok())
                .contains("created (server dry run)");
    }

    @ParameterizedTest
    @MethodSource
    void invalid(String file) throws IOException {
        List<String> expected = expected(Files.readString(CASES.resolve(file)));
        assertThat(expected).as("%s says what the API server should say", file).isNotEmpty();
        assertRefused(
                kubectl(
                        namespace,
                        "create",
                        "--dry-run=server",
                        "--validate=strict",
                        "-f",
                        CASES.resolve(file).toString()),
                expected);
    }

    @ParameterizedTest
    @MethodSource
    void updates(String file, @TempDir Path folder) throws IOException {
        String text = Files.readString(CASES.resolve(file));
        List<String> documents = List.of(text.split("(?m)^---\n", -1));
        assertThat(documents).hasSize(2);
        Path before = Files.writeString(folder.resolve("before.yaml"), documents.get(0));
        Path after = Files.writeString(folder.resolve("after.yaml"), documents.get(1));

        kubectl(namespace, "create", "--validate=strict", "-f", before.toString())
                .ok();
        Output replaced = kubectl(namespace, "replace", "--validate=strict", "-f", after.toString());

        List<String> expected = expected(text);
        if (expected.isEmpty()) {
            replaced.ok();
        } else {
            assertRefused(replaced, expected);
        }
    }

    private static List<String> expected(String text) {
        return text.lines()
                .takeWhile(line -> line.startsWith(EXPECT))
                .map(line -> line.substring(EXPECT.length()))
                .toList();
    }

    private static void assertRefused(Output output, List<String> expected) {
        assertThat(output.exitCode()).as(output.text()).isNotZero();
        assertThat(output.text()).contains(expected);
    }

    @Test
    void aFullProxyIsAcceptedAndKeepsItsFieldOwners() {
        Proxy full =
                client().resource(proxy("full", routes(5000, 5000, 1), 5000)).create();

        assertThat(full.getMetadata().getManagedFields())
                .as("the API server drops them from an object that would be too large for etcd with them")
                .isNotEmpty();
    }

    @Test
    void aProxyFullOfBackendRefsIsAccepted() {
        Proxy full =
                client().resource(proxy("full", routes(2000, 100, 16), 100)).create();

        assertThat(full.getSpec().routes()).hasSize(2000);
    }

    @Test
    void routesAndBackendsHaveALongestLength() {
        assertRefused(
                proxy("routes", routes(5001, 1, 1), 1), "spec.routes: Too many: 5001: must have at most 5000 items");
        assertRefused(
                proxy("backends", routes(0, 5001, 1), 5001),
                "spec.backends: Too many: 5001: must have at most 5000 items");
    }

    @Test
    void theCulpritIsNamedInALargeProxyToo() {
        List<RouteSpec> routes = new ArrayList<>(routes(4999, 1000, 1));
        routes.add(route("last", List.of("backend-0", "nobody")));

        assertRefused(proxy("large", routes, 1000), "route last sends to nobody, which is not in spec.backends");
    }

    private void assertRefused(Proxy proxy, String expected) {
        assertThatExceptionOfType(KubernetesClientException.class)
                .isThrownBy(() -> client().resource(proxy).create())
                .withMessageContaining(expected);
    }

    private static Proxy proxy(String name, List<RouteSpec> routes, int backends) {
        Proxy proxy = new Proxy();
        proxy.setMetadata(new ObjectMetaBuilder().withName(name).build());
        proxy.setSpec(Specs.proxy(
                null,
                null,
                routes,
                IntStream.range(0, backends)
                        .mapToObj(i -> Specs.backend("backend-" + i, "10.0.0.7", 8080))
                        .toList()));
        return proxy;
    }

    private static List<RouteSpec> routes(int count, int backends, int refsPerRoute) {
        return IntStream.range(0, count)
                .mapToObj(i -> route(
                        "route-" + i,
                        IntStream.range(i, i + refsPerRoute)
                                .mapToObj(ref -> "backend-" + ref % backends)
                                .toList()))
                .toList();
    }

    private static RouteSpec route(String name, List<String> backends) {
        return Specs.route(
                name,
                List.of(name + ".example.com"),
                List.of(Specs.prefix("/")),
                backends.stream()
                        .map(backend -> new RouteSpec.BackendRef(backend, 1))
                        .toList(),
                null);
    }

    private NonNamespaceOperation<Proxy, KubernetesResourceList<Proxy>, Resource<Proxy>> client() {
        return API.client().resources(Proxy.class).inNamespace(namespace);
    }

    private static Output kubectl(String namespace, String... arguments) {
        return API.kubectl(Stream.concat(Stream.of("--namespace", namespace), Stream.of(arguments))
                .toArray(String[]::new));
    }
}
