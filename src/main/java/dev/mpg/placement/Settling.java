package dev.mpg.placement;

import dev.mpg.placement.Move.Reason;
import dev.mpg.placement.Move.Role;
import dev.mpg.placement.Slot.Zone;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/** One pass that makes a placement what it should be. What it does is a function of the placement alone. */
final class Settling {
    private final Pool pool;
    private final PlacementPolicy policy;
    private final long turn;
    private final List<Move> moves = new ArrayList<>();
    private final List<Tenant> incomplete = new ArrayList<>();
    private final List<Tenant> postponed = new ArrayList<>();
    private final List<Tenant> relieved = new ArrayList<>();
    private int budget;
    private int left;

    /**
     * @param turn how often Proxies were asked to be scheduled again
     * @param budget planned moves at most
     */
    Settling(Pool pool, PlacementPolicy policy, long turn, int budget) {
        this.pool = pool;
        this.policy = policy;
        this.turn = turn;
        this.budget = budget;
    }

    List<Move> moves() {
        return moves;
    }

    int left() {
        return left;
    }

    /** Those that could use another instance, and were looked at: not placed, too few standbys, or one in the wrong zone. */
    List<Tenant> incomplete() {
        return incomplete;
    }

    private static final int MAX_ROUNDS = 1_000;

    /** Those that wait for a larger budget, other than by load or draining. */
    List<Tenant> postponed() {
        return postponed;
    }

    /**
     * @param touched all that may have to be placed, or to move for another reason than load or draining
     */
    void run(Collection<Tenant> touched) {
        List<Tenant> ordered = inOrder(touched);
        int count = pool.placed();
        for (Tenant tenant : ordered) {
            if (tenant.primary == null || tenant.primary.state == InstanceState.Lost) {
                seat(tenant, count);
                count++;
            }
        }
        relieve(Role.Primary);
        if (!relieved.isEmpty()) {
            Set<Tenant> affected = new HashSet<>(ordered);
            affected.addAll(relieved);
            ordered = inOrder(affected);
        }
        ordered.forEach(this::completeStandbys);
        if (policy.spreadZones()) {
            ordered.forEach(this::spread);
        }
        relieve(Role.Standby);
    }

    private static List<Tenant> inOrder(Collection<Tenant> tenants) {
        return tenants.stream().sorted(Tenant.LARGEST_FIRST).toList();
    }

    /** A warm standby is promoted at once, for the gateways go there by themselves. */
    private void seat(Tenant tenant, int placed) {
        Slot from = tenant.primary == null ? tenant.left : tenant.primary;
        boolean again = tenant.primary == null && tenant.left != null;
        tenant.left = null;
        pool.setPrimary(tenant, null);
        Slot to = again ? null : warm(tenant, InstanceState.Ready, Long.MAX_VALUE);
        to = to == null ? choose(Role.Primary, tenant, placed) : to;
        to = to == null ? warm(tenant, InstanceState.Suspect, Long.MAX_VALUE) : to;
        to = to == null ? warm(tenant, InstanceState.Draining, Long.MAX_VALUE) : to;
        if (to == null && again && from != null && from.state != InstanceState.Lost) {
            to = from;
        }
        if (to == null) {
            incomplete.add(tenant);
            if (from != null) {
                moves.add(new Move(
                        tenant.id, Role.Primary, Optional.of(from.name), Optional.empty(), Reason.Lost, false));
            }
            return;
        }
        if (again && to == from) {
            pool.setPrimary(tenant, to);
            return;
        }
        promote(tenant, from, to, again ? Reason.Rescheduled : from == null ? Reason.Placed : Reason.Lost);
    }

    /** Of its standbys in this state, with less load than {@code below}, the one with the least. */
    private static @Nullable Slot warm(Tenant tenant, InstanceState state, long below) {
        return tenant.standbys.isEmpty()
                ? null
                : tenant.standbys.stream()
                        .filter(slot -> slot.state == state && slot.primaries.load < below)
                        .min(Comparator.comparingLong((Slot slot) -> slot.primaries.load)
                                .thenComparing((one, other) -> Pool.isPreferred(tenant, one, other) ? -1 : 1))
                        .orElse(null);
    }

    /** @param number that differs from that of the one chosen before, for policies that take turns */
    private @Nullable Slot choose(Role role, Tenant tenant, int number) {
        Zone avoided =
                role == Role.Standby && policy.spreadZones() && tenant.primary != null ? tenant.primary.zone : null;
        return switch (policy.strategy()) {
            case AffinityLeastLoaded, LeastLoaded -> pool.leastLoaded(role, tenant, avoided, null);
            case RoundRobin -> from(role, tenant, avoided, turn + number);
            case Random ->
                from(
                        role,
                        tenant,
                        avoided,
                        Digest.mix((Digest.mix(policy.seed() + turn) ^ tenant.digest) + tenant.standbys.size()));
        };
    }

