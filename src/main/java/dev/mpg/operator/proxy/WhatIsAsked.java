package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import io.javaoperatorsdk.operator.processing.event.source.filter.OnUpdateFilter;
import java.util.Objects;

/** Lets through what changes what is asked of a Proxy: its spec, its annotations, its deletion; not its status. */
public final class WhatIsAsked implements OnUpdateFilter<Proxy> {
    @Override
    public boolean accept(Proxy now, Proxy before) {
        var after = now.getMetadata();
        var earlier = before.getMetadata();
        return !Objects.equals(after.getUid(), earlier.getUid())
                || !Objects.equals(after.getGeneration(), earlier.getGeneration())
                || !Objects.equals(after.getAnnotations(), earlier.getAnnotations())
                || !Objects.equals(after.getDeletionTimestamp(), earlier.getDeletionTimestamp());
    }
}
