package dev.mpg.snapshot;

import java.nio.ByteBuffer;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * An immutable set of resources with a version: the SHA-256 over its sorted entries. Two snapshots are equal when their
 * versions are. Safe to share between threads.
 *
 * <p>An entry is hashed as: the type's number (1 byte), the length of the name in UTF-8 (4 bytes, big-endian), the name,
 * the resource's hash (32 bytes). Entries are sorted by type number, then by name, as strings are compared in Java.
 */
public final class Snapshot {
    private static final Comparator<Resource> BY_NAME = Comparator.comparing(Resource::name);

    /** No resources at all. */
    public static final Snapshot EMPTY = of(List.of());

    private final Map<ResourceType, List<Resource>> resources;
    private final ContentHash version;
    private final ContentHash configVersion;
    private final int size;

    private Snapshot(Map<ResourceType, List<Resource>> resources) {
        this(resources, versionOf(resources));
    }

    private Snapshot(Map<ResourceType, List<Resource>> resources, ContentHash version) {
        this(resources, version, version);
    }

    private Snapshot(Map<ResourceType, List<Resource>> resources, ContentHash version, ContentHash configVersion) {
        this.resources = resources;
        this.version = version;
        this.configVersion = configVersion;
        this.size = resources.values().stream().mapToInt(List::size).sum();
    }

    /**
     * A snapshot of these resources, in any order.
     *
     * @throws IllegalArgumentException when two of them have one type and name
     */
    public static Snapshot of(Collection<Resource> resources) {
        Map<ResourceType, List<Resource>> sorted = new EnumMap<>(ResourceType.class);
        for (Resource resource : resources) {
            sorted.computeIfAbsent(resource.type(), type -> new ArrayList<>()).add(resource);
        }
        sorted.replaceAll((type, list) -> sort(list));
        return new Snapshot(sorted);
    }

    private static List<Resource> sort(List<Resource> list) {
        Resource[] array = list.toArray(Resource[]::new);
        Arrays.sort(array, BY_NAME);
        for (int i = 1; i < array.length; i++) {
            if (array[i - 1].name().equals(array[i].name())) {
                throw new IllegalArgumentException("two resources have one name: " + array[i - 1] + " and " + array[i]);
            }
        }
        return List.of(array);
    }

    private static ContentHash versionOf(Map<ResourceType, List<Resource>> resources) {
        MessageDigest digest = ContentHash.sha256();
        ByteBuffer head = ByteBuffer.allocate(1 + Integer.BYTES);
        for (ResourceType type : ResourceType.values()) {
            for (Resource resource : resources.getOrDefault(type, List.of())) {
                byte[] name = resource.name().getBytes(StandardCharsets.UTF_8);
                head.clear().put((byte) type.number()).putInt(name.length);
                digest.update(head.array());
                digest.update(name);
                resource.hash().update(digest);
            }
        }
        return ContentHash.ofDigest(digest.digest());
    }

    /** The hash of the content: equal exactly when the resources are. */
    public ContentHash version() {
        return version;
    }

    /** The version of the config in it: {@link #version} unless live data was added. */
    public ContentHash configVersion() {
        return configVersion;
    }

    /**
     * This config with live data beside it. Where both have a resource of one name, the config's stays. Of types of which there
     * is no live data it has the very lists of this one. Its version is the hash of both versions: equal exactly when these are.
     */
    public Snapshot withLive(Snapshot live) {
        if (live.size == 0) {
            return this;
        }
        Map<ResourceType, List<Resource>> merged = new EnumMap<>(ResourceType.class);
        merged.putAll(resources);
        live.resources.forEach((type, list) -> merged.merge(type, list, Snapshot::merge));
        MessageDigest digest = ContentHash.sha256();
        version.update(digest);
        live.version.update(digest);
        return new Snapshot(merged, ContentHash.ofDigest(digest.digest()), configVersion);
    }

    /** This one's resources of all other types. */
    public Snapshot without(ResourceType type) {
        if (resources(type).isEmpty()) {
            return this;
        }
        Map<ResourceType, List<Resource>> others = new EnumMap<>(resources);
        others.remove(type);
        return new Snapshot(others);
    }

    /** This one's resources, but where the other has one of the same name, that. */
    public Snapshot overlaid(Snapshot other) {
        Map<ResourceType, List<Resource>> merged = new EnumMap<>(ResourceType.class);
        merged.putAll(other.resources);
        resources.forEach((type, list) -> merged.merge(type, list, Snapshot::merge));
        return new Snapshot(merged);
    }

