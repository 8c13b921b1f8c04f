package dev.mpg.cli.kubectl;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.Optional;

/** Whether what a Proxy's spec asks for now has arrived. */
enum Ending {
    /** Every gateway ACKed it. */
    PROGRAMMED,
    /** It was refused, went back, or is stopped by a failure: nothing more happens by itself. */
    FAILED,
    /** It isn't decided yet, or somebody paused it. */
    OPEN;

    static Ending of(Proxy proxy) {
        Optional<ProxyStatus> status = Optional.ofNullable(proxy.getStatus())
                .filter(now -> proxy.getMetadata().getGeneration().equals(now.observedGeneration()));
        if (status.isEmpty()) {
            return OPEN;
        }
        if (says(status.get(), "Accepted", "False")) {
            return FAILED;
        }
        if (says(status.get(), "Programmed", "True")) {
            return PROGRAMMED;
        }
        ProxyStatus.Rollout rollout = status.get().rollout();
        if (rollout == null) {
            return OPEN;
        }
        return switch (rollout.phase()) {
            case RolledBack, Failed -> FAILED;
            case Paused -> rollout.failure() == null ? OPEN : FAILED;
            case Pending, Progressing, RollingBack, Complete -> OPEN;
        };
    }

    static Optional<Condition> condition(ProxyStatus status, String type) {
        return Optional.ofNullable(status.conditions()).stream()
                .flatMap(java.util.List::stream)
                .filter(condition -> type.equals(condition.getType()))
                .findFirst();
    }

    private static boolean says(ProxyStatus status, String type, String value) {
        return condition(status, type)
                .filter(condition -> value.equals(condition.getStatus()))
                .isPresent();
    }
}
