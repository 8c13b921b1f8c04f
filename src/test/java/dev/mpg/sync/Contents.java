package dev.mpg.sync;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Made-up content for tests: ConfigSync doesn't look into it. */
public final class Contents {
    private Contents() {}

    public static Resource host(String name, String content) {
        return Resource.of(ResourceType.VIRTUAL_HOST, name, ByteString.copyFromUtf8(name + " " + content));
    }

    public static Resource cluster(String name, String content) {
        return Resource.of(ResourceType.CLUSTER, name, ByteString.copyFromUtf8(name + " " + content));
    }

    /** Virtual hosts {@code rc/0} to {@code rc/<n-1>} with this content. */
    public static Snapshot hosts(int n, String content) {
        List<Resource> resources = new ArrayList<>(n);
        for (int i = 0; i < n; i++) {
            resources.add(host("rc/%05d".formatted(i), content));
        }
        return Snapshot.of(resources);
    }

    /** The same snapshot with these resources added or changed. */
    public static Snapshot with(Snapshot snapshot, Resource... changed) {
        List<Resource> resources = new ArrayList<>(snapshot.resources());
        for (Resource resource : changed) {
            resources.removeIf(
                    other -> other.type() == resource.type() && other.name().equals(resource.name()));
            resources.add(resource);
        }
        return Snapshot.of(resources);
    }

    public static Snapshot without(Snapshot snapshot, String name) {
        return Snapshot.of(snapshot.resources().stream()
                .filter(resource -> !resource.name().equals(name))
                .toList());
    }

    /** Bytes of all resources. */
    public static int bytes(Snapshot snapshot) {
        return snapshot.resources().stream()
                .mapToInt(resource -> resource.bytes().size())
                .sum();
    }

    /** The whole fleet runs this. */
    public static Assignment settled(String clusterId, Snapshot snapshot) {
        return new Assignment(clusterId, Optional.of(snapshot), snapshot, List.of(), "");
    }

    /** The fleet goes from one to the other. */
    public static Assignment rollout(String clusterId, Snapshot stable, Snapshot target) {
        return new Assignment(clusterId, Optional.of(stable), target, List.of(), "");
    }

    /** A version that no fleet has run yet. */
    public static Assignment first(String clusterId, Snapshot target) {
        return new Assignment(clusterId, Optional.empty(), target, List.of(), "");
    }
}
