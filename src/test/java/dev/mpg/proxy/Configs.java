package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;

/** Small configs for tests of the store, which does not look into resources. */
final class Configs {
    private Configs() {}

    /** A snapshot of clusters: {@code "name=content"}. */
    static Snapshot snapshot(String... resources) {
        List<Resource> list = new ArrayList<>();
        for (String resource : resources) {
            String name = resource.substring(0, resource.indexOf('='));
            list.add(Resource.of(ResourceType.CLUSTER, name, ByteString.copyFromUtf8(resource)));
        }
        return Snapshot.of(list);
    }

    /** {@code count} clusters whose bytes carry {@code salt}. */
    static Snapshot many(int count, String salt) {
        List<Resource> list = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            list.add(Resource.of(ResourceType.CLUSTER, "c" + i, ByteString.copyFromUtf8(salt + i + "x".repeat(100))));
        }
        return Snapshot.of(list);
    }

    /** The same, but for one cluster: {@code "name=content"}. */
    static Snapshot many(int count, String salt, String changed) {
        Resource other = snapshot(changed).resources().getFirst();
        List<Resource> list = new ArrayList<>(many(count, salt).resources());
        list.removeIf(resource -> resource.name().equals(other.name()));
        list.add(other);
        return Snapshot.of(list);
    }

    static Assignment first(String clusterId, Snapshot target) {
        return new Assignment(clusterId, Optional.empty(), target, List.of(), "");
    }

    static Assignment rollout(String clusterId, Snapshot stable, Snapshot target) {
        Cohort cohort = stable.equals(target) ? Cohort.NONE : new Cohort(1, List.of("gw-0"));
        return new Assignment(clusterId, Optional.of(stable), target, cohort, List.of("gw-0"), "00-trace");
    }

    static Assignment done(String clusterId, Snapshot version) {
        return rollout(clusterId, version, version);
    }
}
