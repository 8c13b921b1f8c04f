package dev.mpg.operator.endpoints;

import static dev.mpg.operator.endpoints.Objects.endpoint;
import static dev.mpg.operator.endpoints.Objects.endpointPort;
import static dev.mpg.operator.endpoints.Objects.servicePort;
import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.compile.Compilation;
import dev.mpg.compile.Compiler;
import dev.mpg.config.Backend;
import dev.mpg.config.Backend.ServiceRef;
import dev.mpg.config.Listener;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Origin;
import dev.mpg.config.Route;
import dev.mpg.config.Route.BackendRef;
import dev.mpg.config.Route.PathMatch;
import dev.mpg.config.SecretRef;
import dev.mpg.config.TrafficConfig;
import dev.mpg.operator.endpoints.Finding.Reason;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.testing.KubernetesApi;
import dev.mpg.testing.SelfSigned;
import io.envoyproxy.envoy.config.core.v3.SocketAddress;
import io.envoyproxy.envoy.config.endpoint.v3.ClusterLoadAssignment;
import io.fabric8.kubernetes.api.model.discovery.v1.Endpoint;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSlice;
import io.fabric8.kubernetes.api.model.discovery.v1.EndpointSliceBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.api.model.rbac.Role;
import io.fabric8.kubernetes.api.model.rbac.RoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.RoleBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicBoolean;
import java.util.function.UnaryOperator;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Services and EndpointSlices of a real API server. */
class EndpointWatchIT {
    private static final String SHOP = "edge.shop";
    private static final Instant NOW = Instant.parse("2026-01-02T03:04:05Z");
    private static final Origin ORIGIN = new Origin(new ObjectRef("Proxy", "edge", "shop"), "spec");

    @TempDir
    private Path folder;

    private final KubernetesApi api = KubernetesApi.shared();
    private final List<AutoCloseable> opened = new ArrayList<>();
    private final MeterRegistry metrics = new SimpleMeterRegistry();
    /** What was published, in order, by cluster id. */
    private final Map<String, List<Snapshot>> published = new ConcurrentHashMap<>();
    /** Whose findings are new, in order. */
    private final List<String> told = new CopyOnWriteArrayList<>();

    private final List<String> requests = new CopyOnWriteArrayList<>();
    private String namespace;
    private EndpointWatch watch;

    @BeforeEach
    void open() {
        namespace = api.newNamespace();
        watch = watch(client(new ConfigBuilder(api.client().getConfiguration())), metrics);
    }

    @AfterEach
    void close() throws Exception {
        for (AutoCloseable each : opened.reversed()) {
            each.close();
        }
    }

    /** One whose requests are noted. */
    private KubernetesClient client(ConfigBuilder config) {
        KubernetesClient client = new KubernetesClientBuilder()
                .withConfig(config.build())
                .withHttpClientBuilderConsumer(builder -> builder.addOrReplaceInterceptor("note", new Interceptor() {
                    @Override
                    public void before(BasicBuilder request, HttpRequest sent, RequestTags tags) {
                        requests.add(sent.uri().getPath());
                    }
                }))
                .build();
        opened.add(client);
        return client;
    }

    private EndpointWatch watch(KubernetesClient client, MeterRegistry registry) {
        EndpointWatch opening = new EndpointWatch(client, this::publish, told::add, registry);
        opened.add(opening);
        return opening;
    }

    private void publish(String clusterId, Snapshot data, boolean partial) {
        published.computeIfAbsent(clusterId, id -> new CopyOnWriteArrayList<>()).add(data);
    }

    @Test
    void nothing_is_watched_before_a_config_refers_to_a_service() {
        assertThat(watch.knows(SHOP, namespace, config())).isTrue();
        watch.follow(SHOP, namespace, List.of(config()), false);
        assertThat(requests).isEmpty();
        assertThat(watch.references(SHOP)).isEqualTo(References.NONE);

        assertThat(watch.knows(SHOP, namespace, config(service("checkout", 80))))
                .isTrue();
        assertThat(requests).contains("/api/v1/services", "/apis/discovery.k8s.io/v1/endpointslices");
        assertThat(published).isEmpty();
    }

