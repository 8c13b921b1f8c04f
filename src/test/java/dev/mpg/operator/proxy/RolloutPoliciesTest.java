package dev.mpg.operator.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.ProxySpec;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Origin;
import dev.mpg.config.Problem;
import dev.mpg.config.SpecReader;
import dev.mpg.rollout.AnalysisPolicy;
import dev.mpg.rollout.OnFailure;
import dev.mpg.rollout.RolloutPolicy;
import dev.mpg.rollout.Share;
import dev.mpg.rollout.Step;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class RolloutPoliciesTest {
    private static final Origin SPEC = new Origin(new ObjectRef("Proxy", "edge", "shop"), "spec");

    private static RolloutPolicies.Reading read(ProxySpec.@Nullable Rollout rollout) {
        return RolloutPolicies.read(SPEC, rollout);
    }

    private static RolloutPolicies.Reading steps(ProxySpec.Step... steps) {
        return read(new ProxySpec.Rollout(Arrays.asList(steps), null, null, null));
    }

    private static ProxySpec.Step step(@Nullable IntOrString gateways, @Nullable String bake) {
        return new ProxySpec.Step(gateways, bake);
    }

    private static RolloutPolicies.Reading analysis(@Nullable Long minRequests, @Nullable String ratio) {
        return read(new ProxySpec.Rollout(null, null, null, new ProxySpec.Analysis(minRequests, ratio, null)));
    }

    private static List<String> fields(RolloutPolicies.Reading reading) {
        return reading.problems().stream()
                .map(problem -> problem.origin().field())
                .toList();
    }

    @Test
    void a_proxy_that_says_nothing_changes_one_gateway_before_the_others() {
        for (ProxySpec.Rollout nothing : Arrays.asList(null, new ProxySpec.Rollout(null, null, null, null))) {
            RolloutPolicies.Reading reading = read(nothing);
            assertThat(reading.policy().steps())
                    .containsExactly(new Step(new Share.Count(1), Duration.ZERO), new Step(Share.WHOLE, Duration.ZERO));
            assertThat(reading.policy().ackTimeout()).isEqualTo(Duration.ofSeconds(15));
            assertThat(reading.policy().onFailure()).isEqualTo(OnFailure.Rollback);
            assertThat(reading.analysis()).isEqualTo(AnalysisPolicy.DEFAULT);
            assertThat(reading.problems()).isEmpty();
        }
        assertThat(steps().policy()).isEqualTo(RolloutPolicies.DEFAULT);
    }

    @Test
    void what_is_said_is_taken() {
        RolloutPolicies.Reading reading = read(new ProxySpec.Rollout(
                List.of(step(new IntOrString("10%"), "30s"), step(new IntOrString(3), null)),
                "1m30s",
                ProxySpec.OnFailure.Pause,
                new ProxySpec.Analysis(5L, "0.5%", ProxySpec.OnNoTraffic.Pause)));
        assertThat(reading.problems()).isEmpty();
        assertThat(reading.policy())
                .isEqualTo(new RolloutPolicy(
                        List.of(
                                new Step(new Share.Percent(10), Duration.ofSeconds(30)),
                                new Step(new Share.Count(3), Duration.ZERO),
                                new Step(Share.WHOLE, Duration.ZERO)),
                        Duration.ofSeconds(90),
                        OnFailure.Pause));
        assertThat(reading.analysis()).isEqualTo(new AnalysisPolicy(5, 0.005, AnalysisPolicy.OnNoTraffic.Pause));
    }

    @ParameterizedTest
    @CsvSource({"1s, 1", "24h, 86400", "1500ms, 1.5"})
    void an_ack_timeout_is_one_second_to_a_day(String timeout, double seconds) {
        RolloutPolicies.Reading reading = read(new ProxySpec.Rollout(null, timeout, null, null));
        assertThat(reading.problems()).isEmpty();
        assertThat(reading.policy().ackTimeout()).isEqualTo(Duration.ofMillis((long) (seconds * 1000)));
    }

    @ParameterizedTest
    @ValueSource(strings = {"999ms", "0s", "24h1ms", "1000h", "-1s", "", "1", "soon", "99999999999999999999h"})
    void any_other_is_a_problem_and_the_default_holds(String timeout) {
        RolloutPolicies.Reading reading = read(new ProxySpec.Rollout(null, timeout, null, null));
        assertThat(fields(reading)).containsExactly("spec.rollout.ackTimeout");
        assertThat(reading.policy().ackTimeout()).isEqualTo(Duration.ofSeconds(15));
    }

    @ParameterizedTest
    @ValueSource(strings = {"0%", "101%", "0", "-1", "1.5%", "half", "", "%", "99999999999"})
    void a_share_that_is_none_is_a_problem(String share) {
        RolloutPolicies.Reading reading = steps(step(new IntOrString(1), null), step(new IntOrString(share), null));
        assertThat(fields(reading)).containsExactly("spec.rollout.steps[1].gateways");
    }

    @Test
    void a_share_that_is_missing_is_a_problem() {
        assertThat(fields(steps(step(null, "1s")))).containsExactly("spec.rollout.steps[0].gateways");
    }

    @Test
    void a_bake_that_is_none_is_a_problem() {
        RolloutPolicies.Reading reading = steps(step(new IntOrString(1), "25h"), step(new IntOrString(2), "x"));
        assertThat(fields(reading)).containsExactly("spec.rollout.steps[0].bake", "spec.rollout.steps[1].bake");
        assertThat(reading.problems().getFirst().message()).contains("25h", "24h");
        assertThat(steps(step(new IntOrString(1), "0s")).problems()).isEmpty();
    }

    @ParameterizedTest
    @CsvSource({"0%, 0", "2%, 0.02", "0.25%, 0.0025", "100%, 1"})
    void an_increase_is_a_share_of_requests(String text, double ratio) {
        assertThat(analysis(null, text).problems()).isEmpty();
        assertThat(analysis(null, text).analysis().maxErrorRatioIncrease()).isEqualTo(ratio);
    }

    @ParameterizedTest
    @ValueSource(strings = {"2", "100.01%", "999%", "-1%", "0.125%", ".5%", "", "%"})
    void any_other_increase_is_a_problem(String text) {
        RolloutPolicies.Reading reading = analysis(null, text);
        assertThat(fields(reading)).containsExactly("spec.rollout.analysis.maxErrorRatioIncrease");
        assertThat(reading.analysis().maxErrorRatioIncrease())
                .isEqualTo(AnalysisPolicy.DEFAULT.maxErrorRatioIncrease());
    }

    @ParameterizedTest
    @ValueSource(longs = {0, -1})
    void fewer_than_one_request_is_a_problem(long minRequests) {
        RolloutPolicies.Reading reading = analysis(minRequests, null);
        assertThat(fields(reading)).containsExactly("spec.rollout.analysis.minRequests");
        assertThat(reading.analysis().minRequests()).isEqualTo(AnalysisPolicy.DEFAULT.minRequests());
    }

    @Test
    void its_problems_come_after_those_of_the_rest_of_the_spec() {
        Problem other = new Problem(SPEC.field("routes"), "wrong", "mend it");
        RolloutPolicies.Reading reading = read(new ProxySpec.Rollout(null, "soon", null, null));
        SpecReader.Reading.Refused rest = new SpecReader.Reading.Refused(List.of(other));
        assertThat(reading.refusing(rest))
                .isEqualTo(new SpecReader.Reading.Refused(
                        List.of(other, reading.problems().getFirst())));
        assertThat(read(null).refusing(rest)).isEqualTo(rest);
    }
}
