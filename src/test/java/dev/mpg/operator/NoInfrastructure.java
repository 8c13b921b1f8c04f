package dev.mpg.operator;

import dev.mpg.operator.infrastructure.Infrastructure;
import java.util.List;
import java.util.Set;

/** Something to run things on, on which nothing runs. */
final class NoInfrastructure implements Infrastructure {
    @Override
    public List<Workload> ensurePool(String scheduler, int instances) {
        return List.of();
    }

    @Override
    public void removePool(String scheduler) {}

    @Override
    public List<Workload> ensureFleet(Fleet fleet) {
        return List.of();
    }

    @Override
    public void removeFleet(String clusterId) {}

    @Override
    public List<String> fleets() {
        return List.of();
    }

    @Override
    public List<String> pools() {
        return List.of();
    }

    @Override
    public void onChange(ChangeListener listener) {}

    @Override
    public Set<Integer> reservedPorts() {
        return Set.of();
    }

    @Override
    public void close() {}

    @Override
    public void release() {}
}
