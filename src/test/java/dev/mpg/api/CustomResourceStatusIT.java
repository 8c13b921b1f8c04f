package dev.mpg.api;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.awaitility.Awaitility.await;

import dev.mpg.testing.KubernetesApi;
import dev.mpg.testing.Specs;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.ObjectMetaBuilder;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a real API server makes of our resources' status, and what people see of it. */
class CustomResourceStatusIT {
    private static final KubernetesApi API = KubernetesApi.shared();

    private String namespace = "";

    @BeforeAll
    static void applyCrds() {
        API.applyCrds();
    }

    @BeforeEach
    void newNamespace() {
        namespace = API.newNamespace();
    }

    /** Other tests' operators watch the same API server. */
    @AfterEach
    void deleteEverything() {
        API.client().resources(Proxy.class).inNamespace(namespace).delete();
        API.client().resource(scheduler()).delete();
    }

    @Test
    void kubectlGetShowsVersionGatewaysProgrammedPhaseAndAge() {
        create("shop");
        patchStatus("shop", status(condition("Programmed", "True", "Complete")));

        List<String> lines = kubectl("get", "proxies").lines().toList();
        assertThat(words(lines.get(0))).containsExactly("NAME", "VERSION", "GATEWAYS", "PROGRAMMED", "PHASE", "AGE");
        assertThat(words(lines.get(1)))
                .startsWith("shop", "9f2c41d07ab3", "2/3", "True", "Progressing")
                .hasSize(6);
        assertThat(words(
                        kubectl("get", "proxies", "-o", "wide").lines().toList().get(0)))
                .containsExactly(
                        "NAME", "VERSION", "GATEWAYS", "PROGRAMMED", "PHASE", "AGE", "CLUSTER", "STABLE", "REASON");
    }

    @Test
    void kubectlGetOfSchedulersShowsHowThePoolIs() {
        API.client().resource(scheduler()).serverSideApply();

        assertThat(words(kubectl("get", "schedulers").lines().toList().get(0)))
                .containsExactly("NAME", "INSTANCES", "PROXIES", "STDDEV", "READY", "BALANCED", "AGE");
    }

    @Test
    void shortNamesWork() {
        create("shop");
        API.client().resource(scheduler()).serverSideApply();

        assertThat(kubectl("get", "px", "-o", "name")).contains("proxy.mpg.dev/shop");
        assertThat(kubectl("get", "sched", "-o", "name")).contains("scheduler.mpg.dev/default");
    }

    @Test
    void kubectlExplainHasTexts() {
        // The API server publishes the schema a moment after it accepts the definition.
        await().atMost(Duration.ofSeconds(30)).untilAsserted(() -> {
            assertThat(kubectl("explain", "proxy")).contains("One logical config plane");
            assertThat(kubectl("explain", "proxy.spec.routes")).contains("Which request goes to which backends.");
            assertThat(kubectl("explain", "proxy.spec.routes.backendRefs.weight"))
                    .contains("Share of requests");
            assertThat(kubectl("explain", "scheduler.spec")).contains("Proxy instances in the pool.");
        });
    }

    @Test
    void aStatusPatchChangesNeitherSpecNorGeneration() {
        Proxy created = create("shop");
        ProxyStatus status = status(condition("Accepted", "True", "Valid"));
        patchStatus("shop", status);

        Proxy patched = proxy("shop").get();
        assertThat(patched.getSpec()).isEqualTo(created.getSpec());
        assertThat(patched.getMetadata().getGeneration())
                .isEqualTo(created.getMetadata().getGeneration());
        assertThat(patched.getStatus()).isEqualTo(status);
    }

    @Test
    void aSpecChangeRaisesTheGenerationAndLeavesTheStatus() {
        create("shop");
        ProxyStatus status = status(condition("Accepted", "True", "Valid"));
        patchStatus("shop", status);

        Proxy edited = proxy("shop").edit(proxy -> {
            proxy.setSpec(spec("other"));
            return proxy;
        });

        assertThat(edited.getMetadata().getGeneration()).isEqualTo(2);
        assertThat(edited.getStatus()).isEqualTo(status);
    }

