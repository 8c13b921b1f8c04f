package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.UnsafeByteOperations;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.v1.Pack;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.function.BiConsumer;
import java.util.stream.Stream;

/**
 * Blobs on disk, many to a file, because each file costs a wait for the device. A pack never changes once it is there. It
 * is named {@code <hash>.pack} after the hashes of its blobs: each blob vouches for itself, the name only tells whether
 * all are there. Of a damaged pack the blobs that are whole count; they move to a new one before it is set aside.
 * Remembers where each blob is, not its bytes. Not thread-safe.
 */
final class Packs {
    private static final String SUFFIX = ".pack";
    /** A batch of more is split, so that a rewrite needs little memory. Bytes. */
    private static final long MAX_BATCH = 64L << 20;
    /** What no file of ours reaches: a batch of this size and one blob, which came in a gRPC message. Bytes. */
    private static final long MAX_FILE = 256L << 20;
    /** With more packs than this the small ones are merged: each is a file to open at start. */
    private static final int MANY = 256;
    /** Under this size a pack is small. Bytes. */
    private static final long SMALL = 1L << 20;
    /** What a blob takes beside its bytes, so that empty ones count too. */
    private static final int OVERHEAD = 8;

    /** Any order does: equal sets of blobs then make equal packs. */
    private static final Comparator<ContentHash> ORDER = Comparator.comparingLong(ContentHash::word0)
            .thenComparingLong(ContentHash::word1)
            .thenComparingLong(ContentHash::word2)
            .thenComparingLong(ContentHash::word3);

    private final Path folder;
    private final Disk disk;
    private final Quarantine quarantine;
    /** By name. */
    private final Map<String, PackFile> packs = new TreeMap<>();
    /** The pack in which a blob is looked for. When two have it, the other's copy is dead. */
    private final Map<ContentHash, PackFile> home = new HashMap<>();

    /** Why a pack is to be set aside, by name. */
    private final Map<String, String> damaged = new HashMap<>();

    /** Weight of what has died, estimated high: see {@link #died}. */
    private long dead;
    /** Packs that came since {@link #tidy}. */
    private int added;

    /** @param weight of all its blobs */
    private record PackFile(String name, long bytes, long weight) {}

    Packs(Path folder, Disk disk, Quarantine quarantine) {
        this.folder = folder;
        this.disk = disk;
        this.quarantine = quarantine;
    }

    /**
     * Reads every pack, hashes every blob, and returns them. Called once, first. Changes nothing on disk.
     *
     * @param unreadable told of each file that cannot be read; it stays where it is, and nothing of it is returned
     */
    Map<ContentHash, ByteString> load(BiConsumer<Path, IOException> unreadable) throws IOException {
        Map<ContentHash, ByteString> found = new HashMap<>();
        for (Path file : files()) {
            try {
                Map<ContentHash, ByteString> blobs = read(file);
                remember(String.valueOf(file.getFileName()), Files.size(file), blobs);
                blobs.forEach(found::putIfAbsent);
            } catch (IOException e) {
                unreadable.accept(file, e);
            }
        }
        return found;
    }

