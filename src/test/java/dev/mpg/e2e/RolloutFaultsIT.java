package dev.mpg.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Phase;
import dev.mpg.e2e.RawGateway.Answer;
import dev.mpg.testing.Programs;
import io.grpc.Status;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.stream.IntStream;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;

/**
 * A gateway, the operator or the API server is silent, gone or away in the middle of a wave: what is served goes on, and so
 * does the rollout afterwards.
 */
class RolloutFaultsIT extends OperatorTest {
    private static final Set<String> BEFORE = Set.of("one", "two");
    private static final Set<String> CHANGED = Set.of("one", "two", "fine", RawGateway.TROUBLE);
    private static final Duration AWAY = Duration.ofSeconds(60);
    /** Retries and watches have waited longer and longer, up to half a minute. */
    private static final Duration BACK = Duration.ofSeconds(75);

    private final List<RawGateway> gateways = new ArrayList<>();
    private ApiServerRelay relay;

    @Override
    RunningOperator startOperator(String... options) {
        if (relay == null) {
            relay = ApiServerRelay.start(api.kubeconfig(), state.resolve("relay.kubeconfig"));
        }
        return RunningOperator.start(relay.kubeconfig(), state, Programs.envoy(), options);
    }

    @AfterEach
    void closeGateways() {
        gateways.forEach(RawGateway::close);
        gateways.clear();
    }

    @Override
    @AfterAll
    void endEverything() {
        super.endEverything();
        relay.close();
    }

    @Test
    void a_gateway_that_never_answers_is_named_and_the_version_is_taken_back() {
        String rollout = "{ackTimeout: 1s, steps: [{gateways: 1, bake: 0s}]}";
        List<RawGateway> fleet = fleet("shop", rollout, Answer.NONE);
        apply(changed("shop", rollout));
        RawGateway silent = awaitTroubled(fleet);
        awaitPhase(Phase.RollingBack);

        ProxyStatus status = proxy().getStatus();
        assertThat(status.rollout().failed()).singleElement().satisfies(failure -> {
            assertThat(failure.reason()).isEqualTo("AckTimeout");
            assertThat(failure.message()).contains(silent.id());
        });
        assertThat(condition("Programmed").getReason()).isEqualTo("AckTimeout");
        assertThat(condition("Programmed").getMessage()).contains(silent.id());

        silent.answers(Answer.ACK);
        awaitPhase(Phase.RolledBack);
        awaitHave(fleet, BEFORE);
        assertOnlyTroubled(fleet, silent);
    }

    @Test
    void a_gateway_that_ends_in_the_middle_of_its_bake_is_waited_for() {
        apply(waves(2, "one", "[{gateways: 1, bake: 3s}]"));
        waitProgrammed();
        apply(waves(2, "two", "[{gateways: 1, bake: 3s}]"));
        await("the bake begins").atMost(SOON).until(() -> ackedAt("shop").isPresent());
        ProxyStatus.Wave wave = proxy().getStatus().rollout().wave();
        String gateway = wave.cohort().getFirst();
        Instant killed = Instant.now();
        processes().stream()
                .filter(process -> isEnvoy(process)
                        && commandLine(process).stream().anyMatch(word -> word.contains("/" + gateway + "/")))
                .forEach(ProcessHandle::destroyForcibly);

        await("it is back, and the bake begins anew")
                .atMost(SOON)
                .until(() -> ackedAt("shop").filter(at -> at.isAfter(killed)).isPresent());
        ProxyStatus.Wave again = proxy().getStatus().rollout().wave();
        assertThat(again.number()).isEqualTo(wave.number());
        assertThat(again.cohort()).isEqualTo(wave.cohort());
        waitProgrammed();
        assertThat(Instant.now()).isAfter(killed.plusSeconds(3));
        assertThat(proxy().getStatus().addresses())
                .allSatisfy(address -> assertThat(Http.through(address.address(), HOST, "/checkout"))
                        .isEqualTo("200 two"));
    }