    /** The ready instance of this number, or the next that will do. */
    private @Nullable Slot from(Role role, Tenant tenant, @Nullable Zone avoided, long number) {
        List<Slot> ready = pool.ready();
        Slot second = null;
        for (int i = 0; i < ready.size(); i++) {
            Slot slot = ready.get((int) ((Long.remainderUnsigned(number, ready.size()) + i) % ready.size()));
            if (role == Role.Primary || !tenant.isOn(slot)) {
                if (slot.zone != avoided) {
                    return slot;
                }
                second = second == null ? slot : second;
            }
        }
        return second;
    }

    /** The primary goes to {@code to}. When that was a standby, the instance it came from takes its place if it can. */
    private void promote(Tenant tenant, @Nullable Slot from, Slot to, Reason reason) {
        boolean warm = tenant.standbys.contains(to);
        pool.setPrimary(tenant, to);
        if (warm) {
            if (from != null && (from.state == InstanceState.Ready || from.state == InstanceState.Suspect)) {
                pool.replaceStandby(tenant, to, from);
            } else {
                pool.removeStandby(tenant, to);
            }
        }
        moves.add(new Move(
                tenant.id,
                Role.Primary,
                Optional.ofNullable(from).map(slot -> slot.name),
                Optional.of(to.name),
                reason,
                warm));
    }

    /** As many standbys as there should be, as far as there are instances, and none on an instance that is lost. */
    private void completeStandbys(Tenant tenant) {
        int wanted = tenant.primary == null ? 0 : policy.replicasPerProxy() - 1;
        if (wanted == 0 && tenant.standbys.isEmpty()) {
            return;
        }
        List<Slot> lost = tenant.standbys.stream()
                .filter(slot -> slot.state == InstanceState.Lost)
                .toList();
        lost.forEach(slot -> pool.removeStandby(tenant, slot));
        List<Slot> gaps = new ArrayList<>(lost);
        while (tenant.standbys.size() > wanted) {
            Slot surplus = tenant.standbys.stream()
                    .filter(slot -> slot.state == InstanceState.Draining)
                    .findFirst()
                    .orElseGet(tenant.standbys::getLast);
            pool.removeStandby(tenant, surplus);
            standbyMoved(tenant, surplus, null, Reason.Surplus);
        }
        while (tenant.standbys.size() < wanted) {
            Slot to = choose(Role.Standby, tenant, nextAfterPrimary(tenant));
            if (to == null) {
                incomplete.add(tenant);
                break;
            }
            pool.addStandby(tenant, to);
            Slot from = gaps.isEmpty() ? null : gaps.removeFirst();
            standbyMoved(tenant, from, to, from == null ? Reason.Placed : Reason.Lost);
        }
        gaps.forEach(gap -> standbyMoved(tenant, gap, null, Reason.Lost));
    }

    private static int nextAfterPrimary(Tenant tenant) {
        return (tenant.primary == null ? 0 : Math.max(0, tenant.primary.rank)) + 1;
    }

    private void standbyMoved(Tenant tenant, @Nullable Slot from, @Nullable Slot to, Reason reason) {
        moves.add(new Move(
                tenant.id,
                Role.Standby,
                Optional.ofNullable(from).map(slot -> slot.name),
                Optional.ofNullable(to).map(slot -> slot.name),
                reason,
                false));
    }

    /** Standbys leave their primary's zone where there is another. */
    private void spread(Tenant tenant) {
        Slot primary = tenant.primary;
        if (primary == null) {
            return;
        }
        for (Slot standby : List.copyOf(tenant.standbys)) {
            if (standby.zone == primary.zone && standby.state == InstanceState.Ready) {
                Slot to = pool.leastLoaded(Role.Standby, tenant, primary.zone, null);
                if (to == null || to.zone == primary.zone) {
                    incomplete.add(tenant);
                    return;
                }
                if (budget == 0) {
                    left++;
                    postponed.add(tenant);
                } else {
                    budget--;
                    pool.replaceStandby(tenant, standby, to);
                    standbyMoved(tenant, standby, to, Reason.ZoneSpread);
                }
            }
        }
    }

    /**
     * Those that should leave an instance, in that order, and how much load it has too much.
     */
    private static final class Relief {
        private final Slot slot;
        private final List<Tenant> leaving;
        private int next;
        private long excess;

        Relief(Slot slot, List<Tenant> leaving, long excess) {
            this.slot = slot;
            this.leaving = leaving;
            this.excess = excess;
        }

        boolean isDone() {
            return excess <= 0 || next == leaving.size();
        }

        Tenant first() {
            return leaving.get(next);
        }

        long gain() {
            return Math.min(first().weight, excess);
        }

        Tenant take() {
            Tenant tenant = first();
            next++;
            excess -= tenant.weight;
            return tenant;
        }
    }

    /** What lowers the overload most comes first, from the most overloaded first, ties by rendezvous hash. */
    private static final Comparator<Relief> MOST_NEEDED = Comparator.comparingLong(Relief::gain)
            .thenComparingLong(relief -> relief.excess)
            .reversed()
            .thenComparing(relief -> Digest.weight(relief.first().digest, relief.slot.digest), Long::compareUnsigned)
            .thenComparing(relief -> relief.first().id);

