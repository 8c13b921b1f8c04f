package dev.mpg.rollout;

import java.time.Instant;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;

/**
 * The part of the fleet that was asked to run the target. Immutable.
 *
 * @param number counts all waves of the Proxy, so it names this one. A gateway that refused the target in an earlier wave is
 *     to be asked again when the number has changed
 * @param step index of the policy's step that it was opened for
 * @param share the share of the fleet that the cohort may be, as of then
 * @param cohort the gateways that get the target, those that joined first before the others, by rank among those that joined
 *     together. While there is no stable version it's empty and everybody gets the target
 * @param openedAt when it was opened
 * @param asked who is connected, was sent the target and has not ACKed it, and since when that has been so without
 *     interruption
 * @param excused who had refused the target before this wave opened, and has said nothing new since
 * @param ackedAt since when, without interruption, the whole cohort has ACKed: then the bake began. Not hearing of a gateway
 *     because its proxy is unheard is no interruption
 */
public record Wave(
        int number,
        int step,
        Share share,
        List<String> cohort,
        Instant openedAt,
        Map<String, Instant> asked,
        Set<String> excused,
        Optional<Instant> ackedAt) {
    public Wave {
        cohort = List.copyOf(cohort);
        asked = Collections.unmodifiableMap(new TreeMap<>(asked));
        excused = Collections.unmodifiableSet(new TreeSet<>(excused));
    }

    /** Nothing in it is later than {@code now}: a clock that was put back makes nobody wait for it to catch up. */
    Wave notLaterThan(Instant now) {
        Map<String, Instant> earlier = new TreeMap<>(asked);
        earlier.replaceAll((gateway, at) -> earlier(at, now));
        return new Wave(
                number,
                step,
                share,
                cohort,
                earlier(openedAt, now),
                earlier,
                excused,
                ackedAt.map(at -> earlier(at, now)));
    }

    static Instant earlier(Instant a, Instant b) {
        return a.isBefore(b) ? a : b;
    }
}
