package dev.mpg.e2e;

import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import java.util.concurrent.ScheduledExecutorService;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/** Requests at a steady rate through each of several gateways until it is closed, counted by status; 0: no answer. */
final class ConstantTraffic implements AutoCloseable {
    private final Map<String, Map<Integer, AtomicLong>> counts = new ConcurrentHashMap<>();
    private final ScheduledExecutorService clients;

    private ConstantTraffic(int gateways) {
        this.clients = Executors.newScheduledThreadPool(
                gateways, Thread.ofPlatform().daemon().name("client-", 0).factory());
    }

    /**
     * Begins.
     *
     * @param gateways their addresses
     * @param perSecond through each of them
     */
    static ConstantTraffic through(List<String> gateways, String host, String path, int perSecond) {
        ConstantTraffic traffic = new ConstantTraffic(gateways.size());
        long pause = TimeUnit.SECONDS.toMicros(1) / perSecond;
        for (String gateway : gateways) {
            Map<Integer, AtomicLong> counted = traffic.counts.computeIfAbsent(gateway, g -> new ConcurrentHashMap<>());
            var _ = traffic.clients.scheduleAtFixedRate(
                    () -> counted.computeIfAbsent(Http.statusThrough(gateway, host, path), s -> new AtomicLong())
                            .incrementAndGet(),
                    0,
                    pause,
                    TimeUnit.MICROSECONDS);
        }
        return traffic;
    }

    /** Requests so far, by status, of all gateways. */
    Map<Integer, Long> byStatus() {
        return sum(counts.values());
    }

    /** Requests so far, by status, through this gateway. */
    Map<Integer, Long> byStatus(String gateway) {
        return sum(List.of(counts.get(gateway)));
    }

    long total() {
        return byStatus().values().stream().mapToLong(Long::longValue).sum();
    }

    private static Map<Integer, Long> sum(Collection<Map<Integer, AtomicLong>> counted) {
        Map<Integer, Long> sum = new TreeMap<>();
        counted.forEach(of -> of.forEach((status, count) -> sum.merge(status, count.get(), Long::sum)));
        return sum;
    }

    @Override
    public void close() {
        clients.shutdownNow();
    }
}
