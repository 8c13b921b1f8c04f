package dev.mpg.e2e;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mpg.sync.Loopback;
import io.fabric8.kubernetes.api.model.coordination.v1.LeaseBuilder;
import java.io.IOException;
import java.nio.file.Files;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Two operators of one API server, on one machine: they share the state folder, which the one that leads has locked, and the
 * next one adopts what runs.
 */
class FailoverIT extends OperatorTest {
    private static final int LEASE_SECONDS = 9;
    /** Of a lease to run out, and of taking over. */
    private static final Duration TAKEOVER = SOON.plusSeconds(LEASE_SECONDS);

    private final String here = address();
    private final String there = address();
    /** Where the leader serves ConfigSync. */
    private String leading = here;

    private RunningOperator standby;

    private static String address() {
        return Loopback.next().getHostAddress() + ":18100";
    }

    @Override
    RunningOperator startOperator(String... options) {
        return start(leading);
    }

    private RunningOperator start(String address) {
        return super.startOperator(
                "--leader-elect",
                "--lease-duration=" + LEASE_SECONDS,
                "--sync-address=" + address,
                "--masters=" + here + "," + there);
    }

    @BeforeEach
    void startStandby() {
        awaitLeads(operator);
        standby = start(leading.equals(here) ? there : here);
    }

    @AfterEach
    void endStandby() {
        standby.close();
    }

    @Test
    void the_second_one_stands_by_and_decides_nothing() {
        apply(shop(1, "one", 3));
        waitProgrammed();

        assertThat(readyz(standby)).startsWith("standing by for ").endsWith(holder() + "\n");
        assertThat(readyz(operator)).isEqualTo("ready\n");
        assertThat(metric(operator, "mpg_operator_leader")).isEqualTo(1);
        assertThat(metric(standby, "mpg_operator_leader")).isZero();
        assertThat(metric(operator, "mpg_sync_streams")).isEqualTo(1);
        assertThat(metric(standby, "mpg_sync_streams")).isZero();
        assertThat(metric(standby, "mpg_master_pushes_total")).isZero();
    }

    /** How a leader goes. */
    enum End {
        KILLED,
        TERMINATED
    }

    @ParameterizedTest
    @EnumSource
    void the_next_leader_goes_on_in_the_middle_of_a_wave_and_sends_nothing(End end) {
        apply(waves("one"));
        waitProgrammed();
        apply(waves("two"));
        await("one gateway has it").atMost(SOON).until(() -> versions().containsValue(1));
        Map<String, Integer> before = versions();
        List<String> cohort = proxy().getStatus().rollout().wave().cohort();
        double bytes = proxyMetrics().resourceBytes();
        List<Long> pids = pids();

        switch (end) {
            case KILLED -> operator.kill();
            case TERMINATED -> operator.terminate();
        }
        takeOver();

        await("the instance is back and has told of its gateways").atMost(SOON).untilAsserted(() -> {
            assertThat(metric(operator, "mpg_sync_streams")).isEqualTo(1);
            assertThat(scheduler().instances().getFirst().ready()).isTrue();
            assertThat(versions()).as(() -> proxy().getStatus().toString()).isEqualTo(before);
        });
        assertThat(proxy().getStatus().rollout().wave().cohort()).isEqualTo(cohort);
        assertThat(answers()).containsExactlyInAnyOrder("200 one", "200 one", "200 two");
        assertThat(proxyMetrics().resourceBytes()).as("bytes to gateways").isEqualTo(bytes);
        assertThat(metric(operator, "mpg_sync_blob_bytes_total"))
                .as("bytes to the instance")
                .isZero();
        assertThat(pids()).as("what runs was adopted").isEqualTo(pids);

        kubectl("annotate", "proxy/shop", "mpg.dev/rollout-command=promote id=" + end, "--overwrite");
        waitProgrammed();
        assertThat(answers()).containsOnly("200 two");
    }

    @Test
    void a_leader_that_loses_its_lease_ends_at_once_and_leaves_what_runs() throws IOException {
        apply(shop(1, "one", 3));
        waitProgrammed();
        double bytes = proxyMetrics().resourceBytes();
        List<Long> pids = pids();

        client.leases()
                .inNamespace("default")
                .withName("mpg-operator")
                .edit(lease -> new LeaseBuilder(lease)
                        .editSpec()
                        .withHolderIdentity("somebody")
                        .endSpec()
                        .build());

        assertThat(operator.awaitEnd()).isEqualTo(1);
        assertThat(Files.readString(state.resolve("operator.log")))
                .contains("mpg: this operator doesn't lead any more: Lease default/mpg-operator is held by somebody");
        assertThat(pids()).isEqualTo(pids);
        takeOver();
        assertThat(proxyMetrics().resourceBytes()).isEqualTo(bytes);
        apply(shop(1, "two", 3));
        waitProgrammed();
        assertThat(answers()).containsOnly("200 two");
        assertThat(pids()).isEqualTo(pids);
    }

    /** The one that stood by leads soon; another one takes its place at the next test. */
    private void takeOver() {
        awaitLeads(standby);
        operator = standby;
        leading = leading.equals(here) ? there : here;
        standby = start(leading.equals(here) ? there : here);
    }

    private static void awaitLeads(RunningOperator operator) {
        await("it leads")
                .atMost(TAKEOVER)
                .until(() -> metric(operator, "mpg_operator_leader") == 1
                        && readyz(operator).equals("ready\n"));
    }

    private static double metric(RunningOperator operator, String name) {
        return Metrics.of(operator.httpAddress()).sum(name);
    }

    private static String readyz(RunningOperator operator) {
        String url = "http://" + operator.httpAddress() + "/readyz";
        return Http.status(url) == 200 ? Http.get(url) : "";
    }

    private String holder() {
        return client.leases()
                .inNamespace("default")
                .withName("mpg-operator")
                .require()
                .getSpec()
                .getHolderIdentity();
    }

    private String waves(String backend) {
        return shop(3, backend, 3).replace("spec:\n", "spec:\n  rollout: {steps: [{gateways: 1, bake: 1h}]}\n");
    }
}