    @Test
    void absentFieldsGetTheirDefaults() {
        ProxySpec spec = API.client()
                .resource(named("shop", Specs.of("""
                        gateway: {}
                        listeners:
                        - {name: http, port: 8080, httpsRedirect: {}}
                        - {name: https, port: 8443, protocol: HTTPS, tls: {certificates: [{secretName: shop}]}}
                        routes:
                        - name: rest
                          matches:
                          - {path: {value: /}, headers: [{name: a, value: b}], queryParams: [{name: a, value: b}]}
                          filters:
                          - {type: RequestMirror, requestMirror: {backendRef: {name: shop}}}
                          - {type: CORS, cors: {allowOrigins: ['*']}}
                          - {type: Fault, fault: {delay: {fixed: 1s}, abort: {status: 503}}}
                          backendRefs: [{name: shop}]
                          retry: {}
                        - {name: old, hostnames: [old.example.com], filters: [{type: RequestRedirect, requestRedirect: {port: 1}}]}
                        backends:
                        - name: shop
                          endpoints: []
                          healthCheck: {active: {}, passive: {}}
                          loadBalancer: {consistentHash: {type: SourceIP}}
                        tests:
                        - {name: all, request: {host: a}, expect: {route: rest}}
                        """)))
                .inNamespace(namespace)
                .create()
                .getSpec();

        assertThat(spec).isEqualTo(Specs.of("""
                schedulerName: default
                gateway: {replicas: 1}
                listeners:
                - {name: http, port: 8080, protocol: HTTP, httpsRedirect: {port: 443, statusCode: 301}}
                - {name: https, port: 8443, protocol: HTTPS, tls: {minVersion: V1_2, certificates: [{secretName: shop}]}}
                routes:
                - name: rest
                  matches:
                  - path: {type: PathPrefix, value: /}
                    headers: [{type: Exact, name: a, value: b}]
                    queryParams: [{type: Exact, name: a, value: b}]
                  filters:
                  - {type: RequestMirror, requestMirror: {backendRef: {name: shop}, percent: 100}}
                  - {type: CORS, cors: {allowOrigins: ['*'], maxAge: 5}}
                  - {type: Fault, fault: {delay: {fixed: 1s, percent: 100}, abort: {status: 503, percent: 100}}}
                  backendRefs: [{name: shop, weight: 1}]
                  retry: {attempts: 1}
                - name: old
                  hostnames: [old.example.com]
                  filters: [{type: RequestRedirect, requestRedirect: {port: 1, statusCode: 302}}]
                backends:
                - name: shop
                  endpoints: []
                  healthCheck:
                    active:
                      {type: HTTP, path: /, timeout: 1s, interval: 3s, unhealthyThreshold: 3, healthyThreshold: 1}
                    passive:
                      consecutive5xxErrors: 5
                      consecutiveGatewayErrors: 0
                      interval: 3s
                      baseEjectionTime: 30s
                      maxEjectionPercent: 10
                  loadBalancer: {type: RoundRobin, consistentHash: {type: SourceIP, algorithm: Maglev}}
                tests:
                - {name: all, request: {host: a, method: GET, path: /}, expect: {route: rest}}
                revisionHistoryLimit: 10
                """));
    }

    @Test
    void conditionsOfTwoManagersMergeByType() {
        create("shop");
        applyConditions("first", condition("Accepted", "True", "Valid"), condition("Programmed", "False", "Pending"));
        applyConditions("second", condition("Healthy", "True", "NoErrors"));
        applyConditions("first", condition("Accepted", "True", "Valid"));

        assertThat(proxy("shop").get().getStatus().conditions())
                .extracting(Condition::getType)
                .as("what first no longer applies is gone; what second applied stays")
                .containsExactlyInAnyOrder("Accepted", "Healthy");
    }

