package dev.mpg.operator.scheduler;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerStatus;
import dev.mpg.master.Instance;
import dev.mpg.placement.InstanceState;
import dev.mpg.placement.Liveness;
import dev.mpg.placement.Move;
import dev.mpg.placement.PlacedProxy;
import dev.mpg.placement.Placement;
import dev.mpg.placement.PoolMember;
import dev.mpg.placement.Settlement;
import java.time.Duration;
import java.time.Instant;
import java.time.InstantSource;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BooleanSupplier;
import java.util.function.Consumer;
import java.util.function.Supplier;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Which instances serve which Proxy, for all Schedulers: keeps each one's {@link Placement} as Proxies and instances come and go,
 * and has the Proxies looked at that were moved. Thread-safe; a decision is short and waits for nobody.
 */
public final class Scheduling {
    /** How long gateways count on that aren't connected any more: those that move are between two streams. */
    static final Duration RECONNECTING = Duration.ofSeconds(15);

    /** How soon a pool is looked at again while not all Proxies have been seen. */
    private static final Duration STARTING = Duration.ofSeconds(1);

    private final Supplier<List<Instance>> instances;
    private final Consumer<String> moved;
    private final Consumer<String> concerned;
    private final BooleanSupplier allSeen;
    private final InstantSource clock;

    /** By Scheduler. */
    @GuardedBy("this")
    private final Map<String, Plan> plans = new HashMap<>();

    /** The Scheduler of each cluster id. */
    @GuardedBy("this")
    private final Map<String, String> schedulers = new HashMap<>();

    /** Instances that hold something of a Proxy, of whatever pool, by cluster id: these may be more than those planned. */
    @GuardedBy("this")
    private final Map<String, Set<String>> holders = new HashMap<>();

    /** Of how many Proxies each of them holds something. */
    @GuardedBy("this")
    private final Map<String, Integer> held = new HashMap<>();

    /** How many gateways each instance has of a Proxy, by cluster id. */
    @GuardedBy("this")
    private final Map<String, Map<String, Integer>> visitors = new HashMap<>();

    /** What is kept of one Scheduler. Guarded like all. */
    private static final class Plan {
        final Placement placement;
        SchedulerPolicy policy;
        final Map<String, Liveness> liveness = new TreeMap<>();
        final Map<String, InstanceState> states = new TreeMap<>();
        final MoveBudget budget = new MoveBudget();
        /** By cluster id. */
        final Map<String, Integer> weights = new HashMap<>();

        /** Those that have become less, by cluster id. */
        final Map<String, Less> less = new HashMap<>();

        Totals totals = Totals.NONE;
        int left;
        int unplaced;

        Plan(SchedulerPolicy policy) {
            this.policy = policy;
            this.placement = new Placement(policy.placement());
        }
    }

    /**
     * A Proxy has fewer gateways than it weighs.
     *
     * @param most since then
     * @param last now
     */
    private record Less(int most, int last, Instant since) {
        Less then(int weight) {
            return new Less(Math.max(most, weight), weight, since);
        }

        Instant counts() {
            return since.plus(RECONNECTING);
        }

        /** After the clock was put back it begins anew: else it would last until the old time is reached again. */
        Less at(Instant now) {
            return since.isAfter(now) ? new Less(most, last, now) : this;
        }
    }

    /**
     * Knows no Scheduler yet.
     *
     * @param instances those that the Master knows; asked at each decision
     * @param moved is given the cluster ids of Proxies whose instances have changed. Must be quick, and not decide
     * @param concerned is given the names of Schedulers whose pool is to be looked at: something of a Proxy concerns it that
     *     is not in the Proxy's spec. Must be quick
     * @param allSeen whether all Proxies have been {@link #place placed} once since the start: until then nothing moves that
     *     could wait
     */
    public Scheduling(
            Supplier<List<Instance>> instances,
            Consumer<String> moved,
            Consumer<String> concerned,
            BooleanSupplier allSeen,
            InstantSource clock) {
        this.instances = instances;
        this.moved = moved;
        this.concerned = concerned;
        this.allSeen = allSeen;
        this.clock = clock;
    }

    /**
     * The instances that should serve a Proxy, the primary first; empty while there is none.
     *
     * @param weight gateways in its fleet; fewer than before count only when they have been fewer for {@link #RECONNECTING}
     * @param before where it is, as its status says: counts the first time that this operator sees it
     */
    public List<String> place(Scheduler scheduler, String clusterId, int weight, List<String> before) {
        String name = scheduler.getMetadata().getName();
        Set<String> pools = new HashSet<>();
        Set<String> changed = Set.of();
        List<String> placed;
        synchronized (this) {
            Plan plan = plan(scheduler, before);
            String earlier = schedulers.put(clusterId, name);
            if (earlier != null && !earlier.equals(name)) {
                forget(earlier, clusterId);
                pools.add(earlier);
            }
            int less = plan.less.size();
            if (weigh(plan, clusterId, weight, Pool.of(name, before))) {
                changed = settle(plan, 0);
                changed.remove(clusterId);
                pools.add(name);
            } else if (plan.less.size() > less) {
                pools.add(name);
            }
            placed = plan.placement.instances(clusterId);
        }
        changed.forEach(moved);
        pools.forEach(concerned);
        return placed;
    }