    @Test
    void endpoints_are_published_as_they_come_and_go() {
        Snapshot config = config(service("checkout", 80));
        follow(config);
        assertThat(endpoints()).isEqualTo(Map.of(name("checkout", 80), List.of()));
        assertThat(reasons()).containsExactly(Reason.ServiceNotFound);

        createService("checkout");
        awaitFindings(new Finding(Reason.NoReadyEndpoints, name("checkout", 80) + " has no endpoint"));

        create(slice("checkout", "checkout-a", "10.0.0.1"));
        awaitFindings();
        assertThat(endpoints()).isEqualTo(Map.of(name("checkout", 80), List.of("10.0.0.1:8080")));

        create(slice("checkout", "checkout-b", "10.0.0.3", "10.0.0.2"));
        awaitEndpoints("checkout", "10.0.0.1:8080", "10.0.0.2:8080", "10.0.0.3:8080");

        edit(
                "checkout-a",
                slice -> new EndpointSliceBuilder(slice)
                        .withEndpoints(endpoint("10.0.0.1", false, false, false))
                        .build());
        awaitEndpoints("checkout", "10.0.0.2:8080", "10.0.0.3:8080");

        edit(
                "checkout-b",
                slice ->
                        new EndpointSliceBuilder(slice).withEndpoints(List.of()).build());
        awaitEndpoints("checkout");

        delete("checkout-b");
        awaitFindings(
                new Finding(Reason.NoReadyEndpoints, name("checkout", 80) + " has no ready endpoint (1 is not ready)"));

        api.client().services().inNamespace(namespace).withName("checkout").delete();
        awaitFindings(new Finding(Reason.ServiceNotFound, name("checkout", 80) + " does not exist"));
    }

    @Test
    void a_slice_that_goes_over_to_another_service_changes_both() {
        createService("checkout");
        createService("pay");
        create(slice("checkout", "a", "10.0.0.1"));
        follow(config(service("checkout", 80), service("pay", 80)));
        awaitEndpoints("checkout", "10.0.0.1:8080");

        edit(
                "a",
                slice -> new EndpointSliceBuilder(slice)
                        .editMetadata()
                        .addToLabels("kubernetes.io/service-name", "pay")
                        .endMetadata()
                        .build());

        awaitEndpoints("pay", "10.0.0.1:8080");
        awaitEndpoints("checkout");
    }

    @Test
    void only_another_finding_is_told_and_only_to_whom_it_concerns() {
        createService("checkout");
        createService("pay");
        create(slice("checkout", "checkout", "10.0.0.1"));
        create(slice("pay", "pay", "10.0.0.1"));
        follow(config(service("checkout", 80)));
        watch.follow("edge.till", namespace, List.of(config(service("pay", 80))), false);
        assertThat(reasons()).isEmpty();
        assertThat(watch.references("edge.till")).isEqualTo(new References(1, 0, List.of()));

        create(slice("checkout", "more", "10.0.0.2"));
        awaitEndpoints("checkout", "10.0.0.1:8080", "10.0.0.2:8080");
        assertThat(told).doesNotContain(SHOP);

        delete("pay");
        await().until(() -> told.contains("edge.till"));
        assertThat(told).doesNotContain(SHOP);
    }

    @Test
    void a_burst_is_published_no_more_often_than_every_100_ms() {
        createService("checkout");
        create(slice("checkout", "a", "10.0.0.1"));
        follow(config(service("checkout", 80)));
        int before = published.get(SHOP).size();
        Instant start = Instant.now();

        IntStream.rangeClosed(1, 100)
                .forEach(i -> edit(
                        "a",
                        slice -> new EndpointSliceBuilder(slice)
                                .withEndpoints(endpoint("10.0.1." + i))
                                .build()));

        awaitEndpoints("checkout", "10.0.1.100:8080");
        assertThat(published.get(SHOP).size() - before)
                .isLessThanOrEqualTo(
                        (int) Duration.between(start, Instant.now()).dividedBy(Duration.ofMillis(100)) + 1);
    }

