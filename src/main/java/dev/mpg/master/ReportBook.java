package dev.mpg.master;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.InstanceReport;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;

/** What one instance has reported about one Proxy. Not thread-safe. */
final class ReportBook {
    private final Map<String, Said> gateways;
    private Optional<ContentHash> target = Optional.empty();
    private boolean live;

    ReportBook() {
        this(new HashMap<>());
    }

    private ReportBook(Map<String, Said> gateways) {
        this.gateways = gateways;
    }

    /** As it is now, to be read elsewhere while this one changes. */
    ReportBook copy() {
        ReportBook copy = new ReportBook(new HashMap<>(gateways));
        copy.target = target;
        copy.live = live;
        return copy;
    }

    /** What was said about a gateway, and when it was news: repeating it doesn't make it newer. */
    private record Said(GatewayReport report, long sequence) {}

    /**
     * Takes a report. A difference to something that isn't here says nothing.
     *
     * @param sequence larger than at any report taken before, of whichever instance
     * @return whether anything in it is new
     */
    boolean take(InstanceReport report, long sequence) {
        if (report.difference() && !live) {
            return false;
        }
        boolean changed = !live || !target.equals(Optional.of(report.target()));
        live = true;
        target = Optional.of(report.target());
        if (report.difference()) {
            changed |= gateways.keySet().removeAll(new HashSet<>(report.gone()));
        } else {
            Set<String> present = HashSet.newHashSet(report.gateways().size());
            report.gateways().forEach(gateway -> present.add(gateway.gateway()));
            changed |= gateways.keySet().retainAll(present);
        }
        for (GatewayReport gateway : report.gateways()) {
            Said before = gateways.get(gateway.gateway());
            if (before == null || !before.report().equals(gateway)) {
                gateways.put(gateway.gateway(), new Said(gateway, sequence));
                changed = true;
            }
        }
        return changed;
    }

    /** The stream on which this was said has ended. */
    void outlive() {
        live = false;
    }

    boolean live() {
        return live;
    }

    Optional<ContentHash> target() {
        return target;
    }

    int size() {
        return gateways.size();
    }

    /** Each gateway once, sorted by name; see {@link Fleet#gateways()} for which report counts. */
    static List<GatewayReport> merge(Collection<ReportBook> books) {
        Map<String, Said> merged = new TreeMap<>();
        for (boolean live : new boolean[] {true, false}) {
            Map<String, Said> newest = new HashMap<>();
            for (ReportBook book : books) {
                if (book.live == live) {
                    book.gateways.forEach(
                            (name, said) -> newest.merge(name, said, (a, b) -> a.sequence() > b.sequence() ? a : b));
                }
            }
            newest.forEach(merged::putIfAbsent);
        }
        List<GatewayReport> reports = new ArrayList<>(merged.size());
        merged.values().forEach(said -> reports.add(said.report()));
        return reports;
    }
}
