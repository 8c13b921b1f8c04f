package dev.mpg.placement;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** A Proxy and where it is. Only {@link Layer} changes that. */
final class Tenant {
    /** The order in which several are placed: large ones first, as that evens out best; no two are equal. */
    static final Comparator<Tenant> LARGEST_FIRST = (one, other) -> {
        int byWeight = Integer.compare(other.weight, one.weight);
        int byDigest = byWeight == 0 ? Long.compareUnsigned(one.digest, other.digest) : byWeight;
        return byDigest == 0 ? one.id.compareTo(other.id) : byDigest;
    };

    final String id;
    final long digest;
    int weight;

    @Nullable
    Slot primary;

    final List<Slot> standbys = new ArrayList<>(0);

    /** Where the primary was before it was asked to be scheduled again. */
    @Nullable
    Slot left;

    Tenant(String id, int weight) {
        this.id = id;
        this.digest = Digest.of(id);
        this.weight = weight;
    }

    boolean isOn(Slot slot) {
        return primary == slot || standbys.contains(slot);
    }

    @Override
    public boolean equals(@Nullable Object other) {
        return this == other;
    }

    /** The same in any JVM, and had for nothing. */
    @Override
    public int hashCode() {
        return (int) digest;
    }

    /** The primary first. */
    List<String> instances() {
        return Stream.concat(Stream.ofNullable(primary), standbys.stream())
                .map(slot -> slot.name)
                .toList();
    }
}
