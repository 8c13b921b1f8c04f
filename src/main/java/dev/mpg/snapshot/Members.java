package dev.mpg.snapshot;

import java.util.AbstractList;
import java.util.Collection;
import java.util.List;
import java.util.RandomAccess;
import java.util.Set;

/** Names of gateways: an immutable list that finds one in O(1), since each stream asks for its own at each change. */
final class Members extends AbstractList<String> implements RandomAccess {
    private final List<String> names;
    private final Set<String> index;

    private Members(List<String> names) {
        this.names = names;
        this.index = Set.copyOf(names);
    }

    static Members of(Collection<String> names) {
        return names instanceof Members members ? members : new Members(List.copyOf(names));
    }

    @Override
    public String get(int position) {
        return names.get(position);
    }

    @Override
    public int size() {
        return names.size();
    }

    @Override
    public boolean contains(Object name) {
        return name != null && index.contains(name);
    }
}
