package dev.mpg.operator.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.ProxySpec.EnvoyResource;
import dev.mpg.compile.Compiled;
import dev.mpg.config.Listener;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Origin;
import dev.mpg.config.Problem;
import dev.mpg.config.Route;
import dev.mpg.config.SpecReader;
import dev.mpg.config.SpecReader.Reading;
import dev.mpg.config.TrafficConfig;
import dev.mpg.operator.proxy.Admission.Facts;
import dev.mpg.testing.Specs;
import java.util.Collections;
import java.util.List;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class AdmissionTest {
    private static final ObjectRef SHOP = new ObjectRef("Proxy", "edge", "shop");
    private static final ObjectRef OTHER = new ObjectRef("Proxy", "edge", "other");
    private static final TrafficConfig CONFIG = new TrafficConfig("eu", List.of(), List.of(), List.of());
    private static final Reading GOOD = new Reading.Accepted(CONFIG);
    private static final Problem PROBLEM =
            new Problem(new Origin(SHOP, "spec").field("routes").index(2), "it is wrong", "mend it");

    private static Verdict decide(ObjectRef holder, boolean schedulerExists, Reading reading) {
        return Admission.decide(new Facts(SHOP, "eu", holder, "default", schedulerExists, Set.of(9901), reading));
    }

    @Test
    void a_good_spec_is_compiled() {
        assertThat(decide(SHOP, true, GOOD))
                .isEqualTo(new Verdict.Accepted(CONFIG, Compiled.snapshot(CONFIG), List.of()));
    }

    @Test
    void cluster_id_conflict_names_the_holder() {
        assertThat(decide(OTHER, true, GOOD))
                .isEqualTo(new Verdict.Refused(
                        "ClusterIdConflict",
                        "spec.clusterId: eu belongs to Proxy edge/other, which is older; choose another clusterId"
                                + " (in a new Proxy: it is immutable)"));
    }

    @Test
    void invalid_spec_names_field_and_remedy() {
        assertThat(decide(SHOP, true, new Reading.Refused(List.of(PROBLEM))))
                .isEqualTo(new Verdict.Refused("InvalidSpec", "spec.routes[2]: it is wrong; mend it"));
    }

    @Test
    void many_problems_are_counted() {
        Verdict verdict = decide(SHOP, true, new Reading.Refused(Collections.nCopies(11, PROBLEM)));
        assertThat(verdict)
                .isInstanceOfSatisfying(
                        Verdict.Refused.class,
                        refused -> assertThat(refused.message()).hasLineCount(9).endsWith("and 3 more"));
    }

    @Test
    void a_config_whose_tests_fail_does_not_go_out() {
        Reading reading = SpecReader.read(SHOP, Specs.of("""
                listeners: [{name: http, port: 8080}]
                routes:
                - {name: checkout, matches: [{path: {value: /checkout}}], backendRefs: [{name: a}]}
                backends: [{name: a, endpoints: []}]
                tests:
                - {name: pays, request: {host: shop, path: /pay}, expect: {route: checkout}}
                """));
        assertThat(decide(SHOP, true, reading))
                .isEqualTo(new Verdict.Refused(
                        "TestsFailed",
                        "spec.tests[0].expect.route: test 'pays': GET shop/pay at listener http is answered with 404 (no"
                                + " route of the virtual host fits; others are not looked at), and doesn't go to checkout: there the path"
                                + " doesn't begin so; correct the routes, or the test"));
    }

    @Test
    void what_Envoy_would_refuse_is_an_invalid_spec() {
        Reading reading = SpecReader.read(SHOP, Specs.of("""
                backends: [{name: a, endpoints: []}]
                envoyPatches:
                - {type: Cluster, name: a, operations: [{op: replace, path: /connect_timeout, value: 0s}]}
                """));
        assertThat(decide(SHOP, true, reading))
                .isEqualTo(new Verdict.Refused(
                        "InvalidSpec",
                        "spec.envoyPatches[0]: Envoy would refuse Cluster a: connect_timeout must be greater than 0s;"
                                + " correct that field"));
    }

    @Test
    void a_patch_that_does_not_apply_is_an_invalid_spec() {
        Origin origin = new Origin(SHOP, "spec.envoyPatches[2]");
        TrafficConfig.EnvoyPatch patch = new TrafficConfig.EnvoyPatch(EnvoyResource.Cluster, "gone", List.of(), origin);
        TrafficConfig config = new TrafficConfig("eu", List.of(), List.of(), List.of(), List.of(patch), List.of());
        assertThat(decide(SHOP, true, new Reading.Accepted(config)))
                .isEqualTo(
                        new Verdict.Refused(
                                "InvalidSpec",
                                "spec.envoyPatches[2].name: the spec compiles to no Cluster named gone; name one that it does"));
    }

    @Test
    void scheduler_not_found_names_it() {
        assertThat(decide(SHOP, false, GOOD))
                .isEqualTo(new Verdict.Refused(
                        "SchedulerNotFound",
                        "spec.schedulerName: there is no Scheduler named default; create it or name another"));
    }

    @Test
    void reserved_port_names_field_and_port() {
        TrafficConfig config = new TrafficConfig(
                "eu",
                List.of(new Listener("admin", 9901, new Origin(SHOP, "spec.listeners[0]"))),
                List.of(),
                List.of());
        assertThat(decide(SHOP, true, new Reading.Accepted(config)))
                .isEqualTo(new Verdict.Refused(
                        "InvalidSpec",
                        "spec.listeners[0].port: gateways need port 9901 for themselves; choose another port"));
    }

    @Test
    void too_large_names_the_largest_route_before_anything_is_compiled() {
        assertThat(decide(SHOP, true, new Reading.Accepted(routes(1, 16, 1000, 16))))
                .isEqualTo(new Verdict.Refused(
                        "TooLarge",
                        "spec.routes: the routes' host names x matches x backendRefs make 256000, more than 250000;"
                                + " route route-0 alone makes 256000; spread the routes over several Proxies"));
    }

    @Test
    void a_resource_that_no_message_carries_is_too_large() {
        Verdict verdict = decide(SHOP, true, new Reading.Accepted(routes(240, 1, 64, 16)));
        assertThat(verdict).isInstanceOfSatisfying(Verdict.Refused.class, refused -> {
            assertThat(refused.reason()).isEqualTo("TooLarge");
            assertThat(refused.message()).contains("VirtualHost routes/h0.example.com", "more than 8388608");
        });
    }

    private static TrafficConfig routes(int routes, int hosts, int paths, int refs) {
        Origin origin = new Origin(SHOP, "spec.routes[0]");
        return new TrafficConfig(
                "eu",
                List.of(new Listener("http", 8080, origin)),
                IntStream.range(0, routes)
                        .mapToObj(route -> new Route(
                                "route-" + route,
                                IntStream.range(0, hosts)
                                        .mapToObj(host -> "h" + host + ".example.com")
                                        .toList(),
                                IntStream.range(0, paths)
                                        .<Route.PathMatch>mapToObj(
                                                path -> new Route.PathMatch.Exact("/" + route + "/" + path))
                                        .toList(),
                                IntStream.range(0, refs)
                                        .mapToObj(ref -> new Route.BackendRef(
                                                "a-backend-with-a-rather-long-name-" + ref, 1, origin))
                                        .toList(),
                                origin))
                        .toList(),
                List.of());
    }
}