    private static List<Resource> merge(List<Resource> list, List<Resource> more) {
        List<Resource> merged = new ArrayList<>(list.size() + more.size());
        int j = 0;
        for (Resource resource : list) {
            while (j < more.size() && BY_NAME.compare(more.get(j), resource) < 0) {
                merged.add(more.get(j++));
            }
            if (j < more.size() && BY_NAME.compare(more.get(j), resource) == 0) {
                j++;
            }
            merged.add(resource);
        }
        merged.addAll(more.subList(j, more.size()));
        return List.copyOf(merged);
    }

    /** Resources of one type, sorted by name. */
    public List<Resource> resources(ResourceType type) {
        return resources.getOrDefault(type, List.of());
    }

    /** All resources, sorted by type and name. */
    public List<Resource> resources() {
        List<Resource> all = new ArrayList<>(size);
        for (ResourceType type : ResourceType.values()) {
            all.addAll(resources(type));
        }
        return all;
    }

    /** The resource with this name. Takes O(log n). */
    public Optional<Resource> resource(ResourceType type, String name) {
        List<Resource> list = resources(type);
        int low = 0;
        int high = list.size() - 1;
        while (low <= high) {
            int middle = (low + high) >>> 1;
            int order = list.get(middle).name().compareTo(name);
            if (order == 0) {
                return Optional.of(list.get(middle));
            } else if (order < 0) {
                low = middle + 1;
            } else {
                high = middle - 1;
            }
        }
        return Optional.empty();
    }

    /**
     * This snapshot, made of the other one's resource objects where they are equal, so that both together take the memory of
     * one. Takes one pass over both.
     */
    public Snapshot sharing(Snapshot other) {
        if (equals(other)) {
            return other;
        }
        Map<ResourceType, List<Resource>> shared = new EnumMap<>(ResourceType.class);
        resources.forEach((type, list) -> shared.put(type, sharing(list, other.resources(type))));
        return new Snapshot(shared, version);
    }

    private static List<Resource> sharing(List<Resource> list, List<Resource> other) {
        Resource[] shared = list.toArray(Resource[]::new);
        int j = 0;
        for (int i = 0; i < shared.length; i++) {
            while (j < other.size() && BY_NAME.compare(other.get(j), shared[i]) < 0) {
                j++;
            }
            if (j < other.size() && other.get(j).equals(shared[i])) {
                shared[i] = other.get(j);
            }
        }
        return List.of(shared);
    }

    /** Number of resources of all types. */
    public int size() {
        return size;
    }

    @Override
    public boolean equals(Object other) {
        return other instanceof Snapshot that && version.equals(that.version);
    }

    @Override
    public int hashCode() {
        return version.hashCode();
    }

    @Override
    public String toString() {
        return version + " (" + size + " resources)";
    }

    /** What {@code to} has that {@code from} lacks or has otherwise, and what is gone. Takes one pass over both. */
    public static SnapshotDiff diff(Snapshot from, Snapshot to) {
        if (from.equals(to)) {
            return SnapshotDiff.NONE;
        }
        Map<ResourceType, SnapshotDiff.OfType> types = new EnumMap<>(ResourceType.class);
        for (ResourceType type : ResourceType.values()) {
            SnapshotDiff.OfType diff = diff(from.resources(type), to.resources(type));
            if (!diff.isEmpty()) {
                types.put(type, diff);
            }
        }
        return new SnapshotDiff(Collections.unmodifiableMap(types));
    }

    @SuppressWarnings(
            "ReferenceEquality") // Only saves time: with other live data the other types' lists are the very same.
    private static SnapshotDiff.OfType diff(List<Resource> from, List<Resource> to) {
        if (from == to) {
            return SnapshotDiff.OfType.NONE;
        }
        List<Resource> upserted = new ArrayList<>();
        List<String> removed = new ArrayList<>();
        int i = 0;
        int j = 0;
        while (i < from.size() || j < to.size()) {
            int order = i == from.size()
                    ? 1
                    : j == to.size()
                            ? -1
                            : from.get(i).name().compareTo(to.get(j).name());
            if (order < 0) {
                removed.add(from.get(i++).name());
            } else if (order > 0) {
                upserted.add(to.get(j++));
            } else {
                if (!from.get(i++).hash().equals(to.get(j).hash())) {
                    upserted.add(to.get(j));
                }
                j++;
            }
        }
        return new SnapshotDiff.OfType(List.copyOf(upserted), List.copyOf(removed));
    }
}
