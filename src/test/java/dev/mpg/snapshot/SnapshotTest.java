package dev.mpg.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import java.io.ByteArrayOutputStream;
import java.io.DataOutputStream;
import java.io.IOException;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;

class SnapshotTest {
    private static final List<ResourceType> TYPES = List.of(ResourceType.values());
    private static final Resource CLUSTER = resource(ResourceType.CLUSTER, "checkout", "a");
    private static final Resource HOST = resource(ResourceType.VIRTUAL_HOST, "routes/*", "b");
    private static final Resource HOST_OF_MANY_BYTES = resource(ResourceType.VIRTUAL_HOST, "routes/ä.example", "c");

    /** Computed anew by the definition in Snapshot's Javadoc. Whoever changes it gives every fleet a new version. */
    @Test
    void versionIsTheSha256OfTheSortedEntries() throws IOException, NoSuchAlgorithmException {
        ByteArrayOutputStream bytes = new ByteArrayOutputStream();
        DataOutputStream entries = new DataOutputStream(bytes);
        entry(entries, 1, "checkout", "a");
        entry(entries, 5, "routes/*", "b");
        entry(entries, 5, "routes/ä.example", "c");
        byte[] expected = sha256(bytes.toByteArray());

        Snapshot snapshot = Snapshot.of(List.of(HOST_OF_MANY_BYTES, CLUSTER, HOST));

        assertThat(snapshot.version().hex())
                .isEqualTo(HexFormat.of().formatHex(expected))
                .isEqualTo("5a9adbf1e272764df4b7312dca0774990db2683022034f627244ca5b6a27ba12");
    }

    private static void entry(DataOutputStream out, int type, String name, String content)
            throws IOException, NoSuchAlgorithmException {
        out.writeByte(type);
        out.writeInt(name.getBytes(UTF_8).length);
        out.write(name.getBytes(UTF_8));
        out.write(sha256(content.getBytes(UTF_8)));
    }

    private static byte[] sha256(byte[] bytes) throws NoSuchAlgorithmException {
        return MessageDigest.getInstance("SHA-256").digest(bytes);
    }

    @Test
    void theEmptySnapshotsVersionIsTheHashOfNothing() {
        assertThat(Snapshot.EMPTY.version()).isEqualTo(ContentHash.of(ByteString.EMPTY));
        assertThat(Snapshot.EMPTY.size()).isZero();
        assertThat(Snapshot.EMPTY.resources()).isEmpty();
    }

    @Test
    void theOrderOfTheInputDoesNotMatter() {
        List<Resource> resources = new ArrayList<>(random(new Random(1), 200).resources());
        Snapshot snapshot = Snapshot.of(resources);
        for (int seed = 0; seed < 20; seed++) {
            Collections.shuffle(resources, new Random(seed));
            assertThat(Snapshot.of(resources)).isEqualTo(snapshot).hasSameHashCodeAs(snapshot);
            assertThat(Snapshot.of(resources).resources()).isEqualTo(snapshot.resources());
        }
    }

    /** Names whose String.hashCode is the same, which made java-control-plane give them one version. */
    @Test
    void namesWithTheSameHashCodeMakeDifferentVersions() {
        assertThat("Aa.example.com").hasSameHashCodeAs("BB.example.com");

        assertThat(Snapshot.of(List.of(resource(ResourceType.VIRTUAL_HOST, "Aa.example.com", "x"))))
                .isNotEqualTo(Snapshot.of(List.of(resource(ResourceType.VIRTUAL_HOST, "BB.example.com", "x"))));
        assertThat(Snapshot.of(List.of(resource(ResourceType.VIRTUAL_HOST, "x", "Aa.example.com"))))
                .isNotEqualTo(Snapshot.of(List.of(resource(ResourceType.VIRTUAL_HOST, "x", "BB.example.com"))));
    }

    @Test
    void typeNameAndBytesMakeTheVersion() {
        assertThat(List.of(
                        Snapshot.of(List.of(resource(ResourceType.CLUSTER, "a", "b")))
                                .version(),
                        Snapshot.of(List.of(resource(ResourceType.ENDPOINT, "a", "b")))
                                .version(),
                        Snapshot.of(List.of(resource(ResourceType.CLUSTER, "b", "b")))
                                .version(),
                        Snapshot.of(List.of(resource(ResourceType.CLUSTER, "a", "a")))
                                .version(),
                        Snapshot.EMPTY.version()))
                .doesNotHaveDuplicates();
    }

