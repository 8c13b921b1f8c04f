package dev.mpg.operator.triggers;

import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.List;
import java.util.Map;

/**
 * Has the resource looked at that took a deleted one's name. When the SDK has let a reconciler see a deletion, it forgets all
 * that it heard of that name meanwhile, also that there is a new resource, and says right afterwards that it has: here.
 */
final class Successors implements Metrics {
    private final List<InboundEvents<?>> kinds;

    Successors(List<InboundEvents<?>> kinds) {
        this.kinds = List.copyOf(kinds);
    }

    @Override
    public void cleanupDoneFor(ResourceID name, Map<String, Object> metadata) {
        kinds.forEach(kind -> kind.appeared(name));
    }
}
