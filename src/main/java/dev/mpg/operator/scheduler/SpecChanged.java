package dev.mpg.operator.scheduler;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.processing.event.source.filter.OnUpdateFilter;
import java.util.Objects;

/**
 * Lets through what changes the spec of a resource, or that it is to go; not its status. Each of a thousand Proxies would be looked
 * at for a number in their Scheduler's status, and it for each of theirs.
 */
public final class SpecChanged<T extends HasMetadata> implements OnUpdateFilter<T> {
    @Override
    public boolean accept(T now, T before) {
        var after = now.getMetadata();
        var earlier = before.getMetadata();
        return !Objects.equals(after.getUid(), earlier.getUid())
                || !Objects.equals(after.getGeneration(), earlier.getGeneration())
                || !Objects.equals(after.getDeletionTimestamp(), earlier.getDeletionTimestamp());
    }
}
