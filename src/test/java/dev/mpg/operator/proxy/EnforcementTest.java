package dev.mpg.operator.proxy;

import static dev.mpg.operator.proxy.Fixtures.NEW;
import static dev.mpg.operator.proxy.Fixtures.OLD;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.ByteString;
import dev.mpg.rollout.Serve;
import dev.mpg.snapshot.ContentHash;
import java.util.List;
import java.util.Optional;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class EnforcementTest {
    private static final ContentHash NEXT = ContentHash.of(ByteString.copyFromUtf8("next"));

    private static Serve serve(ContentHash stable, ContentHash target, int wave, String... cohort) {
        return new Serve(Optional.of(stable), Optional.of(target), List.of(cohort), wave);
    }

    private static Serve first(ContentHash target) {
        return new Serve(Optional.empty(), Optional.of(target), List.of(), 0);
    }

    private static Arguments to(String what, boolean retreat, Serve next) {
        return Arguments.of(what, retreat, serve(OLD, NEW, 3, "a", "b"), next);
    }

    static Stream<Arguments> cases() {
        return Stream.of(
                to("the same", true, serve(OLD, NEW, 3, "a", "b")),
                to("the same in another order", true, serve(OLD, NEW, 3, "b", "a")),
                to("a smaller cohort", true, serve(OLD, NEW, 3, "a")),
                to("nobody", true, serve(OLD, NEW, 3)),
                to("stable for all", true, serve(OLD, OLD, 3)),
                to("stable for all, in whatever wave", true, serve(OLD, OLD, 4, "a", "c")),
                to("a larger cohort", false, serve(OLD, NEW, 3, "a", "b", "c")),
                to("another cohort", false, serve(OLD, NEW, 3, "c")),
                to("another wave, which asks again who refused", false, serve(OLD, NEW, 4, "a")),
                to("another target", false, serve(OLD, NEXT, 3, "a")),
                to("the target for all", false, serve(NEW, NEW, 3)),
                to("another stable version", false, serve(NEXT, NEXT, 3)),
                to("no stable version", false, first(NEW)),
                Arguments.of("a first version", false, first(OLD), first(OLD)),
                Arguments.of("a first version that all have", false, first(OLD), serve(OLD, OLD, 0)),
                Arguments.of("a wave that opens", false, serve(OLD, OLD, 2), serve(OLD, NEW, 3, "a")));
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("cases")
    void a_retreat_gives_nobody_a_version_that_is_not_stable(String what, boolean retreat, Serve now, Serve next) {
        assertThat(Enforcement.isRetreat(now, next)).as(what).isEqualTo(retreat);
        if (retreat) {
            assertThat(Stream.of("a", "b", "c", "d"))
                    .allMatch(gateway -> next.versionFor(gateway).equals(now.versionFor(gateway))
                            || next.versionFor(gateway).equals(now.stable()));
        }
    }
}
