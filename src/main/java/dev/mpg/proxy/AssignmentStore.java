package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The assignments of a proxy instance, on disk and in memory: what it serves when there is no Master.
 *
 * <p>The data folder has {@code assignments/} (one {@link AssignmentFile} per Proxy), {@code packs/} (see {@link Packs}),
 * {@code quarantine/} and {@code lock}. Blobs are written before the assignment that names them and deleted after it, each
 * file atomically, so that a crash at any point leaves the assignment before or after a change, whole. Everything is
 * checked when it is read; what is corrupt is set aside and not held.
 *
 * <p>Thread-safe. Reading waits for no disk.
 */
public final class AssignmentStore implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AssignmentStore.class);

    private final Path folder;
    private final Path assignmentFolder;
    private final Disk disk;
    private final FolderLock lock;
    private final Quarantine quarantine;
    private final Packs packs;
    private final Map<String, Held> held = new ConcurrentHashMap<>();
    /**
     * By cluster id: what files name that could not be put in place for certain. One of them may be the file on disk, so its
     * blobs live until a later one is in place.
     */
    private final Map<String, List<Snapshot>> unsettled = new HashMap<>();

    private volatile Usage usage;
    private boolean closed;

    /**
     * What the store takes on disk.
     *
     * @param path the data folder
     * @param bytes size of all packs and assignments
     * @param packs how many packs there are
     * @param quarantined how many corrupt files are kept aside
     */
    public record Usage(Path path, long bytes, int packs, int quarantined) {}

    private AssignmentStore(Path folder, Disk disk, FolderLock lock) throws IOException {
        this.folder = folder;
        this.disk = disk;
        this.lock = lock;
        this.assignmentFolder = Files.createDirectories(folder.resolve("assignments"));
        this.quarantine = new Quarantine(folder.resolve("quarantine"), disk);
        Path packFolder = folder.resolve("packs");
        this.packs = new Packs(packFolder, disk, quarantine);
        disk.force(folder);
        removeTemporaries(assignmentFolder);
        removeTemporaries(packFolder);
        load();
        packs.tidy(live());
        this.usage = measure();
    }

    /**
     * Opens the store in this folder, which is made if there is none, and loads what it holds.
     *
     * @throws UncheckedIOException when the folder cannot be used, or another process uses it
     */
    public static AssignmentStore open(Path folder) {
        return open(folder, Disk.REAL);
    }

    static AssignmentStore open(Path folder, Disk disk) {
        FolderLock lock;
        try {
            Files.createDirectories(folder);
            lock = FolderLock.take(folder);
        } catch (IOException e) {
            throw unusable(folder, e);
        }
        boolean opened = false;
        try {
            AssignmentStore store = new AssignmentStore(folder, disk, lock);
            opened = true;
            return store;
        } catch (IOException e) {
            throw unusable(folder, e);
        } finally {
            if (!opened) {
                release(lock);
            }
        }
    }

    private static UncheckedIOException unusable(Path folder, IOException cause) {
        return new UncheckedIOException("cannot use the data folder " + folder + ": " + Disk.reason(cause), cause);
    }

    private static void release(FolderLock lock) {
        try {
            lock.close();
        } catch (IOException e) {
            log.warn("could not release the lock of the data folder: {}", e.toString());
        }
    }

    private void removeTemporaries(Path folder) throws IOException {
        for (Path file : list(folder, Disk.TEMPORARY)) {
            disk.delete(file);
        }
    }

    private static List<Path> list(Path folder, String suffix) throws IOException {
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }

    private void load() throws IOException {
        Map<AssignmentFile, dev.mpg.sync.v1.Assignment> stored = new HashMap<>();
        Set<ContentHash> wanted = new HashSet<>();
        for (Path file : list(assignmentFolder, AssignmentFile.SUFFIX)) {
            try {
                AssignmentFile content = AssignmentFile.read(file);
                dev.mpg.sync.v1.Assignment message = content.parse();
                if (!file.endsWith(AssignmentFile.nameFor(message.getClusterId()))) {
                    throw new CorruptFileException("it is the file of Proxy " + message.getClusterId());
                }
                wanted.addAll(Held.hashes(message.getStable()));
                wanted.addAll(Held.hashes(message.getTarget()));
                stored.put(content, message);
            } catch (CorruptFileException e) {
                quarantine.add(file, e.reason());
            }
        }
        Map<ContentHash, ByteString> blobs = packs.load(wanted);
        stored.forEach((file, message) -> held.put(message.getClusterId(), Held.restore(file, message, blobs)));
    }

    /** What is to be served, sorted by cluster id. */
    public List<Assignment> assignments() {
        return held.values().stream()
                .flatMap(proxy -> proxy.served().stream())
                .sorted(Comparator.comparing(Assignment::clusterId))
                .toList();
    }

    /** What is to be served of a Proxy. */
    public Optional<Assignment> assignment(String clusterId) {
        return Optional.ofNullable(held.get(clusterId)).flatMap(Held::served);
    }

    /** The versions of each Proxy that are held whole, on disk and verified. */
    public Map<String, Set<ContentHash>> holdings() {
        Map<String, Set<ContentHash>> holdings = new TreeMap<>();
        held.forEach((clusterId, proxy) -> {
            if (!proxy.snapshots().isEmpty()) {
                holdings.put(
                        clusterId,
                        proxy.snapshots().stream().map(Snapshot::version).collect(Collectors.toUnmodifiableSet()));
            }
        });
        return holdings;
    }

    /** A version of a Proxy, if it is held. */
    public Optional<Snapshot> snapshot(String clusterId, ContentHash version) {
        return Optional.ofNullable(held.get(clusterId)).stream()
                .flatMap(proxy -> proxy.snapshots().stream())
                .filter(snapshot -> snapshot.version().equals(version))
                .findFirst();
    }

    /**
     * Keeps this assignment in place of the earlier one of its Proxy. On return it is on disk for good. Writes only what is
     * not there: for an equal assignment, nothing.
     *
     * @throws UncheckedIOException when the disk is full or fails: then the earlier assignment is kept
     */
    public synchronized void put(Assignment assignment) {
        checkOpen();
        List<Snapshot> snapshots = Stream.concat(assignment.stable().stream(), Stream.of(assignment.target()))
                .distinct()
                .toList();
        Map<ContentHash, ByteString> blobs = new HashMap<>();
        snapshots.forEach(snapshot -> addBlobs(snapshot, blobs));
        packs.add(blobs);

        AssignmentFile file = AssignmentFile.of(assignment);
        Held earlier = held.get(assignment.clusterId());
        if (earlier == null
                || !earlier.file().equals(file.checksum())
                || unsettled.containsKey(assignment.clusterId())) {
            unsettled
                    .computeIfAbsent(assignment.clusterId(), clusterId -> new ArrayList<>())
                    .addAll(snapshots);
            disk.replace(assignmentFolder, AssignmentFile.nameFor(assignment.clusterId()), file.content());
            unsettled.remove(assignment.clusterId());
        }
        held.put(assignment.clusterId(), new Held(file.checksum(), file.size(), snapshots, Optional.of(assignment)));
        usage = measure();
    }

    /**
     * Forgets every Proxy but these.
     *
     * @return cluster ids of those forgotten
     * @throws UncheckedIOException when the disk fails
     */
    public synchronized Set<String> retain(Set<String> clusterIds) {
        checkOpen();
        Set<String> gone = new TreeSet<>(held.keySet());
        gone.addAll(unsettled.keySet());
        gone.removeAll(clusterIds);
        if (gone.isEmpty()) {
            return gone;
        }
        try {
            for (String clusterId : gone) {
                disk.delete(assignmentFolder.resolve(AssignmentFile.nameFor(clusterId)));
            }
            disk.force(assignmentFolder);
            held.keySet().removeAll(gone);
            unsettled.keySet().removeAll(gone);
        } catch (IOException e) {
            throw Disk.failed("delete the files of " + gone + " in " + assignmentFolder, e);
        } finally {
            usage = measure();
        }
        return gone;
    }

    /**
     * Deletes blobs that no assignment names any more. Nothing depends on it but the space; so it need not be waited for
     * before config is served.
     *
     * @throws UncheckedIOException when the disk is full or fails: then they take space until the next time
     */
    public synchronized void tidy() {
        checkOpen();
        try {
            packs.tidy(live());
        } catch (IOException e) {
            throw Disk.failed("tidy the data folder " + folder, e);
        } finally {
            usage = measure();
        }
    }

    private Map<ContentHash, ByteString> live() {
        Map<ContentHash, ByteString> live = new HashMap<>();
        held.values().forEach(proxy -> proxy.snapshots().forEach(snapshot -> addBlobs(snapshot, live)));
        unsettled.values().forEach(snapshots -> snapshots.forEach(snapshot -> addBlobs(snapshot, live)));
        return live;
    }

    private static void addBlobs(Snapshot snapshot, Map<ContentHash, ByteString> blobs) {
        for (ResourceType type : ResourceType.values()) {
            for (Resource resource : snapshot.resources(type)) {
                blobs.put(resource.hash(), resource.bytes());
            }
        }
    }

    /** What it takes on disk. */
    public Usage usage() {
        return usage;
    }

    private Usage measure() {
        long assignments = held.values().stream().mapToLong(Held::fileBytes).sum();
        return new Usage(folder, packs.bytes() + assignments, packs.count(), quarantine.count());
    }

    private void checkOpen() {
        if (closed) {
            throw new IllegalStateException("the store in " + folder + " is closed");
        }
    }

    /** Lets another process use the folder. Everything is on disk already. */
    @Override
    public synchronized void close() {
        if (!closed) {
            closed = true;
            release(lock);
        }
    }
}
