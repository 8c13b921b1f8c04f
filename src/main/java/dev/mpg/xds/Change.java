package dev.mpg.xds;

import dev.mpg.snapshot.Resource;
import java.util.ArrayList;
import java.util.List;

/**
 * What one response carries. Immutable; equal when it would be marshalled to the same bytes.
 *
 * @param upserted resources, sorted by name
 * @param removed names that aren't in {@code upserted}; always empty in the state-of-the-world variant
 */
record Change(List<Resource> upserted, List<String> removed) {
    static final Change NONE = new Change(List.of(), List.of());

    boolean isEmpty() {
        return upserted.isEmpty() && removed.isEmpty();
    }

    /** Names of all it carries. */
    List<String> names() {
        List<String> names = new ArrayList<>(upserted.size() + removed.size());
        upserted.forEach(resource -> names.add(resource.name()));
        names.addAll(removed);
        return names;
    }

    /** Bytes of the resources themselves. */
    long resourceBytes() {
        long sum = 0;
        for (Resource resource : upserted) {
            sum += resource.bytes().size();
        }
        return sum;
    }

    /** Looks at the ends only: every stream of a fleet looks up the same, mostly identical, lists. */
    @Override
    public int hashCode() {
        int hash = 31 * upserted.size() + removed.size();
        if (!upserted.isEmpty()) {
            hash = 31 * hash
                    + upserted.getFirst().hashCode()
                    + upserted.getLast().hashCode();
        }
        if (!removed.isEmpty()) {
            hash = 31 * hash + removed.getFirst().hashCode() + removed.getLast().hashCode();
        }
        return hash;
    }
}
