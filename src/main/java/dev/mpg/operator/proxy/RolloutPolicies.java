package dev.mpg.operator.proxy;

import dev.mpg.api.ProxySpec;
import dev.mpg.config.GatewayDuration;
import dev.mpg.config.Origin;
import dev.mpg.config.Problem;
import dev.mpg.config.SpecReader;
import dev.mpg.rollout.AnalysisPolicy;
import dev.mpg.rollout.AnalysisPolicy.OnNoTraffic;
import dev.mpg.rollout.OnFailure;
import dev.mpg.rollout.RolloutPolicy;
import dev.mpg.rollout.Share;
import dev.mpg.rollout.Step;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads how a Proxy wants its changes rolled out. Like {@link dev.mpg.config.SpecReader} it doesn't lean on the API server's
 * schema.
 */
final class RolloutPolicies {
    /** One gateway takes a change before the others: what Envoy refuses reaches no second one, and it costs one more ACK. */
    private static final List<Step> DEFAULT_STEPS =
            List.of(new Step(new Share.Count(1), Duration.ZERO), new Step(Share.WHOLE, Duration.ZERO));

    /** Of a Proxy that doesn't say. */
    static final RolloutPolicy DEFAULT = new RolloutPolicy(DEFAULT_STEPS, Duration.ofSeconds(15), OnFailure.Rollback);

    private static final Duration SHORTEST_ACK_TIMEOUT = Duration.ofSeconds(1);
    private static final Duration LONGEST = Duration.ofHours(24);

    private static final Pattern PERCENTAGE = Pattern.compile("[0-9]{1,3}(\\.[0-9]{1,2})?%");

    private final List<Problem> problems = new ArrayList<>();

    private RolloutPolicies() {}

    /**
     * What came of reading one.
     *
     * @param policy what it says, with the default for each field that can't be used
     * @param analysis what is asked of a wave's traffic, likewise
     * @param problems empty when all can be used
     */
    record Reading(RolloutPolicy policy, AnalysisPolicy analysis, List<Problem> problems) {
        /** What came of reading the spec, refused for these problems too. */
        SpecReader.Reading refusing(SpecReader.Reading rest) {
            List<Problem> all = new ArrayList<>();
            if (rest instanceof SpecReader.Reading.Refused(var others)) {
                all.addAll(others);
            }
            all.addAll(problems);
            return all.isEmpty() ? rest : new SpecReader.Reading.Refused(List.copyOf(all));
        }
    }

    static Reading read(Origin spec, ProxySpec.@Nullable Rollout from) {
        if (from == null) {
            return new Reading(DEFAULT, AnalysisPolicy.DEFAULT, List.of());
        }
        RolloutPolicies reader = new RolloutPolicies();
        Origin origin = spec.field("rollout");
        RolloutPolicy policy = new RolloutPolicy(
                reader.steps(origin.field("steps"), from.steps()),
                reader.duration(
                        origin.field("ackTimeout"), from.ackTimeout(), DEFAULT.ackTimeout(), SHORTEST_ACK_TIMEOUT),
                from.onFailure() == ProxySpec.OnFailure.Pause ? OnFailure.Pause : OnFailure.Rollback);
        AnalysisPolicy analysis = reader.analysis(origin.field("analysis"), from.analysis());
        return new Reading(policy, analysis, List.copyOf(reader.problems));
    }

    private List<Step> steps(Origin origin, @Nullable List<ProxySpec.Step> from) {
        if (from == null || from.isEmpty()) {
            return DEFAULT_STEPS;
        }
        List<Step> steps = new ArrayList<>();
        for (int i = 0; i < from.size(); i++) {
            Origin at = origin.index(i);
            Duration bake = duration(at.field("bake"), from.get(i).bake(), Duration.ZERO, Duration.ZERO);
            share(at.field("gateways"), from.get(i).gateways()).ifPresent(share -> steps.add(new Step(share, bake)));
        }
        return steps;
    }

    private AnalysisPolicy analysis(Origin origin, ProxySpec.@Nullable Analysis from) {
        AnalysisPolicy absent = AnalysisPolicy.DEFAULT;
        if (from == null) {
            return absent;
        }
        long minRequests = Optional.ofNullable(from.minRequests()).orElse(absent.minRequests());
        if (minRequests < 1) {
            problems.add(new Problem(
                    origin.field("minRequests"), "'" + minRequests + "' is less than 1", "give at least 1"));
            minRequests = absent.minRequests();
        }
        return new AnalysisPolicy(
                minRequests,
                from.maxErrorRatioIncrease() == null
                        ? absent.maxErrorRatioIncrease()
                        : ratio(origin.field("maxErrorRatioIncrease"), from.maxErrorRatioIncrease()),
                from.onNoTraffic() == ProxySpec.OnNoTraffic.Pause ? OnNoTraffic.Pause : OnNoTraffic.Continue);
    }

    private double ratio(Origin origin, String from) {
        if (PERCENTAGE.matcher(from).matches()) {
            double percent = Double.parseDouble(from.substring(0, from.length() - 1));
            if (percent <= 100) {
                return percent / 100;
            }
        }
        problems.add(new Problem(origin, "'" + from + "' is no share of requests", "write it like 2% or 0.5%"));
        return AnalysisPolicy.DEFAULT.maxErrorRatioIncrease();
    }

    private Optional<Share> share(Origin origin, @Nullable IntOrString from) {
        String text = from == null ? "" : String.valueOf(from.getValue());
        try {
            return Optional.of(Share.parse(text));
        } catch (IllegalArgumentException e) {
            problems.add(new Problem(
                    origin, "'" + text + "' is no share of a fleet", "give 1% to 100%, or a number of gateways"));
            return Optional.empty();
        }
    }

    private Duration duration(Origin origin, @Nullable String from, Duration absent, Duration shortest) {
        if (from == null) {
            return absent;
        }
        Optional<Duration> duration = GatewayDuration.parse(from)
                .filter(given -> given.compareTo(shortest) >= 0 && given.compareTo(LONGEST) <= 0);
        if (duration.isEmpty()) {
            problems.add(new Problem(
                    origin,
                    "'" + from + "' is not a duration of " + shortest.toSeconds() + "s to 24h",
                    "write it like 3s, 500ms or 1m30s"));
        }
        return duration.orElse(absent);
    }
}
