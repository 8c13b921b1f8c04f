package dev.mpg.xds;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.List;
import java.util.function.Predicate;

/**
 * An immutable set of resource names: a sorted array, because a stream may hold thousands and there are thousands of
 * streams.
 */
final class Names {
    static final Names NONE = new Names(new String[0]);

    private final String[] sorted;

    private Names(String[] sorted) {
        this.sorted = sorted;
    }

    static Names of(Collection<String> names) {
        if (names.isEmpty()) {
            return NONE;
        }
        String[] array = names.toArray(String[]::new);
        Arrays.sort(array);
        int kept = 1;
        for (int i = 1; i < array.length; i++) {
            if (!array[i].equals(array[kept - 1])) {
                array[kept++] = array[i];
            }
        }
        return new Names(kept == array.length ? array : Arrays.copyOf(array, kept));
    }

    boolean contains(String name) {
        return sorted.length > 0 && Arrays.binarySearch(sorted, name) >= 0;
    }

    boolean containsAll(Names other) {
        return equals(other) || Arrays.stream(other.sorted).allMatch(this::contains);
    }

    boolean isEmpty() {
        return sorted.length == 0;
    }

    int size() {
        return sorted.length;
    }

    List<String> list() {
        return Arrays.asList(sorted);
    }

    Names plus(Collection<String> names) {
        if (names.isEmpty()) {
            return this;
        }
        List<String> all = new ArrayList<>(sorted.length + names.size());
        all.addAll(list());
        all.addAll(names);
        return of(all);
    }

    Names minus(Collection<String> names) {
        if (names.isEmpty() || isEmpty()) {
            return this;
        }
        Names gone = of(names);
        return filter(name -> !gone.contains(name));
    }

    Names filter(Predicate<String> keep) {
        String[] kept = Arrays.stream(sorted).filter(keep).toArray(String[]::new);
        return kept.length == sorted.length ? this : kept.length == 0 ? NONE : new Names(kept);
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Names that && Arrays.equals(sorted, that.sorted);
    }

    @Override
    public int hashCode() {
        return Arrays.hashCode(sorted);
    }

    @Override
    public String toString() {
        return Arrays.toString(sorted);
    }
}