    /** Whether the placement has to be settled. */
    @GuardedBy("this")
    private boolean weigh(Plan plan, String clusterId, int weight, List<String> before) {
        Integer weighed = plan.weights.get(clusterId);
        if (weighed != null && weight < weighed) {
            plan.less.compute(
                    clusterId,
                    (_, known) -> known == null ? new Less(weight, weight, clock.instant()) : known.then(weight));
            return false;
        }
        plan.less.remove(clusterId);
        plan.weights.put(clusterId, weight);
        if (weighed == null) {
            plan.placement.adopt(new PlacedProxy(clusterId, weight, before));
        } else if (weight > weighed) {
            plan.placement.place(clusterId, weight);
        }
        return weighed == null || weight > weighed;
    }

    /**
     * How long the instance that a Proxy moved away from serves on. Also while there is no Scheduler: gateways that are on the
     * move get there all the same.
     */
    public static Duration drainTimeout(Optional<Scheduler> scheduler) {
        return scheduler
                .map(found -> SchedulerPolicy.of(found).drainTimeout())
                .orElse(SchedulerPolicy.DEFAULT_DRAIN_TIMEOUT);
    }

    /** These instances, of whatever pool, hold something of a Proxy, and are not to be ended yet. */
    public void holds(String clusterId, Set<String> instances) {
        Set<String> pools;
        synchronized (this) {
            pools = hold(clusterId, instances);
        }
        pools.forEach(concerned);
    }

    /** How many gateways these instances, of whatever pool, have of a Proxy. */
    public void visited(String clusterId, Map<String, Integer> gateways) {
        Map<String, Integer> now = Map.copyOf(gateways);
        Map<String, Integer> before;
        synchronized (this) {
            before = visitors.put(clusterId, now);
        }
        Map<String, Integer> known = before == null ? Map.of() : before;
        Stream.concat(now.keySet().stream(), known.keySet().stream())
                .filter(instance -> !now.getOrDefault(instance, 0).equals(known.getOrDefault(instance, 0)))
                .map(Pool::scheduler)
                .distinct()
                .forEach(concerned);
    }

    /** This Proxy is gone. */
    public void remove(String clusterId) {
        Set<String> pools;
        synchronized (this) {
            visitors.remove(clusterId);
            pools = hold(clusterId, Set.of());
            String scheduler = schedulers.remove(clusterId);
            if (scheduler != null) {
                forget(scheduler, clusterId);
                pools.add(scheduler);
            }
        }
        pools.forEach(concerned);
    }

    /** The Schedulers of those that held something of a Proxy, and don't any more. */
    @GuardedBy("this")
    private Set<String> hold(String clusterId, Set<String> now) {
        Set<String> before = now.isEmpty() ? holders.remove(clusterId) : holders.put(clusterId, Set.copyOf(now));
        now.forEach(instance -> held.merge(instance, 1, Integer::sum));
        Set<String> pools = new HashSet<>();
        for (String instance : before == null ? Set.<String>of() : before) {
            held.computeIfPresent(instance, (_, count) -> count == 1 ? null : count - 1);
            if (!now.contains(instance)) {
                pools.add(Pool.scheduler(instance));
            }
        }
        return pools;
    }

    @GuardedBy("this")
    private void forget(String scheduler, String clusterId) {
        Plan plan = plans.get(scheduler);
        if (plan != null) {
            plan.placement.remove(clusterId);
            plan.weights.remove(clusterId);
            plan.less.remove(clusterId);
        }
    }

    /** This Scheduler is gone, and its instances with it. */
    public synchronized void remove(Scheduler scheduler) {
        String name = scheduler.getMetadata().getName();
        plans.remove(name);
        schedulers.values().removeIf(name::equals);
    }

    /** How many instances a pool should have now: more than wanted while the last ones still have something. */
    public synchronized int size(Scheduler scheduler) {
        Plan plan = plan(scheduler);
        Set<String> needed = new HashSet<>(held.keySet());
        needed.addAll(plan.placement.proxiesByInstance().keySet());
        needed.retainAll(plan.states.keySet());
        needed.removeIf(instance -> plan.states.get(instance) == InstanceState.Lost);
        int size =
                needed.stream().map(instance -> Pool.ordinal(instance) + 1).reduce(plan.policy.instances(), Math::max);
        // Until all Proxies have been seen, any of them may be on what an earlier operator ran.
        return allSeen.getAsBoolean() ? size : Math.max(size, sizeBefore(scheduler));
    }

