package dev.mpg.placement;

import java.util.Collection;
import java.util.Collections;
import java.util.SortedMap;
import java.util.TreeMap;

/**
 * How even the load is. Immutable.
 *
 * @param loads of each instance that isn't lost: the weights of the Proxies whose primary it is
 * @param standbyLoads the same for standbys
 * @param standardDeviation of the loads of instances that aren't draining, all of them being the population; 0 of none
 * @param peakToAverage the largest of those loads, divided by their average; 1 is even; 1 without load
 */
public record LoadStatistics(
        SortedMap<String, Long> loads,
        SortedMap<String, Long> standbyLoads,
        double standardDeviation,
        double peakToAverage) {
    public LoadStatistics {
        loads = Collections.unmodifiableSortedMap(new TreeMap<>(loads));
        standbyLoads = Collections.unmodifiableSortedMap(new TreeMap<>(standbyLoads));
    }

    /** The population's variance; 0 of none. */
    static double variance(Collection<Long> loads) {
        double average = average(loads);
        return loads.stream()
                .mapToDouble(load -> (load - average) * (load - average))
                .average()
                .orElse(0);
    }

    static double peakToAverage(Collection<Long> loads) {
        double average = average(loads);
        return average == 0 ? 1 : Collections.max(loads) / average;
    }

    private static double average(Collection<Long> loads) {
        return loads.stream().mapToLong(load -> load).average().orElse(0);
    }
}
