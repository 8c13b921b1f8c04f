package dev.mpg.operator.triggers;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.master.MasterListener;
import dev.mpg.operator.infrastructure.Infrastructure;
import io.javaoperatorsdk.operator.api.monitoring.Metrics;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.javaoperatorsdk.operator.processing.event.source.Cache;
import io.javaoperatorsdk.operator.processing.event.source.EventSource;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Turns what the Master and the infrastructure notice into reconciles of the resources concerned. Events for one resource
 * that come while it is being reconciled are one reconcile. Thread-safe; never blocks.
 */
public final class Triggers implements MasterListener, Infrastructure.ChangeListener {
    private final InboundEvents<Proxy> proxies = new InboundEvents<>("proxy-triggers");
    private final InboundEvents<Scheduler> schedulers = new InboundEvents<>("scheduler-triggers");
    private final Map<String, ResourceID> proxyByClusterId = new ConcurrentHashMap<>();
    private final Map<ResourceID, String> schedulerByProxy = new ConcurrentHashMap<>();

    /**
     * What makes Proxies be looked at.
     *
     * @param cache of all Proxies
     */
    public EventSource<?, Proxy> proxyEventSource(Cache<Proxy> cache) {
        return proxies.in(cache);
    }

    /**
     * What makes Schedulers be looked at.
     *
     * @param cache of all Schedulers
     */
    public EventSource<?, Scheduler> schedulerEventSource(Cache<Scheduler> cache) {
        return schedulers.in(cache);
    }

    /** Has to be told what the SDK does: it makes up for what the SDK forgets. */
    public Metrics successors() {
        return new Successors(List.of(proxies, schedulers));
    }

    /** From now on what concerns the cluster id or the Scheduler concerns this Proxy. */
    public void watch(ResourceID proxy, String clusterId, String scheduler) {
        proxyByClusterId.put(clusterId, proxy);
        String before = schedulerByProxy.put(proxy, scheduler);
        if (before != null && !before.equals(scheduler)) {
            schedulers.propagateEvent(new ResourceID(before));
        }
    }

    /** Nothing concerns this Proxy any more. */
    public void forget(ResourceID proxy, String clusterId) {
        proxyByClusterId.remove(clusterId, proxy);
        schedulerByProxy.remove(proxy);
    }

    /** Looks at these Proxies again. */
    public void reconcile(Set<ResourceID> again) {
        again.forEach(proxies::propagateEvent);
    }

    /** Looks at this Scheduler again, if there is one of that name. */
    public void schedulerChanged(String name) {
        schedulers.propagateEvent(new ResourceID(name));
    }

    @Override
    public void fleetChanged(String clusterId) {
        ResourceID proxy = proxyByClusterId.get(clusterId);
        if (proxy != null) {
            proxies.propagateEvent(proxy);
        }
    }

    @Override
    public void instanceChanged(String instance) {
        int ordinal = instance.lastIndexOf('-');
        if (ordinal > 0) {
            poolChanged(instance.substring(0, ordinal));
        }
    }

    @Override
    public void poolChanged(String scheduler) {
        schedulers.propagateEvent(new ResourceID(scheduler));
        schedulerByProxy.forEach((proxy, itsScheduler) -> {
            if (itsScheduler.equals(scheduler)) {
                proxies.propagateEvent(proxy);
            }
        });
    }
}
