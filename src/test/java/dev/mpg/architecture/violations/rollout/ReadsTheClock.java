package dev.mpg.architecture.violations.rollout;

import java.time.Clock;
import java.time.Instant;

final class ReadsTheClock {
    Instant breakTheRule(Clock clock) {
        return clock.instant();
    }
}
