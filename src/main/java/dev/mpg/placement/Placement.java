package dev.mpg.placement;

import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Which proxy instances serve which Proxy. Events say what changed; {@link #settle} then moves what must move, and says so.
 * After a restart {@link #restore} builds it from what statuses say: equal states settle equally, in any JVM and whatever the
 * order in which things were told.
 *
 * <p>With {@link Strategy#AffinityLeastLoaded} this is consistent hashing with bounded loads (<a
 * href="https://arxiv.org/abs/1608.01350">Mirrokni, Thorup and Zadimoghaddam, 2016</a>) where instances are told apart by load
 * first and by rendezvous hash second (<a href="https://doi.org/10.1109/90.663936">Thaler and Ravishankar, 1998</a>): we know
 * all loads, so that a choice need not be made blindly. Let W be the weight of all placed Proxies, m the number of instances, f
 * = 1+ε the load factor and C = ⌈f·W/m⌉ the cap. An instance is overloaded when its load without its largest Proxy is C or
 * more. What holds of primaries:
 *
 * <ul>
 *   <li><b>Load.</b> After settling with enough budget, load ≤ C − 1 + w, w being the largest weight on that instance; C − 1 <
 *       f·W/m, so load ≤ (1+ε)·average + w_max. With weights of 1, load ≤ C.
 *   <li><b>There always is a place.</b> The least-loaded instance has at most ⌊W/m⌋ without the one to place, and ⌊W/m⌋ + 1 ≤
 *       ⌈(W+w)/m⌉ ≤ C: a Proxy of any weight that comes to it leaves it not overloaded. This is the greedy bound of <a
 *       href="https://doi.org/10.1002/j.1538-7305.1966.tb01709.x">Graham, 1966</a>. So a Proxy that is added moves nobody: C
 *       doesn't fall, and the one instance that it changes isn't overloaded.
 *   <li><b>Fewest moves.</b> Who has no instance must move, and an instance of load L > C with weights of 1 must lose L − C;
 *       nobody else moves, as no move makes an instance overloaded. That is the lower bound: orphans + Σ max(0, L − C). With
 *       other weights each overloaded instance loses its next-largest ones, and no fewer would do.
 * </ul>
 *
 * <p>Instances that are suspect count in m, unless the others' average is larger without them: so suspicion lowers no cap and
 * moves nobody. They keep what they have, even above the cap. Those that drain or are lost don't count.
 *
 * <p>Gateways connect to the primary, and a standby holds the config. So primaries have the cap for themselves, and standbys one
 * among themselves. A primary that must move goes to a standby of its own where that has room, for it is warm; when its
 * instance is lost, to a standby in any case, and what that one then has too much moves as planned.
 *
 * <p>Not thread-safe. A decision takes O(m) for each Proxy that must be placed or moved, and at least once; restoring and another
 * policy take O(n log n) for n Proxies, beside.
 */
public final class Placement {
    private final Pool pool = new Pool();
    private final Map<String, Tenant> tenants = new HashMap<>();
    private PlacementPolicy policy;

    /** Those that the next settlement looks at; with their loads and what drains, that is all there is to do. */
    private Set<Tenant> touched = new HashSet<>();

    private boolean allTouched;

    /** Those that the next settlement after a change of the instances looks at: another instance may be what they lack. */
    private Set<Tenant> incomplete = new HashSet<>();

    /** Whose affinity counts in the next settlement, with their primaries by then. */
    private Map<Tenant, Slot> asked = new HashMap<>();

    private long turn;

    /** An empty pool. */
    public Placement(PlacementPolicy policy) {
        this.policy = policy;
    }

    /**
     * What is there, as gathered after a restart. Nothing moves before {@link #settle}.
     *
     * @param proxies each id once. Instances that {@code members} doesn't name are lost
     */
    public static Placement restore(
            PlacementPolicy policy, Collection<PoolMember> members, Collection<PlacedProxy> proxies) {
        Placement placement = new Placement(policy);
        members.forEach(placement::put);
        proxies.forEach(placement::adopt);
        return placement;
    }

    /** A Proxy that an earlier operator placed. Instances that nobody {@link #put} are lost. */
    public void adopt(PlacedProxy proxy) {
        Tenant tenant = new Tenant(proxy.id(), proxy.weight());
        if (tenants.putIfAbsent(tenant.id, tenant) != null) {
            throw new IllegalArgumentException("Proxy " + tenant.id + " is there twice");
        }
        for (String name : new LinkedHashSet<>(proxy.instances())) {
            Slot known = pool.get(name);
            Slot slot = known == null ? pool.put(name, "", InstanceState.Lost) : known;
            if (tenant.primary == null) {
                pool.setPrimary(tenant, slot);
            } else {
                pool.addStandby(tenant, slot);
            }
        }
        ask(tenant);
    }

    /** From the next settlement on. */
    public void policy(PlacementPolicy next) {
        policy = next;
        allTouched = true;
    }

    /** An instance is there, is in another state, or in another zone. */
    public void put(PoolMember member) {
        touch(pool.put(member.name(), member.zone(), member.state()));
    }

    /** An instance is gone. */
    public void lost(String name) {
        Slot slot = pool.get(name);
        if (slot != null) {
            touch(pool.put(name, slot.zone.name, InstanceState.Lost));
        }
    }

    private void touch(Slot slot) {
        touched.addAll(slot.primaries.tenants);
        touched.addAll(slot.standbys.tenants);
        touched.addAll(incomplete);
        incomplete = new HashSet<>();
    }

    /**
     * A Proxy is to be placed, or has another weight. One that is placed stays, whatever the strategy.
     *
     * @param weight gateways in its fleet; less than 1 counts as 1
     */
    public void place(String id, int weight) {
        Tenant tenant = tenants.get(id);
        if (tenant == null) {
            adopt(new PlacedProxy(id, weight, List.of()));
            return;
        }
        if (tenant.weight != Math.max(1, weight)) {
            pool.resize(tenant, Math.max(1, weight));
        }
        ask(tenant);
    }

    /** A Proxy is to be scheduled again: with affinity it stays, with another strategy it goes wherever that says. */
    public void reschedule(String id) {
        Tenant tenant = tenants.get(id);
        if (tenant == null) {
            throw new IllegalArgumentException("there is no Proxy " + id);
        }
        ask(tenant);
        turn++;
        if (policy.strategy() != Strategy.AffinityLeastLoaded && tenant.primary != null) {
            tenant.left = tenant.primary;
            pool.setPrimary(tenant, null);
        }
    }

    /** A Proxy is gone; it may have been so before. */
    public void remove(String id) {
        Tenant tenant = tenants.remove(id);
        if (tenant != null) {
            pool.vacate(tenant);
            touched.remove(tenant);
            incomplete.remove(tenant);
            asked.remove(tenant);
        }
    }

    private void ask(Tenant tenant) {
        touched.add(tenant);
        if (tenant.primary != null) {
            asked.putIfAbsent(tenant, tenant.primary);
        }
    }

    /**
     * Moves what must move.
     *
     * @param budget planned moves at most, 0 or more; forced ones are not limited
     */
    public Settlement settle(int budget) {
        if (budget < 0) {
            throw new IllegalArgumentException("a budget is at least 0 moves, not " + budget);
        }
        pool.rank();
        Settling settling = new Settling(pool, policy, turn, budget);
        settling.run(allTouched ? tenants.values() : touched);
        int hits = (int) asked.entrySet().stream()
                .filter(entry -> entry.getKey().primary == entry.getValue())
                .count();
        // Tables that were large once would take long to clear.
        asked = new HashMap<>();
        touched = new HashSet<>(settling.postponed());
        allTouched = false;
        incomplete.addAll(settling.incomplete());
        int unplaced = tenants.size() - pool.placed();
        pool.forgetLost();
        return new Settlement(settling.moves(), settling.left(), unplaced, hits);
    }

    /** Where a Proxy is as of the last settlement, the primary first; empty when it isn't placed or isn't known. */
    public List<String> instances(String id) {
        Tenant tenant = tenants.get(id);
        return tenant == null ? List.of() : tenant.instances();
    }

    /** All Proxies and where they are, such that {@link #restore} makes the same placement of them. */
    public List<PlacedProxy> proxies() {
        return tenants.values().stream()
                .map(tenant -> new PlacedProxy(tenant.id, tenant.weight, tenant.instances()))
                .sorted(Comparator.comparing(PlacedProxy::id))
                .toList();
    }

    /** Whether a Proxy is on this instance, also if it is to move by the next settlement. */
    public boolean uses(String instance) {
        Slot slot = pool.get(instance);
        return slot != null && !slot.isEmpty();
    }

    /** How many Proxies each instance has, as primary or standby, as of the last settlement; those that have any. */
    public Map<String, Integer> proxiesByInstance() {
        return pool.all().stream()
                .filter(slot -> !slot.isEmpty())
                .collect(Collectors.toMap(slot -> slot.name, Slot::proxies));
    }

    /** How even the load is as of the last settlement. */
    public LoadStatistics statistics() {
        List<Slot> live = pool.all().stream()
                .filter(slot -> slot.state != InstanceState.Lost)
                .toList();
        List<Long> counted = live.stream()
                .filter(slot -> slot.state != InstanceState.Draining)
                .map(slot -> slot.primaries.load)
                .toList();
        return new LoadStatistics(
                loads(live, slot -> slot.primaries.load),
                loads(live, slot -> slot.standbys.load),
                Math.sqrt(LoadStatistics.variance(counted)),
                LoadStatistics.peakToAverage(counted));
    }

    private static SortedMap<String, Long> loads(List<Slot> slots, Function<Slot, Long> load) {
        return slots.stream().collect(Collectors.toMap(slot -> slot.name, load, (one, _) -> one, TreeMap::new));
    }
}
