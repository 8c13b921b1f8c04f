package dev.mpg.operator.triggers;

import io.javaoperatorsdk.operator.processing.event.ResourceID;
import java.util.HashSet;
import java.util.Set;

/**
 * Knows when every resource that was there at the start has been looked at once: only then may anything that nobody asked
 * for be taken down. Thread-safe.
 */
public final class Startup {
    private final Runnable whenComplete;
    private final Set<ResourceID> seen = new HashSet<>();
    private Set<ResourceID> awaited = Set.of();
    private boolean counting = true;
    private boolean complete;

    /**
     * @param whenComplete called once, by the thread that reported the last resource
     */
    public Startup(Runnable whenComplete) {
        this.whenComplete = whenComplete;
    }

    /** These resources are there. */
    public void await(Set<ResourceID> resources) {
        synchronized (this) {
            awaited = new HashSet<>(resources);
            awaited.removeAll(seen);
            counting = false;
        }
        completeIfDone();
    }

    /** The resource has been looked at, or is gone. */
    public void seen(ResourceID resource) {
        synchronized (this) {
            if (complete) {
                return;
            } else if (counting) {
                seen.add(resource);
            } else {
                awaited.remove(resource);
            }
        }
        completeIfDone();
    }

    /** Whether every resource has been looked at. */
    public synchronized boolean complete() {
        return complete;
    }

    private void completeIfDone() {
        synchronized (this) {
            if (complete || counting || !awaited.isEmpty()) {
                return;
            }
            complete = true;
        }
        whenComplete.run();
    }
}
