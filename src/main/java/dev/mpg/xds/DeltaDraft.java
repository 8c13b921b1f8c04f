package dev.mpg.xds;

import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.snapshot.SnapshotDiff;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Predicate;
import org.jspecify.annotations.Nullable;

/** A delta response being put together. Lists of a diff that needn't be filtered stay the shared ones. */
final class DeltaDraft {
    private final DeltaSubscription subscription;
    private final Snapshot target;
    private final Predicate<String> covered;
    private List<Resource> upserted = List.of();
    private List<String> removed = List.of();
    private List<String> leftover = List.of();
    private final List<String> later = new ArrayList<>();
    private @Nullable TreeMap<String, Resource> moreUpserted;
    private @Nullable TreeSet<String> moreRemoved;

    /** @param covered which names the client wants */
    DeltaDraft(DeltaSubscription subscription, Snapshot target, Predicate<String> covered) {
        this.subscription = subscription;
        this.target = target;
        this.covered = covered;
    }

    /**
     * Adds a difference, as far as the client wants it.
     *
     * @param removals which of its removals go now; the others are {@link #leftover}
     * @param upserts which of its resources go
     */
    void add(SnapshotDiff.OfType diff, Predicate<String> removals, Predicate<String> upserts) {
        upserted = filter(diff.upserted(), resource -> covered.test(resource.name()) && upserts.test(resource.name()));
        List<String> gone = filter(diff.removed(), covered);
        removed = filter(gone, removals);
        leftover = filter(gone, removals.negate());
    }

    private static <T> List<T> filter(List<T> list, Predicate<T> keep) {
        List<T> kept = list.stream().filter(keep).toList();
        return kept.size() == list.size() ? list : kept;
    }

    /**
     * Adds what the target has under these names, and the removal of what it hasn't.
     *
     * @param removals which removals go now; the others are {@link #later}
     */
    void add(Names names, Predicate<String> removals) {
        for (String name : names.list()) {
            if (!covered.test(name)) {
                continue;
            }
            target.resource(subscription.type, name).ifPresentOrElse(this::add, () -> {
                if (removals.test(name)) {
                    remove(name);
                } else {
                    leave(name);
                }
            });
        }
    }

    void add(Resource resource) {
        TreeMap<String, Resource> more = moreUpserted;
        if (more == null) {
            more = new TreeMap<>();
            moreUpserted = more;
        }
        more.put(resource.name(), resource);
    }

    void remove(String name) {
        TreeSet<String> more = moreRemoved;
        if (more == null) {
            more = new TreeSet<>();
            moreRemoved = more;
        }
        more.add(name);
    }

    /** Adds it to {@link #later}. */
    void leave(String name) {
        later.add(name);
    }

    Change change() {
        List<Resource> resources = upserted;
        if (moreUpserted != null) {
            TreeMap<String, Resource> all = new TreeMap<>(moreUpserted);
            upserted.forEach(resource -> all.put(resource.name(), resource));
            resources = List.copyOf(all.values());
        }
        List<String> names = removed;
        if (moreRemoved != null) {
            TreeSet<String> all = new TreeSet<>(moreRemoved);
            all.addAll(removed);
            names = List.copyOf(all);
        }
        return resources.isEmpty() && names.isEmpty() ? Change.NONE : new Change(resources, names);
    }

    /** Names of the difference that the client has, the target hasn't, and this response doesn't remove. */
    List<String> leftover() {
        return leftover;
    }

    /** The same, of the names added. */
    Names later() {
        return Names.of(later);
    }
}
