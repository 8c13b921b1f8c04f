package dev.mpg.placement;

import java.time.Duration;
import java.time.Instant;
import java.util.Collection;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.Predicate;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * How the gateways of a Proxy get from the instances that serve it to those that should, make before break: gateways are sent to
 * an instance when it serves what the others do, and the one that they left serves on for a while. Those that went to a standby
 * while the primary was away are sent back once, when it serves again: one that can't reach it may stay where it is. Immutable.
 *
 * @param instances where gateways are sent, the first one first
 * @param leaving the instances, standbys too, that they are to leave, and since when
 * @param primaryAway whether the first one was away and has not served since
 */
public record Handover(List<String> instances, Map<String, Instant> leaving, boolean primaryAway) {
    /**
     * The least time that an instance which gateways left serves on, whatever the drain timeout: its streams end spread over
     * 5 s, and who came back to it meanwhile leaves 5 to 10 s after that.
     */
    public static final Duration SHORTEST_DRAIN = Duration.ofSeconds(15);

    public Handover {
        instances = List.copyOf(instances);
        leaving = Map.copyOf(leaving);
    }

    /** As an earlier operator left it. */
    public static Handover at(List<String> instances) {
        return new Handover(instances, Map.of(), false);
    }

    /**
     * What is there.
     *
     * @param connected the instances that are connected to the Master
     * @param serving those that serve what the Proxy's gateways should have
     * @param visited those that have gateways
     */
    public record Observation(Set<String> connected, Set<String> serving, Set<String> visited) {}

    /**
     * The next step.
     *
     * @param planned the instances that should serve the Proxy, the primary first
     * @param drainTimeout how long the instance that gateways left serves on; at least {@link #SHORTEST_DRAIN}
     */
    public Handover next(List<String> planned, Observation seen, Instant now, Duration drainTimeout) {
        List<String> next = instances(planned, seen.connected, seen.serving);
        boolean primaryIsBack = primaryAway && next.stream().limit(1).anyMatch(seen.serving::contains);
        boolean awayNow = next.stream().limit(1).noneMatch(seen.connected::contains);
        Map<String, Instant> left = new TreeMap<>(leaving);
        // The primary that is a standby now is left, too; other standbys have gateways only when the primary was away.
        instances.stream()
                .filter(instance -> !next.contains(instance)
                        || isFirst(instances, instance)
                        || (primaryIsBack && seen.visited.contains(instance)))
                .forEach(instance -> left.putIfAbsent(instance, now));
        // After the clock was put back, else it would last until the old time is reached again.
        left.replaceAll((_, since) -> since.isAfter(now) ? now : since);
        left.keySet().removeIf(instance -> isFirst(next, instance) || !seen.connected.contains(instance));
        left.values().removeIf(since -> !now.isBefore(drained(since, drainTimeout)));
        return new Handover(next, left, awayNow || (primaryAway && !primaryIsBack));
    }

    private List<String> instances(List<String> planned, Set<String> connected, Set<String> serving) {
        if (instances.isEmpty()) {
            return planned;
        }
        // One that gateways know already may be away for a moment.
        Predicate<String> usable = instance -> serving.contains(instance) || instances.contains(instance);
        if (planned.isEmpty() || !usable.test(planned.getFirst())) {
            return instances;
        }
        String first = instances.getFirst();
        boolean isServed = connected.contains(first) && serving.contains(first);
        if (isServed && !planned.getFirst().equals(first) && !serving.contains(planned.getFirst())) {
            return instances;
        }
        // A standby is given up for one that serves.
        return Stream.concat(
                        planned.stream().filter(usable),
                        instances.stream()
                                .filter(instance -> connected.contains(instance) && !planned.contains(instance)))
                .limit(planned.size())
                .toList();
    }

    private static boolean isFirst(List<String> instances, String instance) {
        return !instances.isEmpty() && instances.getFirst().equals(instance);
    }

    /** The instances that have to hold the Proxy's config. */
    public Set<String> holders(List<String> planned) {
        return Stream.of(instances, planned, leaving.keySet())
                .flatMap(Collection::stream)
                .collect(Collectors.toCollection(LinkedHashSet::new));
    }

    /** The instances on which there may be gateways. */
    public Set<String> visitable() {
        return Stream.concat(instances.stream(), leaving.keySet().stream()).collect(Collectors.toSet());
    }

    /** When an instance that gateways left has served long enough; empty when there is none. */
    public Optional<Instant> wakeUp(Duration drainTimeout) {
        return leaving.values().stream().min(Instant::compareTo).map(since -> drained(since, drainTimeout));
    }

    private static Instant drained(Instant since, Duration drainTimeout) {
        return since.plus(drainTimeout.compareTo(SHORTEST_DRAIN) < 0 ? SHORTEST_DRAIN : drainTimeout);
    }
}
