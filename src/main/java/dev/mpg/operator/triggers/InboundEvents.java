package dev.mpg.operator.triggers;

import io.fabric8.kubernetes.api.model.HasMetadata;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.Cache;
import io.javaoperatorsdk.operator.processing.event.source.controller.ResourceAction;
import io.javaoperatorsdk.operator.processing.event.source.controller.ResourceEvent;
import io.javaoperatorsdk.operator.processing.event.source.inbound.SimpleInboundEventSource;
import org.jspecify.annotations.Nullable;

/** Events of our own about resources of one kind. Thread-safe. */
final class InboundEvents<P extends HasMetadata> extends SimpleInboundEventSource<P> {
    private volatile @Nullable Cache<P> cache;

    InboundEvents(String name) {
        super(name);
    }

    /** Says where all resources of the kind are. */
    InboundEvents<P> in(Cache<P> all) {
        cache = all;
        return this;
    }

    /** Has the resource of this name, if there is one, looked at as one that is new. */
    void appeared(ResourceID name) {
        Cache<P> all = cache;
        if (all != null && isRunning()) {
            all.get(name)
                    .ifPresent(resource ->
                            getEventHandler().handleEvent(new ResourceEvent(ResourceAction.ADDED, name, resource)));
        }
    }
}
