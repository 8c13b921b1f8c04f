package dev.mpg.proxy;

import dev.mpg.rollout.GatewayReport;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Collectors;

/** {@link Status} as tables for people. */
final class StatusText {
    private static final String GAP = "  ";

    private StatusText() {}

    static String of(Status status) {
        StringBuilder text = new StringBuilder();
        text.append("instance  ").append(status.instance()).append('\n');
        text.append("master    ").append(master(status.master())).append('\n');
        text.append("disk      ").append(disk(status.disk())).append("\n\n");
        text.append(table(clusters(status.clusters())));
        List<List<String>> gateways = gateways(status.clusters());
        if (gateways.size() > 1) {
            text.append('\n').append(table(gateways));
        }
        for (Status.Cluster cluster : status.clusters()) {
            int more = cluster.count().total() - cluster.gateways().size();
            if (more > 0) {
                text.append("… and ")
                        .append(more)
                        .append(" more of ")
                        .append(cluster.clusterId())
                        .append('\n');
            }
        }
        return text.toString();
    }

    private static String master(Status.Master master) {
        if (master.connected()) {
            return master.address() + ", connected since " + master.since();
        }
        return master.address() + ", NOT connected"
                + (master.failedAttempts() > 0 ? " after " + master.failedAttempts() + " attempts" : "")
                + (master.lastError() == null ? "" : ": " + line(master.lastError()));
    }

    private static String disk(Status.Disk disk) {
        return disk.path() + ", " + size(disk.bytes()) + " in " + disk.packs() + " packs, " + disk.quarantined()
                + " corrupt files set aside"
                + (disk.lastError() == null ? "" : "; DISK FAILS: " + line(disk.lastError()));
    }

    private static List<List<String>> clusters(List<Status.Cluster> clusters) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of(
                "CLUSTER",
                "TARGET",
                "STABLE",
                "WAVE",
                "COHORT",
                "RESOURCES",
                "SIZE",
                "LIVE",
                "GATEWAYS",
                "CURRENT",
                "PENDING",
                "REJECTED",
                "PUT BACK",
                "ON DISK"));
        for (Status.Cluster cluster : clusters) {
            Status.Version stable = cluster.versions().stable();
            Status.Count count = cluster.count();
            rows.add(List.of(
                    cluster.clusterId(),
                    cluster.versions().target().version(),
                    stable == null ? "-" : stable.version(),
                    Integer.toString(cluster.cohort().wave()),
                    Integer.toString(cluster.cohort().gateways().size()),
                    Integer.toString(cluster.resources()),
                    size(cluster.bytes()),
                    cluster.live() == null
                            ? "-"
                            : Integer.toString(cluster.live().resources()),
                    Integer.toString(count.total()),
                    Integer.toString(count.current()),
                    Integer.toString(count.pending()),
                    Integer.toString(count.rejected()),
                    Integer.toString(cluster.putBack().size()),
                    cluster.unsaved() == null ? "yes" : "NO"));
        }
        return rows;
    }

    private static List<List<String>> gateways(List<Status.Cluster> clusters) {
        List<List<String>> rows = new ArrayList<>();
        rows.add(List.of("GATEWAY", "CLUSTER", "STATE", "VERSION", "PROTOCOL", "CONNECTED", "PUT BACK", "WHY"));
        for (Status.Cluster cluster : clusters) {
            for (Status.Gateway gateway : cluster.gateways()) {
                rows.add(List.of(
                        gateway.gateway(),
                        cluster.clusterId(),
                        gateway.state().toString(),
                        gateway.version().version(),
                        each(gateway, stream -> stream.protocol().toString()),
                        each(gateway, Status.Stream::connectedAt),
                        cluster.putBack().contains(gateway.gateway()) ? "yes" : "-",
                        gateway.refusals().stream().map(StatusText::why).collect(Collectors.joining("; "))));
            }
        }
        return rows;
    }

    private static String each(Status.Gateway gateway, java.util.function.Function<Status.Stream, String> part) {
        return gateway.streams().stream().map(part).distinct().collect(Collectors.joining(","));
    }

    private static String why(GatewayReport.Refusal refusal) {
        String type = refusal.typeUrl().substring(refusal.typeUrl().lastIndexOf('.') + 1);
        return type + " [" + line(String.join(", ", refusal.resources())) + "]: " + line(refusal.message());
    }

    /** The text in one line, without what a terminal would obey: parts of it come from the network. */
    private static String line(String text) {
        return text.replaceAll("\\p{Cntrl}+", " ");
    }

    private static String size(long bytes) {
        double kib = bytes / 1024.0;
        return bytes < 1024
                ? bytes + " B"
                : kib < 1024
                        ? String.format(Locale.ROOT, "%.1f KiB", kib)
                        : String.format(Locale.ROOT, "%.1f MiB", kib / 1024);
    }

    private static String table(List<List<String>> rows) {
        int columns = rows.getFirst().size();
        int[] widths = new int[columns];
        for (List<String> row : rows) {
            for (int i = 0; i < columns; i++) {
                widths[i] = Math.max(widths[i], row.get(i).length());
            }
        }
        StringBuilder text = new StringBuilder();
        for (List<String> row : rows) {
            StringBuilder line = new StringBuilder();
            for (int i = 0; i < columns; i++) {
                line.append(line(row.get(i)))
                        .repeat(' ', widths[i] - row.get(i).length())
                        .append(GAP);
            }
            text.append(line.toString().stripTrailing()).append('\n');
        }
        return text.toString();
    }
}
