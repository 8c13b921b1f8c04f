package dev.mpg.sync;

import com.google.protobuf.ByteString;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.Traffic;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.v1.FromProxy;
import dev.mpg.sync.v1.Holding;
import dev.mpg.sync.v1.Want;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * What a proxy instance has to say to the Master. Per Proxy it keeps the latest of each kind only, so it is bounded however
 * slowly the Master reads. Thread-safe.
 */
final class Outbox {
    private final Map<String, FromProxy> wants = new LinkedHashMap<>();
    private final Map<String, FromProxy> holdings = new LinkedHashMap<>();
    private final Map<String, Reported> reports = new HashMap<>();
    private final Set<String> reportsDue = new LinkedHashSet<>();
    private final Map<String, FromProxy> traffic = new LinkedHashMap<>();
    /** What the Master has been told on this stream. */
    private final Map<String, Reported> sent = new HashMap<>();
    /** The Proxies placed here; null while the Master hasn't said. */
    private @Nullable Set<String> placed;

    private record Reported(ContentHash target, List<GatewayReport> gateways) {}

    synchronized void want(String clusterId, List<ContentHash> hashes) {
        Want.Builder want = Want.newBuilder().setClusterId(clusterId);
        hashes.forEach(hash -> want.addHashes(hash.toBytes()));
        wants.put(clusterId, FromProxy.newBuilder().setWant(want).build());
    }

    synchronized void holding(
            String clusterId, Set<ContentHash> versions, boolean resend, String error, String unsaved) {
        holdings.put(
                clusterId,
                FromProxy.newBuilder()
                        .setHolding(encode(clusterId, versions)
                                .setResend(resend)
                                .setError(cut(error))
                                .setUnsaved(cut(unsaved)))
                        .build());
    }

    private static String cut(String text) {
        return text.substring(0, Math.min(text.length(), SyncLimits.MAX_ERROR));
    }

    static Holding.Builder encode(String clusterId, Collection<ContentHash> versions) {
        List<ByteString> bytes = versions.stream().map(ContentHash::toBytes).toList();
        return Holding.newBuilder().setClusterId(clusterId).addAllVersions(bytes);
    }

    synchronized void report(String clusterId, ContentHash target, List<GatewayReport> gateways) {
        reports.put(clusterId, new Reported(target, List.copyOf(gateways)));
        reportsDue.add(clusterId);
    }

    synchronized void traffic(String clusterId, int wave, Traffic seen) {
        traffic.put(
                clusterId,
                FromProxy.newBuilder()
                        .setTraffic(TrafficCodec.encode(clusterId, wave, seen))
                        .build());
    }

    /** These Proxies, and no others, are placed here. Wants of others are sent all the same: their answers are awaited. */
    synchronized void retain(Set<String> clusterIds) {
        placed = new HashSet<>(clusterIds);
        holdings.keySet().retainAll(clusterIds);
        reports.keySet().retainAll(clusterIds);
        traffic.keySet().retainAll(clusterIds);
        sent.keySet().retainAll(clusterIds);
    }

    /** This Proxy is placed here too. */
    synchronized void placed(String clusterId) {
        if (placed != null) {
            placed.add(clusterId);
        }
    }

    /** A new stream: Hello says what is held, and all reports are due, whole. */
    synchronized void restart() {
        wants.clear();
        holdings.clear();
        traffic.clear();
        sent.clear();
        reportsDue.addAll(reports.keySet());
    }

    /** The next message, if there is something to say. It counts as sent. */
    synchronized Optional<FromProxy> next() {
        Optional<FromProxy> message = poll(wants).or(() -> poll(holdings));
        Iterator<String> due = reportsDue.iterator();
        while (message.isEmpty() && due.hasNext()) {
            String clusterId = due.next();
            due.remove();
            message = nextReport(clusterId);
        }
        return message.or(() -> poll(traffic));
    }

    private static Optional<FromProxy> poll(Map<String, FromProxy> messages) {
        Iterator<FromProxy> iterator = messages.values().iterator();
        if (!iterator.hasNext()) {
            return Optional.empty();
        }
        FromProxy message = iterator.next();
        iterator.remove();
        return Optional.of(message);
    }

    private synchronized Optional<FromProxy> nextReport(String clusterId) {
        if (placed != null && !placed.contains(clusterId)) {
            reports.remove(clusterId);
        }
        Reported report = reports.get(clusterId);
        if (report == null || report.equals(sent.get(clusterId))) {
            return Optional.empty();
        }
        Reported before = sent.put(clusterId, report);
        return Optional.of(FromProxy.newBuilder()
                .setReport(
                        before == null
                                ? ReportCodec.whole(clusterId, report.target(), report.gateways())
                                : ReportCodec.difference(
                                        clusterId, report.target(), before.gateways(), report.gateways()))
                .build());
    }
}
