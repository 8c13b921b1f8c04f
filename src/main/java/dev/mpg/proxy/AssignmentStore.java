package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.snapshot.SnapshotDiff;
import dev.mpg.sync.ManifestCodec;
import dev.mpg.sync.v1.Manifest;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Consumer;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The assignments of a proxy instance, on disk and in memory: what it serves when there is no Master.
 *
 * <p>The data folder has {@code assignments/} (one {@link AssignmentFile} per Proxy), {@code packs/} (see {@link Packs}),
 * {@code marks/} (see {@link RollbackMarks}), {@code quarantine/} and {@code lock}. Blobs are written with or before the assignment that names them and deleted after
 * it, each file atomically, so that a kill at any point leaves the assignment before or after a change, whole; a power
 * failure leaves one of these or, of the last changes, an earlier one, as whole. Everything is checked when it is
 * read; what is corrupt is set aside and not held; what cannot be read stays and is not held.
 *
 * <p>What can be read is held even when nothing can be written: {@link #problem} says so. Secrets are in memory only: no byte
 * of them is written, and the next process has none before the Master sends them.
 *
 * <p>Thread-safe. Reading waits for no disk.
 */
public final class AssignmentStore implements AutoCloseable {
    /** What an assignment file may contain; more of it goes to the packs, with a new base. Bytes. */
    static final int INLINE_LIMIT = 256 << 10;

    private static final Logger log = LoggerFactory.getLogger(AssignmentStore.class);

    private final Path folder;
    private final Path assignmentFolder;
    private final Disk disk;
    private final int inlineLimit;
    private final Optional<FolderLock> lock;
    /** Why nothing can be written; empty when something can. */
    private final Optional<String> readOnly;

    private final Quarantine quarantine;
    private final Packs packs;
    private final RollbackMarks marks;
    private final List<Path> folders;
    private final Map<String, Held> held = new ConcurrentHashMap<>();
    /**
     * By cluster id: blobs of files that could not be put in place for certain, or were not read whole. One of them may be
     * the file that the next start reads, so they live until a later one is in place.
     */
    private final Map<String, Map<ContentHash, ByteString>> unsettled = new HashMap<>();
    /** Files that could not be read, and why. */
    private final Map<Path, String> unreadable = new TreeMap<>();
    /** Assignment files of which nobody knows which blobs they name. */
    private final Set<Path> obscure = new HashSet<>();

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

    private AssignmentStore(
            Path folder, Disk disk, int inlineLimit, Optional<FolderLock> lock, Optional<String> readOnly)
            throws IOException {
        this.folder = folder;
        this.disk = disk;
        this.inlineLimit = inlineLimit;
        this.lock = lock;
        this.readOnly = readOnly;
        this.assignmentFolder = folder.resolve("assignments");
        Path packFolder = folder.resolve("packs");
        this.quarantine = new Quarantine(folder.resolve("quarantine"), disk);
        this.packs = new Packs(packFolder, disk, quarantine);
        Path markFolder = folder.resolve("marks");
        this.marks = new RollbackMarks(markFolder, disk);
        this.folders = List.of(assignmentFolder, packFolder, markFolder);
        checkFolders();
        if (readOnly.isEmpty()) {
            keepHouse(load());
        } else {
            loadWhatCanBeRead();
        }
        this.usage = measure();
        this.problem = findProblem();
    }

    /** A file in the place of one is nothing that a disk does: this is somebody else's folder. */
    private void checkFolders() throws FileAlreadyExistsException {
        for (Path each : folders) {
            if (Files.exists(each) && !Files.isDirectory(each)) {
                throw new FileAlreadyExistsException(each.toString());
            }
        }
    }

    private void makeFolders() throws IOException {
        for (Path each : folders) {
            Files.createDirectories(each);
        }
    }

    private void loadWhatCanBeRead() {
        try {
            load();
        } catch (IOException e) {
            cannotRead(folder, e);
        }
    }

    /** Makes room. That this fails, on a full disk, hinders nobody from being served. */
    private void keepHouse(Map<Path, String> corrupt) {
        try {
            makeFolders();
            disk.force(folder);
            for (Path each : folders) {
                removeTemporaries(each);
            }
            quarantine.bound();
            for (Map.Entry<Path, String> file : corrupt.entrySet()) {
                quarantine.add(file.getKey(), file.getValue());
            }
            deleteDead();
        } catch (IOException e) {
            log.warn(
                    "what is on disk is served, but the disk fails",
                    housekeepingFailed(Disk.failed("tidy the data folder " + folder, e)));
        } catch (UncheckedIOException e) {
            log.warn("what is on disk is served, but the disk fails", housekeepingFailed(e));
        }
    }

    private UncheckedIOException housekeepingFailed(UncheckedIOException e) {
        housekeepingError = Optional.of(String.valueOf(e.getMessage()));
        return e;
    }

    /**
     * Opens the store in this folder, which is made if there is none, and loads what it holds. Where nothing can be written,
     * nor perhaps read, it is opened all the same: {@link #put} fails then.
     *
     * @throws UncheckedIOException when it is no folder, or another process uses it
     */
    public static AssignmentStore open(Path folder) {
        return open(folder, Disk.REAL);
    }

    static AssignmentStore open(Path folder, Disk disk) {
        return open(folder, disk, INLINE_LIMIT);
    }

    static AssignmentStore open(Path folder, Disk disk, int inlineLimit) {
        FolderLock lock;
        try {
            Files.createDirectories(folder);
            lock = FolderLock.take(folder);
        } catch (FolderLock.InUseException | FileAlreadyExistsException e) {
            throw unusable(folder, e);
        } catch (IOException e) {
            return openReadOnly(folder, disk, inlineLimit, e);
        }
        IOException unreadable;
        boolean opened = false;
        try {
            AssignmentStore store = new AssignmentStore(folder, disk, inlineLimit, Optional.of(lock), Optional.empty());
            opened = true;
            return store;
        } catch (FileAlreadyExistsException e) {
            throw unusable(folder, e);
        } catch (IOException e) {
            unreadable = e;
        } finally {
            if (!opened) {
                release(lock);
            }
        }
        return openReadOnly(folder, disk, inlineLimit, unreadable);
    }

    /** Without the lock: whoever could write the folder meanwhile would replace and delete whole files only. */
    private static AssignmentStore openReadOnly(Path folder, Disk disk, int inlineLimit, IOException why) {
        String reason = "the data folder " + folder + " cannot be used: " + Disk.reason(why);
        try {
            AssignmentStore store =
                    new AssignmentStore(folder, disk, inlineLimit, Optional.empty(), Optional.of(reason));
            log.error(
                    "{}; of {} Proxies it has what to serve; what the Master sends is not kept beyond this process",
                    reason,
                    store.assignments().size());
            return store;
        } catch (IOException e) {
            throw unusable(folder, e);
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
        if (Files.notExists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(suffix))
                    .sorted()
                    .toList();
        }
    }

    /** Changes nothing on disk. Returns what is corrupt, and why. */
    private Map<Path, String> load() throws IOException {
        Map<Path, String> corrupt = marks.load(this::cannotRead);
        Map<ContentHash, ByteString> blobs = packs.load(this::cannotRead);
        blobs.put(Base.EMPTY.hash(), Base.EMPTY.manifest());
        for (Path file : list(assignmentFolder, AssignmentFile.SUFFIX)) {
            try {
                AssignmentFile content = AssignmentFile.read(file);
                restore(file, content, content.parse(), blobs);
            } catch (CorruptFileException e) {
                corrupt.put(file, e.reason());
            } catch (IOException e) {
                cannotRead(file, e);
                obscure.add(file);
            }
        }
        return corrupt;
    }

    private void restore(
            Path path, AssignmentFile file, AssignmentFile.Content content, Map<ContentHash, ByteString> packed)
            throws CorruptFileException {
        String clusterId = content.message().getClusterId();
        if (!path.endsWith(AssignmentFile.nameFor(clusterId))) {
            throw new CorruptFileException("it is the file of Proxy " + clusterId);
        }
        ByteString base = packed.get(content.base());
        if (base == null) {
            log.warn("the base of Proxy {} is missing: nothing of it is held", clusterId);
            if (!unreadable.isEmpty()) {
                // It may be in one of these, and back at the next start.
                obscure.add(path);
            }
            held.put(
                    clusterId,
                    new Held(file.checksum(), file.size(), List.of(), Snapshot.EMPTY, Optional.empty(), Base.EMPTY));
            unsettled.put(clusterId, Map.of());
            return;
        }
        Stored stored = Stored.of(file, content, base);
        Map<ContentHash, ByteString> blobs = new HashMap<>(content.inline());
        for (ContentHash hash : stored.hashes()) {
            ByteString blob = packed.get(hash);
            if (blob != null) {
                blobs.put(hash, blob);
            }
        }
        held.put(clusterId, Held.restore(stored, blobs));
        if (!blobs.keySet().containsAll(stored.hashes())) {
            unsettled.put(clusterId, blobs);
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

    /** The versions of each Proxy, also of its live data, that are held whole, verified, and on disk but for secrets. */
    public Map<String, Set<ContentHash>> holdings() {
        Map<String, Set<ContentHash>> holdings = new TreeMap<>();
        held.forEach((clusterId, proxy) -> {
            if (!proxy.snapshots().isEmpty()) {
                holdings.put(clusterId, proxy.all().map(Snapshot::version).collect(Collectors.toUnmodifiableSet()));
            }
        });
        return holdings;
    }

    /** A version of a Proxy, if it is held. */
    public Optional<Snapshot> snapshot(String clusterId, ContentHash version) {
        return Optional.ofNullable(held.get(clusterId)).stream()
                .flatMap(Held::all)
                .filter(snapshot -> snapshot.version().equals(version))
                .findFirst();
    }

    /**
     * Keeps this assignment in place of the earlier one of its Proxy. On return it is on disk: whatever becomes of this
     * process, the next one has it; when the power fails too, the next one has it or the earlier one. Writes only what is
     * not there: for an equal assignment, or one that differs in secrets, nothing; for a small change, one small file.
     *
     * @throws UncheckedIOException when the disk is full or fails: then the earlier assignment is kept
     */
    public synchronized void put(Assignment assignment) {
        checkOpen();
        checkWritable();
        List<Snapshot> snapshots = Stream.concat(assignment.stable().stream(), Stream.of(assignment.target()))
                .distinct()
                .toList();
        String clusterId = assignment.clusterId();
        Held earlier = held.get(clusterId);
        Base base = earlier == null ? Base.EMPTY : earlier.base();
        Snapshot live = Held.onDisk(assignment.live());
        Draft draft = draft(snapshots, live, base);
        Snapshot stable = assignment.stable().orElse(assignment.target());
        if (draft.weight() > inlineLimit || base.snapshot().size() > 2 * stable.size()) {
            // Not the target: when that breaks on disk, stable is still to be served.
            base = Base.of(stable);
            packs.add(blobs(snapshots, live, base));
            draft = draft(snapshots, live, base);
        }
        AssignmentFile file = AssignmentFile.of(
                assignment.withLive(live),
                base.hash(),
                draft.manifests(),
                draft.inline().values());
        Held now = new Held(file.checksum(), file.size(), snapshots, assignment.live(), Optional.of(assignment), base);
        if (earlier == null || !earlier.file().equals(file.checksum()) || unsettled.containsKey(clusterId)) {
            place(clusterId, file, now);
        }
        held.put(clusterId, now);
        if (earlier != null) {
            noteDead(earlier, now);
        }
        dropMarksOfOthers(assignment);
        usage = measure();
        problem = findProblem();
    }

    /**
     * Not before nobody can find an older assignment, to which they would belong; nor at the start, when they may belong to a
     * later one that was in memory only. That this fails does no harm.
     */
    private void dropMarksOfOthers(Assignment assignment) {
        if (!marks.isUnsettled(assignment)) {
            return;
        }
        try {
            disk.force(assignmentFolder);
            marks.settle(assignment);
        } catch (IOException | UncheckedIOException e) {
            log.warn("rollback marks of an earlier wave are still on disk: {}", e.toString());
        }
    }

    /** What gateways refused of a Proxy's target in this wave; empty when nothing was. */
    Optional<RollbackMark> mark(String clusterId, RollbackMark.Trial trial) {
        return marks.of(clusterId, trial);
    }

    /**
     * Keeps what gateways refused. On return it is on disk for good. Waits for no assignment.
     *
     * @throws UncheckedIOException when the disk is full or fails: then it is not kept
     */
    void keep(RollbackMark mark) {
        checkWritable();
        marks.keep(mark);
    }

    /**
     * The content of an assignment file beside its head and the manifest of live data, which weighs nothing: a new base would
     * make it no smaller.
     *
     * @param manifests of configs by version, as differences to the base
     * @param inline blobs that the packs lack
     */
    private record Draft(Map<ContentHash, Manifest> manifests, Map<ContentHash, ByteString> inline) {
        long weight() {
            return manifests.values().stream()
                            .mapToLong(Manifest::getSerializedSize)
                            .sum()
                    + inline.values().stream().mapToLong(ByteString::size).sum();
        }
    }

    private Draft draft(List<Snapshot> snapshots, Snapshot live, Base base) {
        Map<ContentHash, Manifest> manifests = new HashMap<>();
        Map<ContentHash, ByteString> inline = new LinkedHashMap<>();
        for (Snapshot snapshot : snapshots) {
            SnapshotDiff diff = Snapshot.diff(base.snapshot(), snapshot);
            manifests.put(
                    snapshot.version(), ManifestCodec.difference(base.snapshot().version(), snapshot.version(), diff));
            forEachUpserted(diff, resource -> {
                if (!packs.contains(resource.hash())) {
                    inline.put(resource.hash(), resource.bytes());
                }
            });
        }
        for (Resource resource : live.resources()) {
            if (!packs.contains(resource.hash())) {
                inline.put(resource.hash(), resource.bytes());
            }
        }
        return new Draft(manifests, inline);
    }

    private static void forEachUpserted(SnapshotDiff diff, Consumer<Resource> action) {
        diff.types().values().forEach(type -> type.upserted().forEach(action));
    }

    /**
     * The folder is not forced to the device: what a lost rename leaves is the older file, whole, and all that it names, since
     * nothing is deleted before the folder is forced. That is a proxy that was cut off from the Master a moment earlier.
     */
    private void place(String clusterId, AssignmentFile file, Held now) {
        try {
            disk.place(assignmentFolder, AssignmentFile.nameFor(clusterId), file.content());
        } catch (UncheckedIOException e) {
            Map<ContentHash, ByteString> live = new HashMap<>(unsettled.getOrDefault(clusterId, Map.of()));
            live.putAll(blobs(now));
            unsettled.put(clusterId, live);
            throw e;
        }
        unsettled.remove(clusterId);
        unreadable.remove(fileOf(clusterId));
        obscure.remove(fileOf(clusterId));
    }

    private void noteDead(Held earlier, Held now) {
        Snapshot target = now.snapshots().getLast();
        List<Snapshot> dropped = new ArrayList<>(earlier.snapshots());
        if (!earlier.base().equals(now.base())) {
            packs.died(earlier.base().hash(), earlier.base().manifest().size());
            dropped.add(earlier.base().snapshot());
        }
        dropped.removeAll(now.snapshots());
        Consumer<Resource> died =
                resource -> packs.died(resource.hash(), resource.bytes().size());
        dropped.forEach(snapshot -> forEachUpserted(Snapshot.diff(target, snapshot), died));
        forEachUpserted(Snapshot.diff(Held.onDisk(now.live()), Held.onDisk(earlier.live())), died);
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
        Set<Path> files = new TreeSet<>(obscure);
        clusterIds.forEach(clusterId -> files.remove(fileOf(clusterId)));
        gone.forEach(clusterId -> files.add(fileOf(clusterId)));
        if (files.isEmpty() && readOnly.isPresent()) {
            return gone;
        }
        checkWritable();
        try {
            for (Path file : files) {
                disk.delete(file);
            }
            if (!files.isEmpty()) {
                disk.force(assignmentFolder);
            }
            marks.retain(clusterIds);
            for (String clusterId : gone) {
                Held proxy = held.remove(clusterId);
                if (proxy != null) {
                    blobs(proxy).forEach((hash, blob) -> packs.died(hash, blob.size()));
                }
            }
            unsettled.keySet().removeAll(gone);
            unreadable.keySet().removeAll(files);
            obscure.removeAll(files);
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
            throw housekeepingFailed(Disk.failed("tidy the data folder " + folder, e));
        } catch (UncheckedIOException e) {
            throw housekeepingFailed(e);
        } finally {
            usage = measure();
            problem = findProblem();
        }
    }

    /** Whether {@link #tidy} is worth its time, or failed the last time. */
    public synchronized boolean worthTidying() {
        return packs.worthTidying() || housekeepingError.isPresent();
    }

    private void deleteDead() throws IOException {
        if (obscure.isEmpty()) {
            // Only now nobody can find an older assignment after a crash, which names what has died since.
            disk.force(assignmentFolder);
            packs.tidy(live());
        }
    }

    private Map<ContentHash, ByteString> live() {
        Map<ContentHash, ByteString> live = new HashMap<>();
        held.values().forEach(proxy -> live.putAll(blobs(proxy)));
        unsettled.values().forEach(live::putAll);
        return live;
    }

    /** All that an assignment file needs, the base included. */
    private static Map<ContentHash, ByteString> blobs(Held proxy) {
        return blobs(proxy.snapshots(), Held.onDisk(proxy.live()), proxy.base());
    }

    private static Map<ContentHash, ByteString> blobs(List<Snapshot> snapshots, Snapshot live, Base base) {
        Map<ContentHash, ByteString> blobs = new HashMap<>();
        addBlobs(live, blobs);
        snapshots.forEach(snapshot -> addBlobs(snapshot, blobs));
        if (!base.equals(Base.EMPTY)) {
            addBlobs(base.snapshot(), blobs);
            blobs.put(base.hash(), base.manifest());
        }
        return blobs;
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
                    reason + "; make it writable and start this instance again", new IOException(reason));
        });
        try {
            makeFolders();
        } catch (IOException e) {
            throw Disk.failed("make the folders in " + folder, e);
        }
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
