package dev.mpg.placement;

import dev.mpg.placement.Move.Role;
import dev.mpg.placement.Slot.Zone;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * The proxy instances, and who is on them. Those that are ready are kept side by side, so that the least-loaded of a thousand
 * is found by one look at each: simpler than an ordered structure, and fast enough.
 */
final class Pool {
    /** More than any load: the worst of another zone is better than the best of the one to avoid. */
    private static final long IN_AVOIDED_ZONE = 1L << 62;

    private final SortedMap<String, Slot> byName = new TreeMap<>();
    private final SortedMap<String, Zone> zones = new TreeMap<>();
    private final Zone whole = new Zone("");
    private Slot[] all = {};
    private Slot[] ready = {};
    private boolean changed;

    private long[] digests = {};

    /** Loads of those that are ready, by rank. */
    private long[] primaryLoads = {};

    private long[] standbyLoads = {};

    /** Adds an instance or changes it. */
    Slot put(String name, String zoneName, InstanceState state) {
        Zone zone = zones.computeIfAbsent(zoneName, Zone::new);
        Slot slot = byName.computeIfAbsent(name, _ -> new Slot(name, zone, state));
        slot.zone = zone;
        slot.state = state;
        changed = true;
        return slot;
    }

    @Nullable
    Slot get(String name) {
        return byName.get(name);
    }

    /** Forgets those that are lost and have nothing. */
    void forgetLost() {
        changed |= byName.values().removeIf(slot -> slot.state == InstanceState.Lost && slot.isEmpty());
    }

    /** To be called before anything is asked about loads, after instances were put. */
    void rank() {
        if (!changed) {
            return;
        }
        changed = false;
        all = byName.values().toArray(Slot[]::new);
        ready = byName.values().stream()
                .filter(slot -> slot.state == InstanceState.Ready)
                .toArray(Slot[]::new);
        digests = Arrays.stream(ready).mapToLong(slot -> slot.digest).toArray();
        primaryLoads =
                Arrays.stream(ready).mapToLong(slot -> slot.primaries.load).toArray();
        standbyLoads =
                Arrays.stream(ready).mapToLong(slot -> slot.standbys.load).toArray();
        byName.values().forEach(slot -> slot.rank = -1);
        for (int rank = 0; rank < ready.length; rank++) {
            ready[rank].rank = rank;
        }
    }

    /** In the order of their names. */
    List<Slot> all() {
        return Arrays.asList(all);
    }

    /** Those that take new work, in the order of their names. */
    List<Slot> ready() {
        return Arrays.asList(ready);
    }

    /** How many have a primary on an instance that isn't lost. */
    int placed() {
        int placed = 0;
        for (Slot slot : all) {
            placed += slot.state == InstanceState.Lost ? 0 : slot.primaries.tenants.size();
        }
        return placed;
    }

    void setPrimary(Tenant tenant, @Nullable Slot slot) {
        if (tenant.primary != null) {
            remove(Role.Primary, tenant.primary, tenant);
        }
        tenant.primary = slot;
        if (slot != null) {
            add(Role.Primary, slot, tenant);
        }
    }

    void addStandby(Tenant tenant, Slot slot) {
        tenant.standbys.add(slot);
        add(Role.Standby, slot, tenant);
    }

    void removeStandby(Tenant tenant, Slot slot) {
        tenant.standbys.remove(slot);
        remove(Role.Standby, slot, tenant);
    }

    /** {@code to} takes the place of {@code from} in the order of the standbys. */
    void replaceStandby(Tenant tenant, Slot from, Slot to) {
        tenant.standbys.set(tenant.standbys.indexOf(from), to);
        remove(Role.Standby, from, tenant);
        add(Role.Standby, to, tenant);
    }

    void resize(Tenant tenant, int weight) {
        Slot primary = tenant.primary;
        List<Slot> standbys = List.copyOf(tenant.standbys);
        vacate(tenant);
        tenant.weight = weight;
        setPrimary(tenant, primary);
        standbys.forEach(slot -> addStandby(tenant, slot));
    }

    void vacate(Tenant tenant) {
        setPrimary(tenant, null);
        List.copyOf(tenant.standbys).forEach(slot -> removeStandby(tenant, slot));
    }

    private void add(Role role, Slot slot, Tenant tenant) {
        slot.share(role).add(tenant);
        note(role, slot);
    }

    private void remove(Role role, Slot slot, Tenant tenant) {
        slot.share(role).remove(tenant);
        note(role, slot);
    }

    private void note(Role role, Slot slot) {
        if (slot.rank >= 0) {
            loads(role)[slot.rank] = slot.share(role).load;
        }
    }

    private long[] loads(Role role) {
        return role == Role.Primary ? primaryLoads : standbyLoads;
    }

    /**
     * Of the ready instances the one with the least load in this role, ties by rendezvous hash. A standby's is one that the
     * tenant isn't on.
     *
     * @param avoided the zone that is taken only when there is no other
     * @param only the zone that it must be in, if any
     */
    @Nullable
    Slot leastLoaded(Role role, Tenant tenant, @Nullable Zone avoided, @Nullable Zone only) {
        long[] load = loads(role);
        Slot best = null;
        long least = Long.MAX_VALUE;
        long highest = 0;
        for (int rank = 0; rank < load.length; rank++) {
            if (load[rank] > least) {
                continue;
            }
            Slot slot = ready[rank];
            long cost = avoided != null && slot.zone == avoided ? load[rank] + IN_AVOIDED_ZONE : load[rank];
            long weight = Digest.weight(tenant.digest, digests[rank]);
            boolean better = cost < least || (cost == least && Long.compareUnsigned(weight, highest) > 0);
            if (better && (only == null || slot.zone == only) && (role == Role.Primary || !tenant.isOn(slot))) {
                best = slot;
                least = cost;
                highest = weight;
            }
        }
        return best;
    }

    /** Equal hashes are told apart by the order of names, which is that of the ranks. */
    static boolean isPreferred(Tenant tenant, Slot slot, Slot other) {
        return Long.compareUnsigned(
                        Digest.weight(tenant.digest, slot.digest), Digest.weight(tenant.digest, other.digest))
                > 0;
    }

    /** The instances among which {@code slot}'s load in a role is evened out. Standbys that are spread stay in their zone. */
    Zone group(Role role, Slot slot, PlacementPolicy policy) {
        return role == Role.Standby && policy.spreadZones() ? slot.zone : whole;
    }

    /**
     * Finds the cap of each group: what its load makes per instance, times the load factor. An instance on which a Proxy is
     * already can't have its standby, so the standbys' average is over one instance less for each other replica; then there
     * always is one below it. No instance that is suspect lowers the cap of the others: so suspicion moves nobody.
     */
    void findCaps(Role role, PlacementPolicy policy) {
        int taken = role == Role.Primary ? 0 : policy.replicasPerProxy() - 1;
        zones.values().forEach(Zone::clear);
        whole.clear();
        for (Slot slot : all) {
            group(role, slot, policy).add(slot.state, slot.share(role).load);
        }
        zones.values().forEach(zone -> zone.findCap(policy, taken));
        whole.findCap(policy, taken);
    }
}