    @Test
    void aConditionMustBeComplete() {
        create("shop");
        assertStatusRefused(withoutTime(), "lastTransitionTime: Required value");
        assertStatusRefused(condition("Accepted", "Maybe", "Valid"), "Unsupported value: \"Maybe\"");
        assertStatusRefused(condition("Accepted", "True", "not a word"), "reason in body should match");
        assertStatusRefused(condition("not a type", "True", "Valid"), "type in body should match");
        assertStatusRefused(
                new ConditionBuilder(condition("Accepted", "True", "Valid"))
                        .withLastTransitionTime("yesterday")
                        .build(),
                "lastTransitionTime in body must be of type date-time");
    }

    private void assertStatusRefused(Condition condition, String expected) {
        assertThatExceptionOfType(KubernetesClientException.class)
                .isThrownBy(() -> patchStatus("shop", status(condition)))
                .withMessageContaining(expected);
    }

    private static Condition withoutTime() {
        Condition condition = condition("Accepted", "True", "Valid");
        condition.setLastTransitionTime(null);
        return condition;
    }

    private Proxy create(String name) {
        return API.client()
                .resource(named(name, spec("default")))
                .inNamespace(namespace)
                .create();
    }

    private void patchStatus(String name, ProxyStatus status) {
        proxy(name).editStatus(proxy -> {
            proxy.setSpec(spec("not-to-be-kept"));
            proxy.setStatus(status);
            return proxy;
        });
    }

    private void applyConditions(String manager, Condition... conditions) {
        Proxy patch = named("shop", null);
        patch.setStatus(
                new ProxyStatus(null, null, null, null, null, null, null, null, null, null, null, List.of(conditions)));
        API.client()
                .resource(patch)
                .inNamespace(namespace)
                .subresource("status")
                .patch(new PatchContext.Builder()
                        .withPatchType(PatchType.SERVER_SIDE_APPLY)
                        .withFieldManager(manager)
                        .build());
    }

    private Resource<Proxy> proxy(String name) {
        return API.client().resources(Proxy.class).inNamespace(namespace).withName(name);
    }

    private static Proxy named(String name, @Nullable ProxySpec spec) {
        Proxy proxy = new Proxy();
        proxy.setMetadata(new ObjectMetaBuilder().withName(name).build());
        proxy.setSpec(spec);
        return proxy;
    }

    private static ProxySpec spec(String scheduler) {
        return Specs.of("{clusterId: eu-west-1, schedulerName: %s}".formatted(scheduler));
    }

    private static Scheduler scheduler() {
        Scheduler scheduler = new Scheduler();
        scheduler.setMetadata(new ObjectMetaBuilder().withName("default").build());
        scheduler.setSpec(new SchedulerSpec(1));
        return scheduler;
    }

    private static ProxyStatus status(Condition condition) {
        return new ProxyStatus(
                1L,
                "eu-west-1",
                new ProxyStatus.Versions("9f2c41d07ab3", "51aa03e9c2f7", "9f2c41d07ab3"),
                new ProxyStatus.Gateways(3, 2, 1, 0, "2/3"),
                new ProxyStatus.Rollout(
                        ProxyStatus.Phase.Progressing,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null,
                        null),
                null,
                null,
                List.of("default-0"),
                null,
                null,
                null,
                List.of(condition));
    }

    private static Condition condition(String type, String status, String reason) {
        return new ConditionBuilder()
                .withType(type)
                .withStatus(status)
                .withReason(reason)
                .withMessage("")
                .withLastTransitionTime("2026-01-01T00:00:00Z")
                .withObservedGeneration(1L)
                .build();
    }

    private String kubectl(String... arguments) {
        return API.kubectl(Stream.concat(Stream.of("--namespace", namespace), Stream.of(arguments))
                        .toArray(String[]::new))
                .ok();
    }

    private static List<String> words(String line) {
        return List.of(line.strip().split("\\s+", -1));
    }
}