    @Test
    void a_gateway_that_has_versions_which_nobody_knows_gets_exactly_its_own() {
        String rollout = "{steps: [{gateways: 1, bake: 1h}]}";
        List<RawGateway> fleet = fleet("shop", rollout, Answer.ACK);
        apply(changed("shop", rollout));
        RawGateway first = awaitTroubled(fleet);
        RawGateway other =
                fleet.stream().filter(gateway -> gateway != first).findFirst().orElseThrow();
        awaitHave(List.of(first), CHANGED);

        Map<String, String> unknown = Map.of("one", "nobody-knows", "gone", "this", "fine", "either");
        for (RawGateway before : List.of(first, other)) {
            RawGateway back = RawGateway.reconnect(xdsAddress(), clusterId("shop"), before.id(), unknown);
            gateways.add(back);
            await("the older stream ends")
                    .atMost(SOON)
                    .until(() -> before.end().map(Status::getCode).equals(Optional.of(Status.Code.ABORTED)));
            await(before.id() + " has its version")
                    .atMost(SOON)
                    .until(() -> back.clusters().equals(before.clusters()));
        }
    }

    @Test
    void a_refusal_while_there_is_no_operator_puts_the_gateway_back_and_is_not_forgotten() {
        String rollout = "{ackTimeout: 1h, steps: [{gateways: 1, bake: 0s}]}";
        List<RawGateway> fleet = fleet("shop", rollout, Answer.NONE);
        apply(changed("shop", rollout));
        RawGateway refusing = awaitTroubled(fleet);
        operator.kill();

        refusing.answers(Answer.NACK);
        awaitHave(fleet, BEFORE);
        assertThat(inDebugStatus(refusing)).isEqualTo("REJECTED");
        RawGateway late = connect("shop", "late", Answer.ACK);
        awaitHave(List.of(late), BEFORE);

        operator = startOperator("--keep-running");
        awaitPhase(Phase.RolledBack);
        assertThat(condition("Programmed").getReason()).isEqualTo("Rejected");
        assertThat(proxy().getStatus().rejections()).singleElement().satisfies(rejection -> {
            assertThat(rejection.gateway()).isEqualTo(refusing.id());
            assertThat(rejection.resource()).isEqualTo("Cluster " + RawGateway.TROUBLE);
            assertThat(rejection.message()).contains("no, says " + refusing.id());
        });
        awaitHave(fleet, BEFORE);
        assertOnlyTroubled(fleet, refusing);
        assertThat(late.wasTroubled()).isFalse();
    }

    @Test
    void an_ack_while_there_is_no_operator_counts_when_it_is_back() {
        String rollout = "{ackTimeout: 1h, steps: [{gateways: 1, bake: 0s}]}";
        List<RawGateway> fleet = fleet("shop", rollout, Answer.NONE);
        apply(changed("shop", rollout));
        RawGateway first = awaitTroubled(fleet);
        operator.kill();

        fleet.forEach(gateway -> gateway.answers(Answer.ACK));
        awaitHave(List.of(first), CHANGED);
        await("the instance knows it")
                .atMost(SOON)
                .until(() -> inDebugStatus(first).equals("CURRENT"));
        assertOnlyTroubled(fleet, first);

        operator = startOperator("--keep-running");
        awaitComplete();
        awaitHave(fleet, CHANGED);
    }

    @Test
    void an_api_server_that_is_away_stops_no_roll_back_and_the_rollout_goes_on_afterwards() {
        String refused = "{ackTimeout: 1h, steps: [{gateways: 1, bake: 0s}]}";
        String baking = "{steps: [{gateways: 1, bake: 10s}]}";
        List<RawGateway> shop = fleet("shop", refused, Answer.NONE);
        List<RawGateway> calm = fleet("calm", baking, Answer.ACK);
        apply(changed("shop", refused));
        RawGateway refusing = awaitTroubled(shop);
        apply(changed("calm", baking));
        RawGateway baked = awaitTroubled(calm);
        await("its bake begins").atMost(SOON).until(() -> ackedAt("calm").isPresent());

        relay.cut();
        refusing.answers(Answer.NACK);
        awaitHave(shop, BEFORE);
        await("readiness says so").atMost(SOON).until(() -> !isReady());
        await("a minute passes")
                .atMost(AWAY.plus(SOON))
                .during(AWAY)
                .pollInterval(Duration.ofMillis(500))
                .until(() -> !isReady()
                        && shop.stream().allMatch(gateway -> gateway.names().equals(BEFORE))
                        && baked.names().equals(CHANGED)
                        && calm.stream().filter(RawGateway::wasTroubled).count() == 1);
        RawGateway late = connect("shop", "late", Answer.ACK);
        awaitHave(List.of(late), BEFORE);

        relay.pass();
        await("the roll back is told").atMost(BACK).until(() -> phase("shop") == Phase.RolledBack);
        await("the other rollout goes on").atMost(BACK).until(() -> phase("calm") == Phase.Complete);
        await("the operator is ready again").atMost(BACK).until(this::isReady);
        awaitHave(shop, BEFORE);
        awaitHave(calm, CHANGED);
        assertOnlyTroubled(shop, refusing);
        assertThat(proxy().getStatus().rejections())
                .extracting(ProxyStatus.Rejection::gateway)
                .containsExactly(refusing.id());
        await("people are told").atMost(SOON).until(() -> events().containsAll(List.of("Rejected", "RolledBack")));
    }

