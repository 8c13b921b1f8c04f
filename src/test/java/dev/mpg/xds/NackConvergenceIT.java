package dev.mpg.xds;

import static dev.mpg.xds.Configs.assignment;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.testing.Envoy;
import dev.mpg.testing.Envoy.Api;
import dev.mpg.xds.RandomConfig.Spoilt;
import java.io.IOException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Random;
import org.awaitility.core.ConditionTimeoutException;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Whatever a real Envoy has refused, and whatever part of it that was applied nevertheless: the next good version leaves it
 * with exactly that version, by its own config dump. Also when its stream was cut in between; not when the server was
 * replaced in between, see {@link Doubts}.
 */
class NackConvergenceIT {
    private static final String CLUSTER_ID = "shop";
    /** Per variant of the protocol. For a longer search: {@code -Dmpg.steps=2000}. */
    private static final int STEPS = Integer.getInteger("mpg.steps", 110);

    /** For another search: {@code -Dmpg.seed=2}. */
    private static final long SEED = Long.getLong("mpg.seed", 1);

    @TempDir
    private Path folder;

    @ParameterizedTest
    @EnumSource
    void whatWasRefusedLeavesNothingBehind(Api api) throws IOException, InterruptedException {
        Random random = new Random(SEED);
        RandomConfig configs =
                new RandomConfig(random, List.of(Fixture.freePort(), Fixture.freePort(), Fixture.freePort()));
        try (Fixture fixture = new Fixture()) {
            Snapshot good = configs.next();
            fixture.xds.assign(assignment(CLUSTER_ID, good));
            try (Envoy envoy = Envoy.start(folder, new Envoy.Node("gateway-0", CLUSTER_ID, api, fixture.port(), ""))) {
                awaitExactly(good, fixture, envoy, "the first version");
                for (int step = 0; step < STEPS; step++) {
                    Snapshot before = good;
                    StringBuilder story = new StringBuilder("seed " + SEED + ", step " + step + ":");
                    good = configs.next();
                    Snapshot bad = refused(configs.spoilt(good), fixture, story);
                    switch (random.nextInt(15)) {
                        case 0, 4, 7 -> {
                            story.append(" another bad one;");
                            good = configs.next();
                            refused(configs.spoilt(good), fixture, story);
                        }
                        case 1, 5, 8 -> {
                            story.append(" the stream is cut;");
                            fixture.xds.drain();
                        }
                        case 2, 6, 9 -> {
                            story.append(" the stream is cut and the same refused again;");
                            fixture.xds.drain();
                            fixture.awaitState(CLUSTER_ID, State.REJECTED, bad);
                        }
                        // Envoy may warm a cluster for 15 s then, and doesn't ask for clusters meanwhile: so not often.
                        case 3 -> {
                            Spoilt unanswered = configs.spoilt(configs.next());
                            story.append(" the stream is cut in another bad one")
                                    .append(unanswered.faults());
                            fixture.xds.assign(assignment(CLUSTER_ID, unanswered.snapshot()));
                            fixture.xds.drain();
                        }
                        default -> {}
                    }
                    if (random.nextInt(3) == 0) {
                        story.append(" back to the version before");
                        fixture.xds.assign(assignment(CLUSTER_ID, before));
                        awaitExactly(before, fixture, envoy, story.toString());
                    }
                    fixture.xds.assign(assignment(CLUSTER_ID, good));
                    awaitExactly(good, fixture, envoy, story + " a new version");
                    if (random.nextInt(10) == 0) {
                        fixture.restart(assignment(CLUSTER_ID, good));
                        awaitExactly(good, fixture, envoy, story + " another server");
                    }
                }
            }
        }
    }

    private static String state(Fixture fixture) {
        return fixture.xds.gateways(CLUSTER_ID) + ", " + fixture.xds.streams(CLUSTER_ID);
    }

    private static Snapshot refused(Spoilt spoilt, Fixture fixture, StringBuilder story) {
        story.append(" a bad version").append(spoilt.faults()).append(';');
        Snapshot bad = spoilt.snapshot();
        fixture.xds.assign(assignment(CLUSTER_ID, bad));
        try {
            fixture.awaitState(CLUSTER_ID, State.REJECTED, bad);
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(story + " which was not refused: " + state(fixture), e);
        }
        return bad;
    }

    private static void awaitExactly(Snapshot good, Fixture fixture, Envoy envoy, String story)
            throws IOException, InterruptedException {
        try {
            fixture.awaitState(CLUSTER_ID, State.CURRENT, good);
        } catch (ConditionTimeoutException e) {
            throw new AssertionError(story + ": " + state(fixture), e);
        }
        EnvoyConfig expected = EnvoyConfig.of(good);
        try {
            await().atMost(Duration.ofSeconds(5))
                    .pollInterval(Duration.ofMillis(5))
                    .until(() -> EnvoyConfig.of(envoy).equals(expected));
        } catch (ConditionTimeoutException e) {
            assertThat(EnvoyConfig.of(envoy).differenceTo(expected))
                    .as(story + ": " + state(fixture))
                    .isEmpty();
        }
    }
}
