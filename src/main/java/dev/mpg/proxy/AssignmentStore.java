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
 * checked when it is read; what is corrupt is set aside and not held; what cannot be read stays and is not held.
 *
 * <p>What can be read is held even when nothing can be written: {@link #problem} says so.
 *
 * <p>Thread-safe. Reading waits for no disk.
 */
public final class AssignmentStore implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(AssignmentStore.class);

    private final Path folder;
    private final Path assignmentFolder;
    private final Disk disk;
    private final Optional<FolderLock> lock;
    /** Why nothing can be written; empty when something can. */
    private final Optional<String> readOnly;

    private final Quarantine quarantine;
    private final Packs packs;
    private final Map<String, Held> held = new ConcurrentHashMap<>();
    /**
     * By cluster id: blobs of files that could not be put in place for certain, or were not read whole. One of them may be
     * the file that the next start reads, so they live until a later one is in place.
     */
    private final Map<String, Map<ContentHash, ByteString>> unsettled = new HashMap<>();
    /** Files that could not be read, and why. Nobody knows which blobs those in the assignment folder name. */
    private final Map<Path, String> unreadable = new TreeMap<>();

    private Optional<String> housekeepingError = Optional.empty();
    private volatile Optional<String> problem = Optional.empty();
    private volatile Usage usage;
    private boolean closed;

    /**
     * What the store takes on disk.
     *
     * @param path the data folder
     * @param bytes size of all packs, assignments and corrupt files kept aside
     * @param packs how many packs there are
     * @param quarantined how many corrupt files are kept aside
     */
    public record Usage(Path path, long bytes, int packs, int quarantined) {}

    private AssignmentStore(Path folder, Disk disk, Optional<FolderLock> lock, Optional<String> readOnly)
            throws IOException {
        this.folder = folder;
        this.disk = disk;
        this.lock = lock;
        this.readOnly = readOnly;
        this.assignmentFolder = folder.resolve("assignments");
        Path packFolder = folder.resolve("packs");
        this.quarantine = new Quarantine(folder.resolve("quarantine"), disk);
        this.packs = new Packs(packFolder, disk, quarantine);
        if (readOnly.isEmpty()) {
            Files.createDirectories(assignmentFolder);
            Files.createDirectories(packFolder);
        }
        Map<Path, String> corrupt = load();
        if (readOnly.isEmpty()) {
            housekeepingError = keepHouse(packFolder, corrupt);
        }
        this.usage = measure();
        this.problem = findProblem();
    }

    /** Makes room. That this fails, on a full disk, hinders nobody from being served. */
    private Optional<String> keepHouse(Path packFolder, Map<Path, String> corrupt) {
        try {
            disk.force(folder);
            removeTemporaries(assignmentFolder);
            removeTemporaries(packFolder);
            quarantine.bound();
            for (Map.Entry<Path, String> file : corrupt.entrySet()) {
                quarantine.add(file.getKey(), file.getValue());
            }
            deleteDead();
            return Optional.empty();
        } catch (IOException e) {
            return housekeepingFailed(Disk.failed("tidy the data folder " + folder, e));
        } catch (UncheckedIOException e) {
            return housekeepingFailed(e);
        }
    }

    private static Optional<String> housekeepingFailed(UncheckedIOException e) {
        log.warn("what is on disk is served, but the disk fails", e);
        return Optional.of(String.valueOf(e.getMessage()));
    }

    /**
     * Opens the store in this folder, which is made if there is none, and loads what it holds. Where nothing can be written
     * that is served all the same, as long as there is something.
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
        } catch (FolderLock.InUseException e) {
            throw unusable(folder, e);
        } catch (IOException e) {
            return openReadOnly(folder, disk, e);
        }
        boolean opened = false;
        try {
            AssignmentStore store = new AssignmentStore(folder, disk, Optional.of(lock), Optional.empty());
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

    /** Without the lock: whoever could write the folder meanwhile would replace and delete whole files only. */
    private static AssignmentStore openReadOnly(Path folder, Disk disk, IOException why) {
        String reason = "the data folder " + folder + " cannot be written: " + Disk.reason(why);
        try {
            AssignmentStore store = new AssignmentStore(folder, disk, Optional.empty(), Optional.of(reason));
            if (!store.held.isEmpty()) {
                log.error("{}; what is in it is served, nothing new is taken", reason);
                return store;
            }
        } catch (IOException e) {
            why.addSuppressed(e);
        }
        throw unusable(folder, why);
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

    /** Changes nothing on disk. Returns what is corrupt, and why. */
    private Map<Path, String> load() throws IOException {
        Map<Path, String> corrupt = new TreeMap<>();
        List<Stored> stored = new ArrayList<>();
        Set<ContentHash> wanted = new HashSet<>();
        for (Path file : list(assignmentFolder, AssignmentFile.SUFFIX)) {
            try {
                AssignmentFile content = AssignmentFile.read(file);
                dev.mpg.sync.v1.Assignment message = content.parse();
                if (!file.endsWith(AssignmentFile.nameFor(message.getClusterId()))) {
                    throw new CorruptFileException("it is the file of Proxy " + message.getClusterId());
                }
                Set<ContentHash> hashes = new HashSet<>(Held.hashes(message.getStable()));
                hashes.addAll(Held.hashes(message.getTarget()));
                wanted.addAll(hashes);
                stored.add(new Stored(content, message, hashes));
            } catch (CorruptFileException e) {
                corrupt.put(file, e.reason());
            } catch (IOException e) {
                cannotRead(file, e);
            }
        }
        Map<ContentHash, ByteString> blobs = packs.load(wanted, this::cannotRead);
        stored.forEach(assignment -> restore(assignment, blobs));
        return corrupt;
    }

    /** @param hashes of all that it names */
    private record Stored(AssignmentFile file, dev.mpg.sync.v1.Assignment message, Set<ContentHash> hashes) {}

    private void restore(Stored stored, Map<ContentHash, ByteString> blobs) {
        String clusterId = stored.message().getClusterId();
        held.put(clusterId, Held.restore(stored.file(), stored.message(), blobs));
        if (!blobs.keySet().containsAll(stored.hashes())) {
            Map<ContentHash, ByteString> found = new HashMap<>(blobs);
            found.keySet().retainAll(stored.hashes());
            unsettled.put(clusterId, found);
        }
    }

    private void cannotRead(Path file, IOException e) {
        log.error("{} cannot be read: it stays where it is, and nothing of it is held", file, e);
        unreadable.put(file, Disk.reason(e));
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
        checkWritable();
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
                    .computeIfAbsent(assignment.clusterId(), clusterId -> new HashMap<>())
                    .putAll(blobs);
            disk.replace(assignmentFolder, AssignmentFile.nameFor(assignment.clusterId()), file.content());
            unsettled.remove(assignment.clusterId());
            unreadable.remove(fileOf(assignment.clusterId()));
        }
        held.put(assignment.clusterId(), new Held(file.checksum(), file.size(), snapshots, Optional.of(assignment)));
        usage = measure();
        problem = findProblem();
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
        Set<Path> files = new TreeSet<>(unreadable.keySet());
        files.removeIf(file -> !file.startsWith(assignmentFolder));
        clusterIds.forEach(clusterId -> files.remove(fileOf(clusterId)));
        gone.forEach(clusterId -> files.add(fileOf(clusterId)));
        if (files.isEmpty()) {
            return gone;
        }
        checkWritable();
        try {
            for (Path file : files) {
                disk.delete(file);
            }
            disk.force(assignmentFolder);
            held.keySet().removeAll(gone);
            unsettled.keySet().removeAll(gone);
            unreadable.keySet().removeAll(files);
        } catch (IOException e) {
            throw Disk.failed("delete the files of " + gone + " in " + assignmentFolder, e);
        } finally {
            usage = measure();
            problem = findProblem();
        }
        return gone;
    }

    private Path fileOf(String clusterId) {
        return assignmentFolder.resolve(AssignmentFile.nameFor(clusterId));
    }

    /**
     * Deletes blobs that no assignment names any more. Nothing depends on it but the space; so it need not be waited for
     * before config is served.
     *
     * @throws UncheckedIOException when the disk is full or fails: then they take space until the next time
     */
    public synchronized void tidy() {
        checkOpen();
        if (readOnly.isPresent()) {
            return;
        }
        try {
            deleteDead();
            housekeepingError = Optional.empty();
        } catch (IOException e) {
            UncheckedIOException failure = Disk.failed("tidy the data folder " + folder, e);
            housekeepingError = Optional.ofNullable(failure.getMessage());
            throw failure;
        } finally {
            usage = measure();
            problem = findProblem();
        }
    }

    private void deleteDead() throws IOException {
        // What an assignment names that cannot be read must not be taken for dead.
        if (unreadable.keySet().stream().noneMatch(file -> file.startsWith(assignmentFolder))) {
            packs.tidy(live());
        }
    }

    private Map<ContentHash, ByteString> live() {
        Map<ContentHash, ByteString> live = new HashMap<>();
        held.values().forEach(proxy -> proxy.snapshots().forEach(snapshot -> addBlobs(snapshot, live)));
        unsettled.values().forEach(live::putAll);
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
        return new Usage(folder, packs.bytes() + assignments + quarantine.bytes(), packs.count(), quarantine.count());
    }

    /** What is wrong with the disk apart from what {@link #put} and {@link #retain} throw; empty when nothing is. */
    public Optional<String> problem() {
        return problem;
    }

    private Optional<String> findProblem() {
        Optional<String> notRead = unreadable.entrySet().stream()
                .findFirst()
                .map(file -> unreadable.size() + " files cannot be read and are left in place; " + file.getKey() + ": "
                        + file.getValue());
        return readOnly.or(() -> notRead).or(() -> housekeepingError);
    }

    private void checkWritable() {
        readOnly.ifPresent(reason -> {
            throw new UncheckedIOException(
                    reason + "; what is served stays; make it writable and start this instance again",
                    new IOException(reason));
        });
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
            lock.ifPresent(AssignmentStore::release);
        }
    }
}