    @Test
    void what_is_published_follows_what_configs_refer_to() {
        createService("checkout");
        create(slice("checkout", "a", "10.0.0.1"));
        Snapshot old = config(service("checkout", 80));
        Snapshot next = config(service("checkout", 80), service("pay", 80));
        follow(old);
        follow(old);
        assertThat(published.get(SHOP)).as("the same is published once").hasSize(1);

        watch.follow(SHOP, namespace, List.of(next, old), false);
        assertThat(endpoints())
                .isEqualTo(Map.of(name("checkout", 80), List.of("10.0.0.1:8080"), name("pay", 80), List.of()));
        assertThat(sets("ready")).isEqualTo(1);
        assertThat(sets("missing")).isEqualTo(1);
        assertThat(metrics.get("mpg.endpoint.changes").counter().count()).isEqualTo(2);

        watch.follow(SHOP, namespace, List.of(config()), false);
        assertThat(watch.references(SHOP)).isEqualTo(References.NONE);
        assertThat(sets("ready")).isZero();
    }

    @Test
    void who_is_forgotten_gets_nothing_any_more() {
        createService("checkout");
        create(slice("checkout", "a", "10.0.0.1"));
        follow(config(service("checkout", 80)));
        watch.follow("edge.till", namespace, List.of(config(service("checkout", 80))), false);
        watch.forget(SHOP);

        delete("a");
        await().until(() -> told.contains("edge.till"));
        assertThat(published.get("edge.till")).hasSize(2);
        assertThat(published.get(SHOP)).hasSize(1);
        assertThat(watch.references(SHOP)).isEqualTo(References.NONE);
        assertThat(sets("empty")).isEqualTo(1);
    }

    @Test
    void a_service_of_another_namespace_is_not_followed() {
        String other = api.newNamespace();
        api.client()
                .resource(Objects.service(other, "checkout", servicePort("http", 80, "TCP")))
                .create();
        create(Objects.slice(other, "checkout", "a", "IPv4", endpointPort("http", 8080, "TCP"), endpoint("10.0.0.1")));
        follow(config(new ServiceRef(other, "checkout", 80)));

        assertThat(endpoints()).isEqualTo(Map.of(other + "/checkout:80", List.of()));
        assertThat(watch.references(SHOP))
                .isEqualTo(new References(
                        1,
                        0,
                        List.of(new Finding(Reason.RefNotPermitted, other + "/checkout:80 is in another namespace"))));
    }

    @Test
    void more_than_can_be_sent_is_told() {
        createService("checkout");
        EndpointWatch refused = new EndpointWatch(
                client(new ConfigBuilder(api.client().getConfiguration())),
                (clusterId, data, partial) -> {
                    throw new IllegalArgumentException("edge.shop: more than 1048576 bytes");
                },
                told::add,
                new SimpleMeterRegistry());
        opened.add(refused);
        refused.follow(SHOP, namespace, List.of(config(service("checkout", 80))), false);
        assertThat(refused.references(SHOP).findings())
                .startsWith(new Finding(Reason.TooLarge, "edge.shop: more than 1048576 bytes"));
    }

    @Test
    void a_secret_is_watched_alone_while_it_is_referred_to() throws Exception {
        SelfSigned first = SelfSigned.create(folder);
        Snapshot config = secureConfig("shop-tls");
        assertThat(watch.knows(SHOP, namespace, config)).isTrue();
        follow(config);
        assertThat(requests).containsOnly("/api/v1/namespaces/" + namespace + "/secrets");
        assertThat(watch.references(SHOP))
                .isEqualTo(new References(
                        0, 1, List.of(new Finding(Reason.SecretNotFound, namespace + "/shop-tls does not exist"))));
        assertThat(published).isEmpty();

        apply(first.secret(namespace, "shop-tls"));
        await().untilAsserted(() -> assertThat(secrets()).containsOnlyKeys(namespace + "/shop-tls"));
        await().untilAsserted(() -> assertThat(watch.references(SHOP)).isEqualTo(new References(0, 1, List.of())));
        assertThat(told).contains(SHOP);
        Map<String, String> before = secrets();

        apply(SelfSigned.create(Files.createDirectory(folder.resolve("second"))).secret(namespace, "shop-tls"));
        await().untilAsserted(() ->
                assertThat(secrets()).containsOnlyKeys(before.keySet()).isNotEqualTo(before));

        follow(config());
        apply(first.secret(namespace, "shop-tls"));
        assertThat(watch.references(SHOP)).isEqualTo(References.NONE);
    }

