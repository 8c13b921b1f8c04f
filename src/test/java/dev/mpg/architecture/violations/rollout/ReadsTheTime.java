package dev.mpg.architecture.violations.rollout;

import java.time.Instant;

final class ReadsTheTime {
    Instant breakTheRule() {
        return Instant.now();
    }
}
