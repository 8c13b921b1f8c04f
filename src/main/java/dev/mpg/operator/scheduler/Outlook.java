package dev.mpg.operator.scheduler;

import dev.mpg.placement.InstanceState;
import dev.mpg.placement.LoadStatistics;
import java.time.Duration;
import java.time.Instant;
import java.util.Map;
import java.util.Optional;

/**
 * How a pool is. Immutable.
 *
 * @param states of its instances, also of those that are not wanted any more and still have something
 * @param proxies how many Proxies each is to serve, as primary or standby
 * @param totals what was decided since this operator began
 * @param left moves that wait
 * @param unplaced Proxies for which there is no instance
 * @param lookAgain when something changes by itself
 */
record Outlook(
        Map<String, InstanceState> states,
        Map<String, Integer> proxies,
        LoadStatistics loads,
        Totals totals,
        int left,
        int unplaced,
        Optional<Instant> lookAgain) {

    /** How long it is until then: never less than nothing, for it may be past once the pool has been looked at. */
    Optional<Duration> lookAgainIn(Instant now) {
        return lookAgain.map(time -> now.isBefore(time) ? Duration.between(now, time) : Duration.ZERO);
    }
}