    private List<Path> files() throws IOException {
        if (Files.notExists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> file.toString().endsWith(SUFFIX))
                    .sorted()
                    .toList();
        }
    }

    private Map<ContentHash, ByteString> read(Path file) throws IOException {
        String name = String.valueOf(file.getFileName());
        long size = Files.size(file);
        if (size > MAX_FILE) {
            damaged.put(name, "it has " + size + " bytes, more than any pack");
            return new HashMap<>();
        }
        Map<ContentHash, ByteString> blobs = new LinkedHashMap<>();
        for (ByteString blob : parse(name, UnsafeByteOperations.unsafeWrap(Files.readAllBytes(file)))) {
            blobs.put(ContentHash.of(blob), blob);
        }
        if (!name.equals(nameOf(blobs.keySet()))) {
            damaged.putIfAbsent(name, "its " + blobs.size() + " blobs are not those that were written");
        }
        return blobs;
    }

    /** The blobs up to where the file cannot be read on. */
    private List<ByteString> parse(String name, ByteString content) {
        try {
            return Pack.parseFrom(content).getBlobsList();
        } catch (InvalidProtocolBufferException e) {
            damaged.put(name, "it is no pack: " + e.getMessage());
            return e.getUnfinishedMessage() instanceof Pack begun ? begun.getBlobsList() : List.of();
        }
    }

    /** @param hashes in the order in which the blobs are written */
    private static String nameOf(Collection<ContentHash> hashes) {
        return ContentHash.of(ByteString.copyFrom(
                                hashes.stream().map(ContentHash::toBytes).toList()))
                        .hex()
                + SUFFIX;
    }

    /** Whether a blob is here for good. */
    boolean contains(ContentHash hash) {
        return home.containsKey(hash);
    }

    /** Writes those of the blobs that are not on disk. On return they are there for good. */
    void add(Map<ContentHash, ByteString> blobs) {
        Map<ContentHash, ByteString> missing = new TreeMap<>(ORDER);
        blobs.forEach((hash, blob) -> {
            if (!home.containsKey(hash)) {
                missing.put(hash, blob);
            }
        });
        write(missing);
    }

    /** Each blob's home is then a new pack. */
    private Set<String> write(Map<ContentHash, ByteString> blobs) {
        Set<String> names = new HashSet<>();
        Map<ContentHash, ByteString> batch = new LinkedHashMap<>();
        long size = 0;
        for (Map.Entry<ContentHash, ByteString> blob : blobs.entrySet()) {
            if (size > 0 && size + blob.getValue().size() > MAX_BATCH) {
                names.add(writeBatch(batch));
                batch.clear();
                size = 0;
            }
            batch.put(blob.getKey(), blob.getValue());
            size += blob.getValue().size();
        }
        if (!batch.isEmpty()) {
            names.add(writeBatch(batch));
        }
        return names;
    }

    private String writeBatch(Map<ContentHash, ByteString> batch) {
        ByteString content =
                Pack.newBuilder().addAllBlobs(batch.values()).build().toByteString();
        String name = nameOf(batch.keySet());
        if (!packs.containsKey(name) || damaged.containsKey(name)) {
            disk.replace(folder, name, content);
            damaged.remove(name);
        }
        home.keySet().removeAll(batch.keySet());
        remember(name, content.size(), batch);
        return name;
    }

    private void remember(String name, long bytes, Map<ContentHash, ByteString> blobs) {
        long weight = blobs.values().stream().mapToLong(Packs::weight).sum();
        PackFile pack = new PackFile(name, bytes, weight);
        packs.put(name, pack);
        added++;
        blobs.keySet().forEach(hash -> home.putIfAbsent(hash, pack));
    }

    private static long weight(ByteString blob) {
        return (long) blob.size() + OVERHEAD;
    }

    /** Notes that nobody may want a blob any more. Another Proxy may, so that only {@link #tidy} knows what is dead. */
    void died(ContentHash hash, int bytes) {
        if (home.containsKey(hash)) {
            dead += (long) bytes + OVERHEAD;
        }
    }

    /** Whether {@link #tidy}, which takes time that grows with all there is, would free much. */
    boolean worthTidying() {
        return added >= MANY / 4
                || dead * 2
                        > packs.values().stream().mapToLong(PackFile::weight).sum();
    }

    /**
     * Deletes packs of which nothing lives. When less than half of what is left lives, or when it is spread over many
     * files, what lives is rewritten, and always when a pack is damaged; the old files are deleted, or set aside, only
     * once that is on disk.
     */
    void tidy(Map<ContentHash, ByteString> live) throws IOException {
        home.keySet().retainAll(live.keySet());
        Map<String, Long> weights = new HashMap<>();
        home.forEach((hash, pack) -> weights.merge(pack.name(), weight(blob(live, hash)), Long::sum));
        delete(packs.keySet().stream()
                .filter(name -> !weights.containsKey(name))
                .toList());

        Set<String> worn = worn(weights);
        Map<ContentHash, ByteString> moved = new TreeMap<>(ORDER);
        home.forEach((hash, pack) -> {
            if (worn.contains(pack.name())) {
                moved.put(hash, blob(live, hash));
            }
        });
        // A rewrite that was cut short by a crash may have left the very file that it now makes again.
        Set<String> written = write(moved);
        delete(worn.stream().filter(name -> !written.contains(name)).toList());
        added = 0;
        dead = packs.values().stream().mapToLong(PackFile::weight).sum()
                - weights.values().stream().mapToLong(Long::longValue).sum();
    }

    private static ByteString blob(Map<ContentHash, ByteString> live, ContentHash hash) {
        ByteString blob = live.get(hash);
        if (blob == null) {
            throw new IllegalStateException("blob " + hash + " lives and has no bytes");
        }
        return blob;
    }

    /** Names of the packs to rewrite. */
    private Set<String> worn(Map<String, Long> liveWeights) {
        Set<String> worn = new HashSet<>();
        long total = packs.values().stream().mapToLong(PackFile::weight).sum();
        long live = liveWeights.values().stream().mapToLong(Long::longValue).sum();
        for (PackFile pack : packs.values()) {
            boolean sparse = live * 2 < total && liveWeights.getOrDefault(pack.name(), 0L) < pack.weight();
            boolean scattered = packs.size() > MANY && pack.bytes() < SMALL;
            if (sparse || scattered || damaged.containsKey(pack.name())) {
                worn.add(pack.name());
            }
        }
        return worn;
    }

    private void delete(Collection<String> names) throws IOException {
        for (String name : new ArrayList<>(names)) {
            String damage = damaged.get(name);
            if (damage == null) {
                disk.delete(folder.resolve(name));
            } else {
                quarantine.add(folder.resolve(name), damage);
                damaged.remove(name);
            }
            packs.remove(name);
        }
    }

    int count() {
        return packs.size();
    }

    /** Size of all files. */
    long bytes() {
        return packs.values().stream().mapToLong(PackFile::bytes).sum();
    }
}