    private static int sizeBefore(Scheduler scheduler) {
        return Optional.ofNullable(scheduler.getStatus()).map(SchedulerStatus::instances).stream()
                .flatMap(List::stream)
                .map(instance -> Pool.ordinal(instance.name()) + 1)
                .reduce(0, Math::max);
    }

    /** Moves what must move and what may, and says how the pool is then. */
    Outlook look(Scheduler scheduler) {
        Set<String> changed;
        Outlook outlook;
        synchronized (this) {
            Plan plan = plan(scheduler);
            Instant now = clock.instant();
            weighAgain(plan, now);
            // While it isn't sure who is there, what could wait waits.
            boolean sure = allSeen.getAsBoolean() && !plan.states.containsValue(InstanceState.Suspect);
            int budget = sure ? plan.budget.left(plan.policy.movesPerMinute(), now) : 0;
            changed = settle(plan, budget);
            outlook = outlook(plan, now);
        }
        changed.forEach(moved);
        return outlook;
    }

    /** Those that have had fewer gateways for long enough weigh as much as the most that they had meanwhile. */
    @GuardedBy("this")
    private void weighAgain(Plan plan, Instant now) {
        plan.less.replaceAll((_, less) -> less.at(now));
        for (String clusterId : List.copyOf(plan.less.keySet())) {
            plan.less.computeIfPresent(clusterId, (_, less) -> {
                if (now.isBefore(less.counts())) {
                    return less;
                }
                plan.weights.put(clusterId, less.most);
                plan.placement.place(clusterId, less.most);
                return less.last == less.most ? null : new Less(less.last, less.last, now);
            });
        }
    }

    private Optional<Instant> nextLook(Plan plan, Instant now) {
        Stream<Instant> whenAllAreSeen = allSeen.getAsBoolean() ? Stream.empty() : Stream.of(now.plus(STARTING));
        return Stream.of(
                        whenAllAreSeen,
                        plan.liveness.values().stream().flatMap(one -> one.changesAt(now).stream()),
                        plan.less.values().stream().map(Less::counts),
                        plan.left == 0 ? Stream.<Instant>empty() : plan.budget.next().stream())
                .flatMap(times -> times)
                .min(Instant::compareTo);
    }

    @GuardedBy("this")
    private Outlook outlook(Plan plan, Instant now) {
        return new Outlook(
                new TreeMap<>(plan.states),
                plan.placement.proxiesByInstance(),
                plan.placement.statistics(),
                plan.totals,
                plan.left,
                plan.unplaced,
                nextLook(plan, now));
    }

    /** The cluster ids of Proxies that moved. */
    @GuardedBy("this")
    private Set<String> settle(Plan plan, int budget) {
        Settlement settled = plan.placement.settle(budget);
        plan.budget.spend(
                settled.moves().stream().filter(move -> !move.reason().forced()).count(), clock.instant());
        plan.totals = plan.totals.plus(settled);
        plan.left = settled.left();
        plan.unplaced = settled.unplaced();
        return settled.moves().stream().map(Move::proxy).collect(Collectors.toCollection(LinkedHashSet::new));
    }

    @GuardedBy("this")
    private Plan plan(Scheduler scheduler) {
        return plan(scheduler, List.of());
    }

    /**
     * As spec and instances are now.
     *
     * @param named instances that may not be known yet
     */
    @GuardedBy("this")
    private Plan plan(Scheduler scheduler, List<String> named) {
        String pool = scheduler.getMetadata().getName();
        SchedulerPolicy policy = SchedulerPolicy.of(scheduler);
        Plan plan = plans.computeIfAbsent(pool, name -> new Plan(policy));
        if (!policy.placement().equals(plan.policy.placement())) {
            plan.placement.policy(policy.placement());
        }
        plan.policy = policy;
        Instant now = clock.instant();
        Set<String> connected = instances.get().stream()
                .filter(Instance::connected)
                .map(Instance::name)
                .collect(Collectors.toSet());
        List<String> wanted = Pool.instances(scheduler);
        Set<String> names = new LinkedHashSet<>(wanted);
        names.addAll(plan.states.keySet());
        names.addAll(Pool.of(pool, named));
        names.addAll(Pool.of(pool, held.keySet()));
        for (String name : names) {
            Liveness known = plan.liveness.get(name);
            Liveness liveness = known == null
                    ? Liveness.of(connected.contains(name), now)
                    : known.then(connected.contains(name), now);
            InstanceState state = liveness.state(wanted.contains(name), now);
            plan.liveness.put(name, liveness);
            if (state != plan.states.put(name, state)) {
                plan.placement.put(new PoolMember(name, "", state));
            }
            // While something names it, it would come back as one that is seen for the first time.
            if (state == InstanceState.Lost
                    && !wanted.contains(name)
                    && !held.containsKey(name)
                    && !plan.placement.uses(name)) {
                plan.liveness.remove(name);
                plan.states.remove(name);
            }
        }
        return plan;
    }
}