    @Test
    void a_secret_that_may_not_be_read_is_told_by_name_and_holds_up_no_version() throws Exception {
        String user = "watcher-of-" + namespace;
        EndpointWatch barred = watch(
                client(new ConfigBuilder(api.client().getConfiguration()).withImpersonateUsername(user)),
                new SimpleMeterRegistry());
        apply(SelfSigned.create(folder).secret(namespace, "shop-tls"));
        Snapshot config = secureConfig("shop-tls");

        assertThat(barred.knows(SHOP, namespace, config)).isTrue();
        barred.follow(SHOP, namespace, List.of(config), false);
        assertThat(barred.references(SHOP).findings()).singleElement().satisfies(finding -> {
            assertThat(finding.reason()).isEqualTo(Reason.RefNotPermitted);
            assertThat(finding.subject()).isEqualTo(Finding.Subject.SECRET);
            assertThat(finding.found())
                    .startsWith(namespace + "/shop-tls may not be read by the operator: ")
                    .contains("is forbidden", user);
        });
        assertThat(published).isEmpty();

        // No more than this one, and not to get it otherwise.
        Role role = new RoleBuilder()
                .withNewMetadata()
                .withNamespace(namespace)
                .withName("reader")
                .endMetadata()
                .addNewRule()
                .withApiGroups("")
                .withResources("secrets")
                .withResourceNames("shop-tls")
                .withVerbs("list", "watch")
                .endRule()
                .build();
        api.client().resource(role).create();
        api.client()
                .resource(new RoleBindingBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName("reader")
                        .endMetadata()
                        .withNewRoleRef("rbac.authorization.k8s.io", "Role", "reader")
                        .addNewSubject("rbac.authorization.k8s.io", "User", user, null)
                        .build())
                .create();
        await().untilAsserted(() -> assertThat(secrets()).containsOnlyKeys(namespace + "/shop-tls"));
        await().untilAsserted(() -> assertThat(barred.references(SHOP)).isEqualTo(new References(0, 1, List.of())));
    }

    @Test
    void a_secret_that_became_unusable_or_unreachable_stays_with_those_who_have_it() throws Exception {
        AtomicBoolean away = new AtomicBoolean();
        EndpointWatch cut =
                watchOften(clientOfShortWatches(api.client().getConfiguration().getImpersonateUsername(), away));
        SelfSigned identity = SelfSigned.create(folder);
        apply(identity.secret(namespace, "shop-tls"));
        cut.follow(SHOP, namespace, List.of(secureConfig("shop-tls")), false);
        await().untilAsserted(() -> assertThat(secrets()).containsOnlyKeys(namespace + "/shop-tls"));
        int before = published.get(SHOP).size();

        away.set(true);
        await().untilAsserted(() -> assertThat(cut.references(SHOP).findings())
                .extracting(Finding::reason)
                .containsExactly(Reason.SecretsUnknown));
        away.set(false);
        await().until(() -> cut.references(SHOP).findings().isEmpty()
                || cut.references(SHOP).findings().getFirst().reason() != Reason.SecretsUnknown);
        assertThat(published.get(SHOP)).hasSize(before);

        api.client().secrets().inNamespace(namespace).withName("shop-tls").delete();
        await().untilAsserted(() -> assertThat(cut.references(SHOP).findings())
                .extracting(Finding::reason)
                .containsExactly(Reason.SecretNotFound));
        assertThat(published.get(SHOP)).as("nothing is taken back").hasSize(before);
    }

    @Test
    void a_secret_of_another_namespace_is_not_read() {
        String other = api.newNamespace();
        follow(secureConfig(new SecretRef(other, "shop-tls")));
        assertThat(requests).isEmpty();
        assertThat(watch.references(SHOP).findings())
                .containsExactly(new Finding(
                        Reason.RefNotPermitted, Finding.Subject.SECRET, other + "/shop-tls is in another namespace"));
    }

    private Snapshot secureConfig(String secret) {
        return secureConfig(new SecretRef(namespace, secret));
    }