    @Test
    void twoResourcesOfOneTypeAndNameAreRefused() {
        assertThatIllegalArgumentException()
                .isThrownBy(() -> Snapshot.of(List.of(CLUSTER, HOST, resource(ResourceType.CLUSTER, "checkout", "z"))))
                .withMessageContaining("checkout");
        assertThat(Snapshot.of(List.of(CLUSTER, resource(ResourceType.ENDPOINT, "checkout", "z")))
                        .size())
                .isEqualTo(2);
    }

    @Test
    void resourcesAreSortedAndFoundByTypeAndName() {
        Snapshot snapshot = random(new Random(2), 300);

        assertThat(snapshot.resources()).hasSize(snapshot.size());
        for (ResourceType type : ResourceType.values()) {
            assertThat(snapshot.resources(type)).extracting(Resource::name).isSorted();
            for (Resource resource : snapshot.resources(type)) {
                assertThat(snapshot.resource(type, resource.name())).containsSame(resource);
            }
            assertThat(snapshot.resource(type, "")).isEmpty();
            assertThat(snapshot.resource(type, "n50-")).isEmpty();
            assertThat(snapshot.resource(type, "z")).isEmpty();
        }
        assertThat(Snapshot.EMPTY.resource(ResourceType.CLUSTER, "n1")).isEmpty();
    }

    @Test
    void diffOfEqualSnapshotsIsEmpty() {
        Snapshot snapshot = random(new Random(3), 50);

        assertThat(Snapshot.diff(snapshot, Snapshot.of(snapshot.resources())).isEmpty())
                .isTrue();
        assertThat(Snapshot.diff(snapshot, snapshot).of(ResourceType.CLUSTER).isEmpty())
                .isTrue();
    }

    @Test
    void diffIsWhatTurnsOneSnapshotIntoAnotherAndNothingMore() {
        for (int seed = 0; seed < 500; seed++) {
            Random random = new Random(seed);
            Snapshot from = random(random, random.nextInt(40));
            Snapshot to = random.nextBoolean() ? random(random, random.nextInt(40)) : mutate(from, random);

            SnapshotDiff diff = Snapshot.diff(from, to);

            assertThat(apply(diff, from)).isEqualTo(to);
            assertThat(diff.isEmpty()).isEqualTo(from.equals(to));
            diff.types().forEach((type, ofType) -> {
                assertThat(ofType.isEmpty()).isFalse();
                assertThat(ofType.upserted())
                        .extracting(Resource::name)
                        .isSorted()
                        .noneMatch(ofType.removed()::contains);
                assertThat(ofType.removed()).isSorted().doesNotHaveDuplicates();
                // Minimal: each of its entries is needed.
                assertThat(ofType.upserted())
                        .allSatisfy(resource -> assertThat(from.resource(type, resource.name()))
                                .isNotEqualTo(to.resource(type, resource.name())));
                assertThat(ofType.removed()).allSatisfy(name -> {
                    assertThat(from.resource(type, name)).isPresent();
                    assertThat(to.resource(type, name)).isEmpty();
                });
            });
        }
    }

    private static Snapshot apply(SnapshotDiff diff, Snapshot from) {
        List<Resource> result = new ArrayList<>();
        for (ResourceType type : ResourceType.values()) {
            Map<String, Resource> byName = new LinkedHashMap<>();
            from.resources(type).forEach(resource -> byName.put(resource.name(), resource));
            diff.of(type).removed().forEach(byName::remove);
            diff.of(type).upserted().forEach(resource -> byName.put(resource.name(), resource));
            result.addAll(byName.values());
        }
        return Snapshot.of(result);
    }

    /** Few names and contents, so that two snapshots have much in common. */
    private static Snapshot random(Random random, int size) {
        Map<String, Resource> resources = new LinkedHashMap<>();
        for (int i = 0; i < size; i++) {
            ResourceType type = TYPES.get(random.nextInt(TYPES.size()));
            String name = "n" + random.nextInt(Math.max(1, size));
            resources.put(type + name, resource(type, name, String.valueOf(random.nextInt(3))));
        }
        return Snapshot.of(resources.values());
    }

    private static Snapshot mutate(Snapshot snapshot, Random random) {
        Collection<Resource> resources = new ArrayList<>();
        for (Resource resource : snapshot.resources()) {
            switch (random.nextInt(6)) {
                case 0 -> {}
                case 1 -> resources.add(resource(resource.type(), resource.name(), "changed"));
                case 2 -> {
                    resources.add(resource);
                    resources.add(resource(resource.type(), resource.name() + "-added", "x"));
                }
                default -> resources.add(resource);
            }
        }
        return Snapshot.of(resources);
    }

    private static Resource resource(ResourceType type, String name, String content) {
        return Resource.of(type, name, ByteString.copyFromUtf8(content));
    }
}
