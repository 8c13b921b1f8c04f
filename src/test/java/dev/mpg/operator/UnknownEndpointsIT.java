package dev.mpg.operator;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.config.Manifests;
import dev.mpg.master.Master;
import dev.mpg.operator.triggers.Triggers;
import dev.mpg.testing.KubernetesApi;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.rbac.ClusterRole;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBinding;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBindingBuilder;
import io.fabric8.kubernetes.api.model.rbac.ClusterRoleBuilder;
import io.fabric8.kubernetes.api.model.rbac.PolicyRule;
import io.fabric8.kubernetes.api.model.rbac.PolicyRuleBuilder;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import io.opentelemetry.api.trace.TracerProvider;
import java.time.Clock;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** An operator that may not watch Services. */
class UnknownEndpointsIT {
    private static final PolicyRule OURS = rule("mpg.dev", "*");

    private final KubernetesApi api = KubernetesApi.shared();
    private final Triggers triggers = new Triggers();
    private KubernetesClient client;
    private String namespace;
    private Leader leader;

    @BeforeEach
    void lead() {
        api.applyCrds();
        namespace = api.newNamespace();
        permit(OURS, rule("apps", "controllerrevisions"), rule("", "events"));
        client = new KubernetesClientBuilder()
                .withConfig(new ConfigBuilder(api.client().getConfiguration())
                        .withImpersonateUsername(user())
                        .build())
                .build();
        SimpleMeterRegistry metrics = new SimpleMeterRegistry();
        leader = new Leader(
                client,
                new NoInfrastructure(),
                new Master(metrics, triggers),
                triggers,
                metrics,
                TracerProvider.noop().get(""),
                Clock.systemUTC());
        leader.start();
    }

    @AfterEach
    void end() {
        leader.stop();
        leader.close();
        client.close();
        api.client().resources(Proxy.class).inNamespace(namespace).delete();
        api.client().resources(Scheduler.class).delete();
        api.client().rbac().clusterRoleBindings().withName(user()).delete();
        api.client().rbac().clusterRoles().withName(user()).delete();
    }

    @Test
    void a_version_waits_that_refers_to_services_and_goes_on_when_they_can_be_watched() {
        Scheduler scheduler = Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Scheduler
                metadata: {name: default}
                spec: {instances: 1}
                """, Scheduler.class);
        api.client().resource(scheduler).create();
        api.client()
                .resource(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: %s}
                spec:
                  listeners: [{name: http, port: 8080}]
                  routes: [{name: shop, backendRefs: [{name: shop}]}]
                  backends: [{name: shop, endpoints: [{host: 127.0.0.1, port: 7001}]}]
                  envoyPatches:
                  - type: Cluster
                    name: shop
                    operations: [{op: add, path: /eds_cluster_config/service_name, value: "%s/checkout:80"}]
                """.formatted(namespace, namespace), Proxy.class))
                .create();

        await().untilAsserted(() -> {
            assertThat(condition("ResolvedRefs").getReason()).isEqualTo("EndpointsUnknown");
            assertThat(condition("ResolvedRefs").getMessage()).contains("is forbidden", user());
        });
        assertThat(condition("Accepted").getStatus()).isEqualTo("True");
        assertThat(condition("Programmed").getMessage()).endsWith("see ResolvedRefs");
        assertThat(proxy().getStatus().versions().target()).isNull();

        permit(
                OURS,
                rule("apps", "controllerrevisions"),
                rule("", "events", "services"),
                rule("discovery.k8s.io", "endpointslices"));
        await().untilAsserted(
                        () -> assertThat(condition("ResolvedRefs").getReason()).isEqualTo("ServiceNotFound"));
        await().untilAsserted(() -> assertThat(proxy().getStatus().versions().target())
                .isNotNull()
                .isEqualTo(proxy().getStatus().versions().desired()));
    }

    private String user() {
        return "operator-of-" + namespace;
    }

    private static PolicyRule rule(String group, String... resources) {
        return new PolicyRuleBuilder()
                .withApiGroups(group)
                .withResources(resources)
                .withVerbs("*")
                .build();
    }

    private void permit(PolicyRule... rules) {
        ClusterRole role = new ClusterRoleBuilder()
                .withNewMetadata()
                .withName(user())
                .endMetadata()
                .withRules(rules)
                .build();
        ClusterRoleBinding binding = new ClusterRoleBindingBuilder()
                .withNewMetadata()
                .withName(user())
                .endMetadata()
                .withNewRoleRef("rbac.authorization.k8s.io", "ClusterRole", user())
                .addNewSubject("rbac.authorization.k8s.io", "User", user(), null)
                .build();
        api.client().resource(role).forceConflicts().serverSideApply();
        api.client().resource(binding).forceConflicts().serverSideApply();
    }

    private Proxy proxy() {
        return api.client()
                .resources(Proxy.class)
                .inNamespace(namespace)
                .withName("shop")
                .require();
    }

    /** Empty while there is none. */
    private Condition condition(String type) {
        return proxy().getStatus() == null
                ? new Condition()
                : proxy().getStatus().conditions().stream()
                        .filter(condition -> type.equals(condition.getType()))
                        .findFirst()
                        .orElseGet(Condition::new);
    }
}
