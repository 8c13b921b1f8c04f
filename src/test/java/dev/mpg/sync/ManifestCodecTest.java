package dev.mpg.sync;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.v1.Entry;
import dev.mpg.sync.v1.Manifest;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class ManifestCodecTest {
    private static final Snapshot BASE =
            Contents.with(Contents.hosts(5, "old"), Contents.cluster("a", "1"), Contents.cluster("c", "1"));

    static Stream<Arguments> changes() {
        return Stream.of(
                Arguments.of("nothing left", Snapshot.EMPTY),
                Arguments.of("one changed", Contents.with(BASE, Contents.host("rc/00002", "new"))),
                Arguments.of("one added in the middle", Contents.with(BASE, Contents.cluster("b", "1"))),
                Arguments.of("one added at the front", Contents.with(BASE, Contents.cluster("0", "1"))),
                Arguments.of("one added at the end", Contents.with(BASE, Contents.host("rc/9", "new"))),
                Arguments.of("first removed", Contents.without(BASE, "a")),
                Arguments.of("last removed", Contents.without(BASE, "rc/00004")),
                Arguments.of(
                        "all at once",
                        Contents.without(
                                Contents.with(
                                        BASE,
                                        Contents.cluster("b", "1"),
                                        Contents.host("rc/00004", "new"),
                                        Contents.host("rc/9", "new")),
                                "rc/00000")));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("changes")
    void aDifferenceLeadsFromItsBaseToItsVersion(String name, Snapshot to) throws Exception {
        Manifest difference = ManifestCodec.difference(BASE.version(), to.version(), Snapshot.diff(BASE, to));

        ResolvedManifest resolved = ManifestCodec.resolve(
                Manifest.parseFrom(difference.toByteString()),
                version -> version.equals(BASE.version()) ? Optional.of(ResolvedManifest.of(BASE)) : Optional.empty());

        assertThat(resolved).isEqualTo(ResolvedManifest.of(to));
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("changes")
    void aWholeManifestNeedsNoBase(String name, Snapshot to) throws Exception {
        assertThat(ManifestCodec.resolve(ManifestCodec.whole(to), version -> Optional.empty()))
                .isEqualTo(ResolvedManifest.of(to));
    }

    @Test
    void aKnownVersionNamesNoResource() throws Exception {
        Manifest manifest = ManifestCodec.known(BASE.version());

        assertThat(manifest.getSerializedSize()).isEqualTo(68);
        assertThat(ManifestCodec.resolve(manifest, version -> Optional.of(ResolvedManifest.of(BASE))))
                .isEqualTo(ResolvedManifest.of(BASE));
    }

    static Stream<Arguments> unresolvable() {
        Manifest whole = ManifestCodec.whole(BASE);
        Manifest difference = ManifestCodec.difference(
                BASE.version(),
                Snapshot.EMPTY.version(),
                Snapshot.diff(Contents.with(BASE, Contents.host("rc/7", "x")), Snapshot.EMPTY));
        return Stream.of(
                Arguments.of(ManifestCodec.known(Snapshot.EMPTY.version()), "which is not held"),
                Arguments.of(difference, "it removes rc/7, which its base doesn't have"),
                Arguments.of(
                        whole.toBuilder()
                                .addEntries(Entry.newBuilder().setType(99).setName("new kind"))
                                .build(),
                        "resource type 99 of new kind is unknown here; the Master may be newer than this proxy"),
                Arguments.of(
                        whole.toBuilder().setVersion(ByteString.EMPTY).build(), "a content hash has 32 bytes, not 0"),
                Arguments.of(
                        whole.toBuilder()
                                .addEntries(Entry.newBuilder()
                                        .setType(1)
                                        .setName("short")
                                        .setHash(ByteString.copyFromUtf8("abc")))
                                .build(),
                        "a content hash has 32 bytes, not 3"));
    }

    @ParameterizedTest(name = "{1}")
    @MethodSource("unresolvable")
    void whatCantBeResolvedSaysWhy(Manifest manifest, String reason) {
        assertThatExceptionOfType(UnresolvableManifestException.class)
                .isThrownBy(() -> ManifestCodec.resolve(
                        manifest,
                        version -> version.equals(BASE.version())
                                ? Optional.of(ResolvedManifest.of(BASE))
                                : Optional.empty()))
                .withMessageContaining(reason);
    }
}
