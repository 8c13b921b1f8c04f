package dev.mpg.placement;

import java.util.HashSet;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/** A proxy instance and what it has. */
final class Slot {
    /** What it has in one role. The tenants are in no order that could be relied on. */
    static final class Share {
        final Set<Tenant> tenants = new HashSet<>();
        long load;
        private final TreeMap<Integer, Integer> countByWeight = new TreeMap<>();

        void add(Tenant tenant) {
            tenants.add(tenant);
            load += tenant.weight;
            countByWeight.merge(tenant.weight, 1, Integer::sum);
        }

        void remove(Tenant tenant) {
            tenants.remove(tenant);
            load -= tenant.weight;
            countByWeight.computeIfPresent(tenant.weight, (_, count) -> count == 1 ? null : count - 1);
        }

        /** How many, the largest first but for the very largest, have this load together. Takes time by different weights. */
        int nextLargest(long load) {
            int count = 0;
            int spared = 1;
            long left = load;
            for (Map.Entry<Integer, Integer> entry :
                    countByWeight.descendingMap().entrySet()) {
                if (left <= 0) {
                    break;
                }
                int weight = entry.getKey();
                long taken = Math.min(entry.getValue() - spared, Math.ceilDiv(left, weight));
                count += (int) taken;
                left -= taken * weight;
                spared = 0;
            }
            return count;
        }

        /** The largest weight; 0 when there is none. */
        int heaviest() {
            return countByWeight.isEmpty() ? 0 : countByWeight.lastKey();
        }
    }

    final String name;
    final long digest;
    final Share primaries = new Share();
    final Share standbys = new Share();
    Zone zone;
    InstanceState state;

    /** Its place among those that are ready; negative when it isn't. */
    int rank = -1;

    Slot(String name, Zone zone, InstanceState state) {
        this.name = name;
        this.digest = Digest.of(name);
        this.zone = zone;
        this.state = state;
    }

    Share share(Move.Role role) {
        return role == Move.Role.Primary ? primaries : standbys;
    }

    int proxies() {
        return primaries.tenants.size() + standbys.tenants.size();
    }

    boolean isEmpty() {
        return proxies() == 0;
    }

    /** Instances among which load is evened out: those of a zone, or all of them. */
    static final class Zone {
        final String name;

        /** As of the last {@link Pool#findCaps}; no cap when it is the largest of all numbers. */
        long cap;

        private long load;
        private long suspectLoad;
        private int ready;
        private int suspects;

        Zone(String name) {
            this.name = name;
        }

        void clear() {
            load = 0;
            suspectLoad = 0;
            ready = 0;
            suspects = 0;
        }

        void add(InstanceState state, long more) {
            load += more;
            switch (state) {
                case Ready -> ready++;
                case Suspect -> {
                    suspects++;
                    suspectLoad += more;
                }
                case Draining, Lost -> {}
            }
        }

        void findCap(PlacementPolicy policy, int taken) {
            cap = ready > taken
                    ? Math.max(
                            policy.cap(load, ready + suspects - taken), policy.cap(load - suspectLoad, ready - taken))
                    : Long.MAX_VALUE;
        }
    }
}
