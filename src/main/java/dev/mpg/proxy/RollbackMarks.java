package dev.mpg.proxy;

import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.proxy.RollbackMark.Trial;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.sync.InstanceReport;
import dev.mpg.sync.ReportCodec;
import dev.mpg.sync.v1.StoredMark;
import dev.mpg.sync.v1.StoredMarks;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * The {@link RollbackMark}s, on disk: one {@link Checksummed} file of {@link StoredMarks} per Proxy. A mark outlives its process,
 * and an assignment without a trial; it is dropped when another trial is on disk for certain, or the Proxy is forgotten.
 *
 * <p>Thread-safe. Reading waits for no disk.
 */
final class RollbackMarks {
    static final String SUFFIX = ".marks";

    private final Path folder;
    private final Disk disk;
    private final Map<String, List<RollbackMark>> marks = new ConcurrentHashMap<>();

    RollbackMarks(Path folder, Disk disk) {
        this.folder = folder;
        this.disk = disk;
    }

    /**
     * Reads all files. Called once, first. Changes nothing on disk.
     *
     * @param unreadable told of each file that cannot be read; it stays where it is
     * @return the corrupt ones, and why they are
     */
    Map<Path, String> load(BiConsumer<Path, IOException> unreadable) throws IOException {
        Map<Path, String> corrupt = new TreeMap<>();
        for (Path file : files()) {
            try {
                read(file);
            } catch (CorruptFileException e) {
                corrupt.put(file, e.reason());
            } catch (IOException e) {
                unreadable.accept(file, e);
            }
        }
        return corrupt;
    }

    private List<Path> files() throws IOException {
        if (Files.notExists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(SUFFIX)).toList();
        }
    }

    private void read(Path file) throws IOException, CorruptFileException {
        Checksummed content = Checksummed.read(file);
        try {
            StoredMarks stored = StoredMarks.parseFrom(content.body());
            String clusterId = stored.getClusterId();
            if (!file.endsWith(nameFor(clusterId))) {
                throw new CorruptFileException("it is the file of Proxy " + clusterId);
            }
            List<RollbackMark> found = new ArrayList<>();
            for (StoredMark mark : stored.getMarksList()) {
                InstanceReport report = ReportCodec.decode(mark.getRefused());
                found.add(new RollbackMark(clusterId, new Trial(report.target(), mark.getWave()), report.gateways()));
            }
            marks.put(clusterId, List.copyOf(found));
        } catch (InvalidProtocolBufferException | IllegalArgumentException e) {
            throw new CorruptFileException("it has no marks: " + e.getMessage());
        }
    }

    /** What was refused of this Proxy's target in this wave; empty when nothing was. */
    Optional<RollbackMark> of(String clusterId, Trial trial) {
        return marks.getOrDefault(clusterId, List.of()).stream()
                .filter(mark -> mark.trial().equals(trial))
                .findFirst();
    }

    /**
     * Keeps what is in this mark beside what is known. On return it is on disk for good.
     *
     * @throws UncheckedIOException when the disk is full or fails: then it counts as not known
     */
    synchronized void keep(RollbackMark mark) {
        Map<String, GatewayReport> refused = new LinkedHashMap<>();
        of(mark.clusterId(), mark.trial())
                .ifPresent(known -> known.refused().forEach(report -> refused.put(report.gateway(), report)));
        boolean news = false;
        for (GatewayReport report : mark.refused()) {
            news |= refused.putIfAbsent(report.gateway(), report) == null;
        }
        if (!news) {
            return;
        }
        List<RollbackMark> all = new ArrayList<>(marks.getOrDefault(mark.clusterId(), List.of()));
        all.removeIf(known -> known.trial().equals(mark.trial()));
        all.add(new RollbackMark(mark.clusterId(), mark.trial(), List.copyOf(refused.values())));
        write(mark.clusterId(), all);
    }

    private void write(String clusterId, List<RollbackMark> all) {
        StoredMarks.Builder stored = StoredMarks.newBuilder().setClusterId(clusterId);
        for (RollbackMark mark : all) {
            stored.addMarks(StoredMark.newBuilder()
                    .setWave(mark.trial().wave())
                    .setRefused(ReportCodec.whole(clusterId, mark.trial().target(), mark.refused())));
        }
        disk.replace(
                folder,
                nameFor(clusterId),
                Checksummed.of(stored.build().toByteString()).content());
        marks.put(clusterId, List.copyOf(all));
    }

    /** Whether {@link #settle} has something to drop. */
    boolean isUnsettled(Assignment assignment) {
        Trial trial = Trial.of(assignment);
        return assignment.isTrial()
                && marks.getOrDefault(assignment.clusterId(), List.of()).stream()
                        .anyMatch(mark -> !mark.trial().equals(trial));
    }

    /**
     * Drops what was refused of other targets and in other waves.
     *
     * @param assignment that nothing on disk can take the place of any more but a later one
     * @throws UncheckedIOException when the disk is full or fails
     */
    synchronized void settle(Assignment assignment) {
        if (isUnsettled(assignment)) {
            String clusterId = assignment.clusterId();
            Optional<RollbackMark> left = of(clusterId, Trial.of(assignment));
            if (left.isPresent()) {
                write(clusterId, List.of(left.get()));
            } else {
                forget(clusterId);
            }
        }
    }

    /**
     * Forgets every Proxy but these.
     *
     * @throws UncheckedIOException when the disk fails
     */
    synchronized void retain(Set<String> clusterIds) {
        marks.keySet().stream()
                .filter(clusterId -> !clusterIds.contains(clusterId))
                .toList()
                .forEach(this::forget);
    }

    private void forget(String clusterId) {
        Path file = folder.resolve(nameFor(clusterId));
        try {
            disk.delete(file);
        } catch (IOException e) {
            throw Disk.failed("delete " + file, e);
        }
        marks.remove(clusterId);
    }

    private static String nameFor(String clusterId) {
        return AssignmentFile.stemFor(clusterId) + SUFFIX;
    }
}