    /** What a Proxy with this certificate compiles to. */
    private static Snapshot secureConfig(SecretRef secret) {
        Listener listener = new Listener(
                "https",
                8443,
                Optional.of(new Listener.Tls(
                        List.of(new Listener.Certificate(secret, List.of(), ORIGIN)),
                        Listener.TlsVersion.V1_2,
                        List.of("h2"))),
                Optional.empty(),
                false,
                OptionalLong.empty(),
                Optional.empty(),
                ORIGIN);
        Compilation compiled = Compiler.compile(new TrafficConfig(SHOP, List.of(listener), List.of(), List.of()));
        return ((Compilation.Compiled) compiled).snapshot();
    }

    private void apply(String yaml) {
        api.client().resource(yaml).forceConflicts().serverSideApply();
    }

    /** Hashes of those published last, by name. */
    private Map<String, String> secrets() {
        Map<String, String> secrets = new TreeMap<>();
        if (published.containsKey(SHOP)) {
            for (Resource resource : published.get(SHOP).getLast().resources(ResourceType.SECRET)) {
                secrets.put(resource.name(), resource.hash().hex());
            }
        }
        return secrets;
    }

    @Test
    void while_services_may_not_be_watched_nothing_is_published_and_then_everything() {
        String user = "watcher-of-" + namespace;
        EndpointWatch barred = watch(
                client(new ConfigBuilder(api.client().getConfiguration()).withImpersonateUsername(user)),
                new SimpleMeterRegistry());
        createService("checkout");
        create(slice("checkout", "a", "10.0.0.1"));
        Snapshot config = config(service("checkout", 80));

        assertThat(barred.knows(SHOP, namespace, config)).isFalse();
        barred.follow(SHOP, namespace, List.of(config), false);
        assertThat(barred.references(SHOP).findings()).singleElement().satisfies(finding -> {
            assertThat(finding.reason()).isEqualTo(Reason.EndpointsUnknown);
            assertThat(finding.found())
                    .contains("cannot be watched: ", "is forbidden", user)
                    .doesNotContain("Exception");
        });
        assertThat(published).isEmpty();
        told.clear();

        permit(user);
        await().until(() -> published.containsKey(SHOP));
        assertThat(endpoints()).isEqualTo(Map.of(name("checkout", 80), List.of("10.0.0.1:8080")));
        await().until(() -> told.contains(SHOP));
        assertThat(barred.knows(SHOP, namespace, config)).isTrue();
        assertThat(barred.references(SHOP)).isEqualTo(new References(1, 0, List.of()));
    }

    @Test
    void that_services_may_no_longer_be_watched_is_told_until_they_may_again() {
        String user = "watcher-of-" + namespace;
        permit(user);
        EndpointWatch barred = watchOften(clientOfShortWatches(user, new AtomicBoolean()));
        createService("checkout");
        create(slice("checkout", "a", "10.0.0.1"));
        barred.follow(SHOP, namespace, List.of(config(service("checkout", 80))), false);
        awaitEndpoints("checkout", "10.0.0.1:8080");
        await().until(() -> barred.references(SHOP).findings().isEmpty());
        told.clear();

        forbid(user);
        await().until(() -> told.contains(SHOP));
        await().untilAsserted(() -> assertThat(barred.references(SHOP).findings())
                .singleElement()
                .satisfies(finding -> {
                    assertThat(finding.reason()).isEqualTo(Reason.EndpointsUnknown);
                    assertThat(finding.found())
                            .startsWith("endpoints may be old: endpointslices cannot be watched since " + NOW
                                    + ", the API server says: endpointslices.discovery.k8s.io is forbidden: User \""
                                    + user + "\" cannot watch")
                            .contains(
                                    "; services cannot be watched since " + NOW + ", the API server says: services is");
                }));
        setAddress("a", "10.0.0.9");
        assertThat(endpoints()).isEqualTo(Map.of(name("checkout", 80), List.of("10.0.0.1:8080")));
        told.clear();

        permit(user);
        await().until(() -> told.contains(SHOP));
        awaitEndpoints("checkout", "10.0.0.9:8080");
        await().untilAsserted(() -> assertThat(barred.references(SHOP)).isEqualTo(new References(1, 0, List.of())));
    }

