package dev.mpg.match;

import com.google.protobuf.Message;
import dev.mpg.api.Proxy;
import dev.mpg.compile.Compiled;
import dev.mpg.config.Manifests;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import java.util.stream.Stream;

/** Snapshots of specs. */
final class Tables {
    private Tables() {}

    /** What a spec compiles to. {@code spec} is indented by two. */
    static Snapshot snapshot(String spec) {
        return Compiled.snapshot(Manifests.config(Manifests.read(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                """ + spec.indent(2), Proxy.class))));
    }

    /** The same with this resource in the place of the one of that name, or beside the others. */
    static Snapshot with(Snapshot snapshot, ResourceType type, String name, Message message) {
        Stream<Resource> others = snapshot.resources().stream()
                .filter(resource -> resource.type() != type || !resource.name().equals(name));
        return Snapshot.of(Stream.concat(others, Stream.of(Resource.of(type, name, message.toByteString())))
                .toList());
    }
}