    /** A Proxy whose gateways are run elsewhere, and three of them, all current. */
    private List<RawGateway> fleet(String name, String rollout, Answer toTrouble) {
        apply(elsewhere(name, rollout));
        kubectl("wait", "--for=condition=Programmed", "proxy/" + name, "--timeout=30s");
        List<RawGateway> fleet = IntStream.range(0, 3)
                .mapToObj(i -> connect(name, name + "-gateway-" + i, toTrouble))
                .toList();
        awaitHave(fleet, BEFORE);
        await("they are reported")
                .atMost(SOON)
                .until(() -> find(name).getStatus().gateways().current() == fleet.size());
        return fleet;
    }

    private RawGateway connect(String name, String id, Answer toTrouble) {
        RawGateway gateway = RawGateway.connect(xdsAddress(), clusterId(name), id, toTrouble);
        gateways.add(gateway);
        return gateway;
    }

    private String elsewhere(String name, String rollout) {
        return shop(0, "one", 3)
                .replace("name: shop", "name: " + name)
                .replace("spec:\n", "spec:\n  rollout: " + rollout + "\n");
    }

    /** With two more backends, one of which is trouble. */
    private String changed(String name, String rollout) {
        return elsewhere(name, rollout) + """
                  - name: fine
                    endpoints: [{host: 127.0.0.1, port: 7001}]
                  - name: trouble
                    endpoints: [{host: 127.0.0.1, port: 7002}]
                """;
    }

    private String waves(int replicas, String backend, String steps) {
        return shop(replicas, backend, 3).replace("spec:\n", "spec:\n  rollout: {steps: " + steps + "}\n");
    }

    private String clusterId(String name) {
        return namespace + "." + name;
    }

    private String xdsAddress() {
        return scheduler().instances().getFirst().xdsAddress();
    }

    private Proxy find(String name) {
        return client.resources(Proxy.class)
                .inNamespace(namespace)
                .withName(name)
                .require();
    }

    private Phase phase(String name) {
        return find(name).getStatus().rollout().phase();
    }

    private Optional<Instant> ackedAt(String name) {
        return Optional.ofNullable(find(name).getStatus().rollout().wave())
                .map(ProxyStatus.Wave::ackedAt)
                .map(Instant::parse);
    }

    private boolean isReady() {
        return Http.status("http://" + operator.httpAddress() + "/readyz") == 200;
    }

    /** What the instance says of this gateway's state. */
    private String inDebugStatus(RawGateway gateway) {
        for (JsonNode reported : clusterInDebugStatus(clusterId("shop")).get("gateways")) {
            if (reported.get("gateway").asText().equals(gateway.id())) {
                return reported.get("state").asText();
            }
        }
        return "none";
    }

    private static RawGateway awaitTroubled(List<RawGateway> fleet) {
        await("a gateway is given the change")
                .atMost(SOON)
                .until(() -> fleet.stream().anyMatch(RawGateway::wasTroubled));
        return fleet.stream().filter(RawGateway::wasTroubled).findFirst().orElseThrow();
    }

    private static void assertOnlyTroubled(List<RawGateway> fleet, RawGateway gateway) {
        assertThat(fleet.stream().filter(RawGateway::wasTroubled)).containsExactly(gateway);
    }

    private static void awaitHave(List<RawGateway> fleet, Set<String> clusters) {
        await("they have " + clusters)
                .atMost(SOON)
                .untilAsserted(() -> assertThat(fleet)
                        .allSatisfy(gateway -> assertThat(gateway.names()).isEqualTo(clusters)));
    }

    private void awaitPhase(Phase phase) {
        await("phase " + phase).atMost(SOON).untilAsserted(() -> {
            ProxyStatus status = proxy().getStatus();
            assertThat(status.rollout().phase()).as("the phase in %s", status).isEqualTo(phase);
            assertThat(status.observedGeneration())
                    .isEqualTo(proxy().getMetadata().getGeneration());
        });
    }

    private void awaitComplete() {
        awaitPhase(Phase.Complete);
        waitProgrammed();
    }
}
