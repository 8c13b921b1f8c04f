package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Proxies.clusterId;
import static dev.mpg.operator.proxy.Proxies.ref;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.config.Origin;
import dev.mpg.config.SpecReader;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.proxy.RunningConfigs.Running;
import dev.mpg.operator.scheduler.Pool;
import dev.mpg.rollout.RolloutState;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Reads what a Proxy asks for, once for each generation. */
final class SpecReview {
    private static final Logger log = LoggerFactory.getLogger(SpecReview.class);

    private final RunningConfigs configs;
    private final Infrastructure infrastructure;

    SpecReview(RunningConfigs configs, Infrastructure infrastructure) {
        this.configs = configs;
        this.infrastructure = infrastructure;
    }

    /** The verdict for this generation, and what is in force. An accepted spec that did not change isn't read again. */
    Running running(Proxy proxy, Proxy holder, boolean schedulerExists) {
        Optional<Running> earlier =
                configs.get(clusterId(proxy)).filter(running -> running.owner().equals(ResourceID.fromResource(proxy)));
        boolean unchanged = earlier.map(
                        running -> running.uid().equals(proxy.getMetadata().getUid())
                                && running.generation() == proxy.getMetadata().getGeneration()
                                && running.verdict() instanceof Verdict.Accepted)
                .orElse(false);
        if (unchanged && schedulerExists && ref(proxy).equals(ref(holder))) {
            return earlier.orElseThrow();
        }
        RolloutPolicies.Reading policy = RolloutPolicies.read(
                new Origin(ref(proxy), "spec"), proxy.getSpec().rollout());
        Verdict verdict = Admission.decide(new Admission.Facts(
                ref(proxy),
                clusterId(proxy),
                ref(holder),
                Pool.schedulerName(proxy),
                schedulerExists,
                infrastructure.reservedPorts(),
                policy.refusing(SpecReader.read(ref(proxy), proxy.getSpec()))));
        return new Running(
                ResourceID.fromResource(proxy),
                proxy.getMetadata().getUid(),
                proxy.getMetadata().getGeneration(),
                verdict,
                verdict instanceof Verdict.Accepted
                        ? policy.policy()
                        : earlier.map(Running::policy).orElse(policy.policy()),
                verdict instanceof Verdict.Accepted
                        ? policy.analysis()
                        : earlier.map(Running::analysis).orElse(policy.analysis()),
                earlier.map(Running::state).orElseGet(() -> stored(proxy)),
                "");
    }

    /** How far the rollout had come when this operator started. */
    private static RolloutState stored(Proxy proxy) {
        ProxyStatus status = proxy.getStatus();
        if (status == null || status.rollout() == null) {
            return RolloutState.NONE;
        }
        try {
            return RolloutRecord.read(status.rollout());
        } catch (IllegalArgumentException e) {
            log.error("{}: the rollout begins anew: {}", ref(proxy), e.getMessage());
            return RolloutState.NONE;
        }
    }
}