    @Test
    void that_nobody_answers_any_more_is_told_each_time() {
        AtomicBoolean away = new AtomicBoolean();
        String admin = api.client().getConfiguration().getImpersonateUsername();
        EndpointWatch cut = watchOften(clientOfShortWatches(admin, away));
        createService("checkout");
        create(slice("checkout", "a", "10.0.0.1"));
        cut.follow(SHOP, namespace, List.of(config(service("checkout", 80))), false);

        for (String address : List.of("10.0.0.2", "10.0.0.3")) {
            away.set(true);
            await().untilAsserted(() -> assertThat(cut.references(SHOP).findings())
                    .containsExactly(new Finding(
                            Reason.EndpointsUnknown,
                            "endpoints may be old: endpointslices cannot be watched since " + NOW
                                    + "; services cannot be watched since " + NOW)));
            setAddress("a", address);
            away.set(false);
            awaitEndpoints("checkout", address + ":8080");
            await().until(() -> cut.references(SHOP).findings().isEmpty());
        }
    }

    @Test
    void that_endpoints_are_too_many_is_told_until_they_are_again_what_was_published() {
        AtomicBoolean full = new AtomicBoolean();
        EndpointWatch refused = new EndpointWatch(
                client(new ConfigBuilder(api.client().getConfiguration())),
                (clusterId, data, partial) -> {
                    if (full.get()) {
                        throw new IllegalArgumentException("edge.shop: more than 1048576 bytes");
                    }
                    publish(clusterId, data, partial);
                },
                told::add,
                new SimpleMeterRegistry());
        opened.add(refused);
        createService("checkout");
        create(slice("checkout", "a", "10.0.0.1"));
        refused.follow(SHOP, namespace, List.of(config(service("checkout", 80))), false);
        awaitEndpoints("checkout", "10.0.0.1:8080");
        int before = published.get(SHOP).size();

        full.set(true);
        setAddress("a", "10.0.0.9");
        await().untilAsserted(() -> assertThat(refused.references(SHOP).findings())
                .containsExactly(new Finding(Reason.TooLarge, "edge.shop: more than 1048576 bytes")));
        told.clear();

        setAddress("a", "10.0.0.1");
        await().until(() -> told.contains(SHOP));
        assertThat(refused.references(SHOP)).isEqualTo(new References(1, 0, List.of()));
        assertThat(published.get(SHOP)).hasSize(before);
    }

    /** One that looks every half second whether it still watches, by a clock that stands still. */
    private EndpointWatch watchOften(KubernetesClient client) {
        EndpointWatch opening = new EndpointWatch(
                client,
                this::publish,
                told::add,
                new SimpleMeterRegistry(),
                Clock.fixed(NOW, ZoneOffset.UTC),
                Duration.ofMillis(500));
        opened.add(opening);
        return opening;
    }

