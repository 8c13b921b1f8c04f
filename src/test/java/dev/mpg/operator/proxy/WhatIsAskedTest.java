package dev.mpg.operator.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;

class WhatIsAskedTest {
    private static Arguments change(String what, boolean asks, Consumer<Proxy> change) {
        return Arguments.of(what, asks, change);
    }

    static Stream<Arguments> changes() {
        return Stream.of(
                change("nothing", false, proxy -> {}),
                change("the status", false, proxy -> proxy.setStatus(status())),
                change(
                        "the resource version",
                        false,
                        proxy -> proxy.getMetadata().setResourceVersion("2")),
                change("labels", false, proxy -> proxy.getMetadata().setLabels(Map.of("a", "b"))),
                change("the spec", true, proxy -> proxy.getMetadata().setGeneration(2L)),
                change(
                        "annotations",
                        true,
                        proxy -> proxy.getMetadata().setAnnotations(Map.of(RolloutCommands.ANNOTATION, "pause"))),
                change("its deletion", true, proxy -> proxy.getMetadata().setDeletionTimestamp("2026-01-01T00:00:00Z")),
                change(
                        "another object of this name",
                        true,
                        proxy -> proxy.getMetadata().setUid("other")));
    }

    private static ProxyStatus status() {
        return Fixtures.status(
                null,
                1,
                Fixtures.ACCEPTED,
                Optional.of(Fixtures.NEW),
                List.of(),
                List.of(Fixtures.NEW),
                List.of(),
                List.of(),
                Optional.empty(),
                Instant.EPOCH);
    }

    @ParameterizedTest(name = "{0}: {1}")
    @MethodSource("changes")
    void a_change_is_looked_at_when_it_asks_for_something(String what, boolean asks, Consumer<Proxy> change) {
        Proxy before = Fixtures.proxy(1, null);
        before.getMetadata().setUid("one");
        Proxy now = Fixtures.proxy(1, null);
        now.getMetadata().setUid("one");
        change.accept(now);
        assertThat(new WhatIsAsked().accept(now, before)).as(what).isEqualTo(asks);
    }
}