    /** Moves away who is on an instance that drains, and the fewest that bring the others back under their cap. */
    private void relieve(Role role) {
        // It ends by the proof of the bounds; and should that be wrong, here.
        for (int round = 0; round < MAX_ROUNDS && !pool.ready().isEmpty(); round++) {
            pool.findCaps(role, policy);
            if (budget == 0) {
                left += pool.all().stream()
                        .mapToInt(slot -> waiting(role, slot))
                        .sum();
                return;
            }
            List<Relief> reliefs = new ArrayList<>();
            for (Slot slot : pool.all()) {
                relief(role, slot).ifPresent(reliefs::add);
            }
            if (reliefs.isEmpty()) {
                return;
            }
            boolean moved = false;
            for (Optional<Relief> next = mostNeeded(reliefs);
                    budget > 0 && next.isPresent();
                    next = mostNeeded(reliefs)) {
                Relief relief = next.get();
                Tenant tenant = relief.take();
                if (move(role, tenant, relief.slot)) {
                    budget--;
                    moved = true;
                    relieved.add(tenant);
                }
            }
            if (!moved || budget == 0) {
                for (Relief relief : reliefs) {
                    for (; !relief.isDone(); relief.take()) {
                        left++;
                    }
                }
                return;
            }
        }
    }

    private static Optional<Relief> mostNeeded(List<Relief> reliefs) {
        return reliefs.stream().filter(relief -> !relief.isDone()).min(MOST_NEEDED);
    }

    /** How many are to leave an instance: counted by weight, without asking which, for that takes the longer the more it has. */
    private int waiting(Role role, Slot slot) {
        Slot.Share share = slot.share(role);
        return slot.state == InstanceState.Draining ? share.tenants.size() : share.nextLargest(excess(role, slot));
    }

    /** What load an instance that goes on has too much; 0 or less when that is none. */
    private long excess(Role role, Slot slot) {
        Slot.Share share = slot.share(role);
        long cap = pool.group(role, slot, policy).cap;
        return slot.state != InstanceState.Ready || !policy.hasCap() || share.load <= cap
                ? 0
                : share.load - share.heaviest() - (cap - 1);
    }

    /**
     * An instance has too much when it would have the cap without the largest that it has: so one large Proxy alone is never
     * too much, and with equal weights of 1 nobody has more than the cap. Without the largest, the next-largest are the fewest.
     */
    private Optional<Relief> relief(Role role, Slot slot) {
        Slot.Share share = slot.share(role);
        if (slot.state == InstanceState.Draining && share.load > 0) {
            return Optional.of(new Relief(slot, leaving(slot, share), share.load));
        }
        long excess = excess(role, slot);
        if (excess <= 0) {
            return Optional.empty();
        }
        List<Tenant> leaving = new ArrayList<>(leaving(slot, share));
        int stays = 0;
        while (stays + 1 < leaving.size() && leaving.get(stays + 1).weight == share.heaviest()) {
            stays++;
        }
        leaving.remove(stays);
        return Optional.of(new Relief(slot, leaving, excess));
    }

    /** The largest first, among equals the one that ranks the instance lowest. */
    private static List<Tenant> leaving(Slot slot, Slot.Share share) {
        return share.tenants.stream()
                .sorted(Comparator.comparingInt((Tenant tenant) -> tenant.weight)
                        .reversed()
                        .thenComparing(tenant -> Digest.weight(tenant.digest, slot.digest), Long::compareUnsigned)
                        .thenComparing(tenant -> tenant.id))
                .toList();
    }

    /** Whether there was an instance to move to. */
    private boolean move(Role role, Tenant tenant, Slot from) {
        Reason reason = from.state == InstanceState.Draining ? Reason.Draining : Reason.Overload;
        if (role == Role.Primary) {
            Slot to = warm(tenant, InstanceState.Ready, pool.group(role, from, policy).cap);
            to = to == null ? choose(role, tenant, from.primaries.tenants.size()) : to;
            if (to == null) {
                return false;
            }
            promote(tenant, from, to, reason);
            return true;
        }
        Slot to = reason == Reason.Draining
                ? choose(role, tenant, nextAfterPrimary(tenant))
                : pool.leastLoaded(role, tenant, null, policy.spreadZones() ? from.zone : null);
        if (to == null && reason == Reason.Draining) {
            // The pool is getting too small for that many.
            pool.removeStandby(tenant, from);
            standbyMoved(tenant, from, null, reason);
            incomplete.add(tenant);
            return true;
        }
        if (to == null) {
            return false;
        }
        pool.replaceStandby(tenant, from, to);
        standbyMoved(tenant, from, to, reason);
        if (policy.spreadZones() && tenant.primary != null && to.zone == tenant.primary.zone) {
            incomplete.add(tenant);
        }
        return true;
    }
}