    /**
     * One whose watches end every 2 s: the API server asks what is permitted only when one begins.
     *
     * @param away while so, what begins finds nobody who answers
     */
    private KubernetesClient clientOfShortWatches(@Nullable String user, AtomicBoolean away) {
        KubernetesClient client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(api.client().getConfiguration())
                        .withImpersonateUsername(user)
                        .withWatchReconnectInterval(100)
                        .build())
                .withHttpClientBuilderConsumer(builder -> builder.addOrReplaceInterceptor("short", new Interceptor() {
                    @Override
                    public void before(BasicBuilder request, HttpRequest sent, RequestTags tags) {
                        String uri = sent.uri().toString().replaceAll("timeoutSeconds=\\d+", "timeoutSeconds=2");
                        request.uri(URI.create(away.get() ? uri.replaceAll("//[^/]+/", "//127.0.0.1:1/") : uri));
                    }
                }))
                .build();
        opened.add(client);
        return client;
    }

    /** All that the operator needs for it. */
    private void permit(String user) {
        ClusterRole role = new ClusterRoleBuilder()
                .withNewMetadata()
                .withName(user)
                .endMetadata()
                .addNewRule()
                .withApiGroups("")
                .withResources("services")
                .withVerbs("list", "watch")
                .endRule()
                .addNewRule()
                .withApiGroups("discovery.k8s.io")
                .withResources("endpointslices")
                .withVerbs("list", "watch")
                .endRule()
                .build();
        ClusterRoleBinding binding = new ClusterRoleBindingBuilder()
                .withNewMetadata()
                .withName(user)
                .endMetadata()
                .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", user)
                .addNewSubject("rbac.authorization.k8s.io", "User", user, null)
                .build();
        api.client().resource(role).create();
        api.client().resource(binding).create();
        opened.add(() -> api.client().resource(binding).delete());
        opened.add(() -> api.client().resource(role).delete());
    }

    private void forbid(String user) {
        api.client().rbac().clusterRoleBindings().withName(user).delete();
        api.client().rbac().clusterRoles().withName(user).delete();
    }

    private ServiceRef service(String name, int port) {
        return new ServiceRef(namespace, name, port);
    }

    private String name(String service, int port) {
        return namespace + "/" + service + ":" + port;
    }

    /** What a Proxy with these backends compiles to. */
    private static Snapshot config(ServiceRef... services) {
        List<Backend> backends = Stream.of(services)
                .map(service -> new Backend(
                        service.name(), new Backend.Endpoints.OfService(service), Backend.Policy.DEFAULT, ORIGIN))
                .toList();
        List<Route> routes = backends.stream()
                .map(backend -> new Route(
                        backend.name(),
                        List.of(backend.name() + ".example.com"),
                        List.of(new PathMatch.Prefix("/")),
                        List.of(new BackendRef(backend.name(), 1, ORIGIN)),
                        ORIGIN))
                .toList();
        Compilation compiled = Compiler.compile(
                new TrafficConfig(SHOP, List.of(new Listener("http", 8080, ORIGIN)), routes, backends));
        return ((Compilation.Compiled) compiled).snapshot();
    }

    private void follow(Snapshot config) {
        watch.follow(SHOP, namespace, List.of(config), false);
    }

    private void createService(String name) {
        api.client()
                .resource(Objects.service(namespace, name, servicePort("http", 80, "TCP")))
                .create();
    }

    private EndpointSlice slice(String service, String name, String... addresses) {
        return Objects.slice(
                namespace,
                service,
                name,
                "IPv4",
                endpointPort("http", 8080, "TCP"),
                Stream.of(addresses).map(Objects::endpoint).toArray(Endpoint[]::new));
    }

    private void create(EndpointSlice slice) {
        api.client().resource(slice).create();
    }

    private void edit(String slice, UnaryOperator<EndpointSlice> change) {
        api.client()
                .discovery()
                .v1()
                .endpointSlices()
                .inNamespace(namespace)
                .withName(slice)
                .edit(change);
    }

    private void setAddress(String slice, String address) {
        edit(
                slice,
                before -> new EndpointSliceBuilder(before)
                        .withEndpoints(endpoint(address))
                        .build());
    }

    private void delete(String slice) {
        api.client()
                .discovery()
                .v1()
                .endpointSlices()
                .inNamespace(namespace)
                .withName(slice)
                .delete();
    }

    private void awaitEndpoints(String service, String... endpoints) {
        await().untilAsserted(() -> assertThat(endpoints()).containsEntry(name(service, 80), List.of(endpoints)));
    }

    private void awaitFindings(Finding... findings) {
        await().untilAsserted(
                        () -> assertThat(watch.references(SHOP)).isEqualTo(new References(1, 0, List.of(findings))));
    }

    private List<Reason> reasons() {
        return watch.references(SHOP).findings().stream().map(Finding::reason).toList();
    }

    private double sets(String state) {
        return metrics.get("mpg.endpoint.sets").tag("state", state).gauge().value();
    }

    /** As published last, by name. */
    private Map<String, List<String>> endpoints() {
        Map<String, List<String>> endpoints = new TreeMap<>();
        for (Resource resource : published.get(SHOP).getLast().resources(ResourceType.ENDPOINT)) {
            endpoints.put(resource.name(), addresses(resource));
        }
        return endpoints;
    }

    private static List<String> addresses(Resource resource) {
        try {
            return ClusterLoadAssignment.parseFrom(resource.bytes()).getEndpointsList().stream()
                    .flatMap(locality -> locality.getLbEndpointsList().stream())
                    .map(each -> address(each.getEndpoint().getAddress().getSocketAddress()))
                    .toList();
        } catch (InvalidProtocolBufferException e) {
            throw new AssertionError(e);
        }
    }

    private static String address(SocketAddress address) {
        return address.getAddress() + ":" + address.getPortValue();
    }
}
