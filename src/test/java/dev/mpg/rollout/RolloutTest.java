package dev.mpg.rollout;

import static dev.mpg.rollout.Story.V1;
import static dev.mpg.rollout.Story.V2;
import static dev.mpg.rollout.Story.V3;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.Command.Action;
import dev.mpg.rollout.Failure.Reason;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.RendezvousHash;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

class RolloutTest {
    private static List<ContentHash> served(Decision decision, String... gateways) {
        List<ContentHash> versions = new ArrayList<>();
        for (String gateway : gateways) {
            versions.add(decision.serve().versionFor(gateway).orElseThrow());
        }
        return versions;
    }

    private static Reason reason(RolloutState state) {
        return state.reason().orElseThrow().reason();
    }

    @Nested
    class TheFirstVersion {
        private final Story story = new Story().joins("a").joins("b").desired(V1);

        @Test
        void goesToEverybodyAtOnce() {
            Decision decision = story.see();

            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            assertThat(served(decision, "a", "b", "new")).containsOnly(V1);
        }

        @Test
        void isStableOnceEverybodyAckedIt() {
            story.reports.clear();
            story.see();
            story.acks("a").see();
            assertThat(story.state.stable()).isEmpty();

            Decision decision = story.acks("b").see();

            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
            assertThat(story.state.stable()).contains(V1);
            assertThat(decision.outcomes()).containsExactly(new Outcome.Completed(V1));
        }

        @Test
        void isLeftAsItIsWhenItFails() {
            story.see();
            Decision decision = story.refuses("a").see();

            assertThat(story.state.phase()).isEqualTo(Phase.Failed);
            assertThat(story.state.reason().orElseThrow().message()).isEqualTo("refused by a: no such filter");
            assertThat(served(decision, "a", "b")).containsOnly(V1);
            assertThat(story.state.failed()).isEmpty();
        }

        @Test
        void completesAfterAFailureThatWasOnlyALateAck() {
            story.see();
            story.asked("a").acks("b").see();
            assertThat(story.see().wakeUp()).contains(story.now.plusSeconds(15));
            story.after(15).see();
            assertThat(reason(story.state)).isEqualTo(Reason.AckTimeout);

            story.acks("a").see();

            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
            assertThat(story.state.reason()).isEmpty();
        }

        @Test
        void isReplacedForEverybodyAtOnce() {
            story.see();
            story.refuses("a").see();
            Decision decision = story.desired(V2).see();

            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            assertThat(served(decision, "a", "b")).containsOnly(V2);
            assertThat(served(story.desired(V1).see(), "a", "b")).containsOnly(V1);
        }

        @Test
        void isAskedForAgainByResume() {
            story.see();
            int refused = story.refuses("a").see().serve().wave();
            Decision decision = story.command(Action.Resume).see();

            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            assertThat(decision.serve().wave()).isGreaterThan(refused);
        }

        @Test
        void isNotHeldByAPauseNorAborted() {
            Decision decision =
                    story.command(Action.Pause).command(Action.Abort).see();
            assertThat(served(decision, "a")).containsOnly(V1);
            assertThat(story.command(Action.Abort).see().outcomes()).hasOnlyElementsOfType(Outcome.Ignored.class);
        }

        @Test
        void doesNotCompleteWhileAGatewayHasNeverConnected() {
            story.fleet.add("c");
            story.see();
            story.everybodyAcks().see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
        }
    }

    @Nested
    class NothingToDo {
        @Test
        void withoutAVersion() {
            Story story = new Story().joins("a");
            Decision decision = story.see();
            assertThat(story.state.phase()).isEqualTo(Phase.Pending);
            assertThat(decision.serve().versionFor("a")).isEmpty();
            assertThat(decision.outcomes()).isEmpty();
        }

        @Test
        void whenStableIsDesired() {
            Story story = Story.of(3);
            Decision decision = story.see();
            assertThat(story.state).isEqualTo(RolloutState.complete(V1));
            assertThat(decision.outcomes()).isEmpty();
            assertThat(decision.wakeUp()).isEmpty();
        }

        @Test
        void whenAGatewayRefusesStable() {
            Story story = Story.of(3);
            story.refuses("a").see();
            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
        }
    }

    @Nested
    class Waves {
        @Test
        void beginWithTheFirstStepByRank() {
            Story story = Story.of(10);
            Decision decision = story.desired(V2).see();

            String first = RendezvousHash.rank(V2.hex(), story.fleet).getFirst();
            assertThat(story.cohort()).containsExactly(first);
            assertThat(decision.serve().stable()).contains(V1);
            assertThat(served(decision, first)).containsExactly(V2);
            assertThat(story.fleet.stream()
                            .filter(gateway ->
                                    decision.serve().versionFor(gateway).equals(Optional.of(V1))))
                    .hasSize(9);
        }

        @Test
        void growWhenTheCohortAckedAndBaked() {
            Story story = Story.rollingOut(10);
            Decision baking = story.everybodyAcks().see();
            assertThat(baking.wakeUp()).contains(story.now.plusSeconds(30));

            story.after(29).see();
            assertThat(story.cohort()).hasSize(1);
            String first = story.first();

            story.after(1).see();
            assertThat(story.cohort()).hasSize(5).startsWith(first);
            assertThat(story.state.wave().orElseThrow().step()).isEqualTo(1);
        }

        @Test
        void doNotGrowBeforeTheWholeCohortAcked() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            story.after(30).see();
            List<String> cohort = story.cohort();
            cohort.subList(0, 4).forEach(story::acks);
            story.after(1000).see();
            assertThat(story.cohort()).isEqualTo(cohort);
        }

        @Test
        void endWithTheTargetAsStable() {
            Story story = Story.rollingOut(10);
            Decision decision = story.seeItThrough();

            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
            assertThat(story.state.stable()).contains(V2);
            assertThat(decision.serve()).isEqualTo(new Serve(Optional.of(V2), Optional.of(V2), List.of(), 3));
            assertThat(decision.outcomes()).contains(new Outcome.Completed(V2));
        }

        @Test
        void areAllTakenEvenWhenTheFirstIsTheWholeFleet() {
            Story story = Story.rollingOut(1);
            story.everybodyAcks().see();
            story.after(30).see();
            assertThat(story.state.wave().orElseThrow().step()).isEqualTo(1);
            story.after(29).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            story.after(1).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
        }

        @Test
        void withoutBakeFollowEachOtherWithinOneDecision() {
            Story story = Story.of(3);
            story.policy = new RolloutPolicy(List.of(), Duration.ofSeconds(15), OnFailure.Rollback);
            story.desired(V2).see();
            assertThat(story.cohort()).hasSize(3);
            story.everybodyAcks().see();
            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
        }

        @Test
        void bakeAnewWhenAGatewayOfTheCohortWasAway() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            String member = story.first();
            story.after(20).disconnects(member).see();
            story.after(1).report(member, State.CURRENT, V2).see();
            story.after(29).see();
            assertThat(story.cohort()).hasSize(1);
            story.after(1).see();
            assertThat(story.cohort()).hasSize(5);
        }

        @Test
        void ofPartOfTheFleetWaitForThatManyToConnect() {
            Story story = Story.of(3);
            story.reports.clear();
            story.desired(V2).see();
            assertThat(story.state.wave()).isEmpty();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);

            story.report("b", State.CURRENT, V1).see();
            assertThat(story.cohort()).containsExactly("b");
        }

        @Test
        void goOnWhileTheSpecCannotBeUsed() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            story.desired = Optional.empty();
            story.after(30).see();
            assertThat(story.cohort()).hasSize(5);
        }

        @Test
        void followThePolicyAsItIsNow() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            story.policy = RolloutPolicy.DEFAULT;
            story.see();
            assertThat(story.cohort()).as("a part is not taken for the whole").hasSize(10);
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
        }

        @Test
        void countAnyReportOfAnotherVersionAsNoAnswer() {
            Story story = Story.rollingOut(10);
            for (State state : State.values()) {
                story.report(story.first(), state, V3).after(100).see();
                assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
                assertThat(story.cohort()).hasSize(1);
            }
        }
    }

    @Nested
    class Failures {
        @Test
        void aRefusalRollsBack() {
            Story story = Story.rollingOut(10);
            String member = story.first();
            Decision decision = story.refuses(member).see();

            assertThat(story.state.phase()).isEqualTo(Phase.RollingBack);
            assertThat(story.state.returning()).containsExactly(member);
            assertThat(served(decision, member)).containsExactly(V1);
            assertThat(decision.outcomes())
                    .containsExactly(new Outcome.Failed(story.state.reason().orElseThrow()));
            assertThat(reason(story.state)).isEqualTo(Reason.Rejected);
        }

        @Test
        void theRollBackEndsWhenTheCohortAckedStable() {
            Story story = Story.rollingOut(10);
            String member = story.first();
            story.refuses(member).see();
            story.disconnects(member).after(1000).see();
            assertThat(story.state.phase()).isEqualTo(Phase.RollingBack);

            Decision decision = story.acks(member).see();

            assertThat(story.state.phase()).isEqualTo(Phase.RolledBack);
            assertThat(decision.outcomes())
                    .containsExactly(new Outcome.RolledBack(story.state.reason().orElseThrow()));
        }

        @Test
        void anAckTimeoutRollsBack() {
            Story story = Story.rollingOut(10);
            Decision asked = story.asked(story.first()).see();
            assertThat(asked.wakeUp()).contains(story.now.plusSeconds(15));
            story.after(14).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            String member = story.first();
            story.after(1).see();
            assertThat(story.state.phase()).isEqualTo(Phase.RollingBack);
            assertThat(story.state.reason().orElseThrow().message()).isEqualTo("not ACKed within 15.0 s by " + member);
        }

        @Test
        void aGatewayThatWasNotSentTheTargetDoesNotTimeOut() {
            Story story = Story.rollingOut(10);
            story.after(1000).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
        }

        @Test
        void aGatewayThatIsNotConnectedDoesNotTimeOut() {
            Story story = Story.rollingOut(10);
            String member = story.first();
            story.asked(member).see();
            story.disconnects(member).after(1000).see();
            story.asked(member).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            story.after(15).see();
            assertThat(reason(story.state)).isEqualTo(Reason.AckTimeout);
        }

        @Test
        void aRegressionRollsBack() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            story.regression = Optional.of(new Regression(story.wave(), "4 % errors, not 0.1 %"));
            story.see();
            assertThat(reason(story.state)).isEqualTo(Reason.Regression);
            assertThat(story.cohort()).isEmpty();
        }

        @Test
        void trafficThatCannotBeJudgedHoldsTheWave() {
            Story story = Story.rollingOut(10);
            story.unjudged = true;
            int wave = story.wave();
            story.everybodyAcks().see();
            story.after(3600).see();
            assertThat(story.wave()).isEqualTo(wave);
            story.unjudged = false;
            story.see();
            assertThat(story.wave()).isEqualTo(wave + 1);
        }

        @Test
        void whoPromotesDoesNotWaitForTrafficToBeJudged() {
            Story story = Story.rollingOut(10);
            story.unjudged = true;
            story.command(Action.Promote).see();
            story.everybodyAcks().see();
            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
        }

        @Test
        void aRegressionOfAnEarlierWaveSaysNothing() {
            Story story = Story.rollingOut(10);
            story.regression = Optional.of(new Regression(story.wave(), "worse"));
            story.desired(V3).see();
            story.see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
        }

        @Test
        void aRefusalCountsAlsoWhenItsGatewayHasJustLeftTheCohort() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            story.after(30).see();
            String last = story.cohort().getLast();
            story.refuses(last);
            story.fleet.stream()
                    .filter(gateway -> !story.cohort().contains(gateway))
                    .toList()
                    .forEach(story::leaves);
            story.see();
            assertThat(reason(story.state)).isEqualTo(Reason.Rejected);
        }

        @Test
        void areFoundWhilePaused() {
            Story story = Story.rollingOut(10);
            story.command(Action.Pause).see();
            story.refuses(story.first()).see();
            assertThat(story.state.phase()).isEqualTo(Phase.RollingBack);
        }

        @Test
        void freezeTheCohortWhenThePolicyIsToPause() {
            Story story = Story.rollingOut(10);
            story.policy = Story.PAUSING;
            String member = story.first();
            Decision decision = story.refuses(member).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Paused);
            assertThat(reason(story.state)).isEqualTo(Reason.Rejected);
            assertThat(served(decision, member)).containsExactly(V2);

            story.acks(member).after(1000).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Paused);
            assertThat(story.cohort()).containsExactly(member);
        }

        @Test
        void messagesAreBounded() {
            assertThat(new Failure(V1, Reason.Rejected, "x".repeat(5000), Story.of(0).now).message())
                    .hasSize(512)
                    .endsWith("…");
        }
    }

    @Nested
    class MarksOfFailedVersions {
        private Story failed() {
            Story story = Story.rollingOut(10);
            String member = story.first();
            story.refuses(member).see();
            story.acks(member).see();
            assertThat(story.state.phase()).isEqualTo(Phase.RolledBack);
            return story;
        }

        @Test
        void outliveTheSameContent() {
            Story story = failed();
            Decision decision = story.desired(V2).after(1000).see();
            assertThat(story.state.phase()).isEqualTo(Phase.RolledBack);
            assertThat(decision.outcomes()).isEmpty();
            assertThat(decision.serve().target()).contains(V1);
        }

        @Test
        void outliveAnotherVersionThatDidNotComplete() {
            Story story = failed();
            story.desired(V3).see();
            Decision decision = story.desired(V2).see();
            assertThat(decision.serve().cohort()).isEmpty();
            assertThat(story.state.phase()).isEqualTo(Phase.RolledBack);
            assertThat(decision.outcomes())
                    .containsExactly(new Outcome.RolledBack(story.state.reason().orElseThrow()));
        }

        @Test
        void goWhenAnotherVersionCompletes() {
            Story story = failed();
            story.desired(V3).seeItThrough();
            assertThat(story.state.failed()).isEmpty();
            story.desired(V2).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            assertThat(story.cohort()).hasSize(1);
        }

        @Test
        void goWhenTheSpecWentBackToStableAndEverybodyIsThere() {
            Story story = failed();
            story.desired(V1).see();
            story.desired(V2).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
        }

        @Test
        void outliveASpecThatWentBackBeforeEverybodyIsThere() {
            Story story = Story.rollingOut(10);
            story.refuses(story.first()).see();
            story.desired(V1).see();
            story.desired(V2).see();
            assertThat(story.state.phase()).isEqualTo(Phase.RollingBack);
        }

        @Test
        void goOnResumeAndTheWavesBeginAnew() {
            Story story = failed();
            Decision decision = story.command(Action.Resume).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            assertThat(story.cohort()).hasSize(1);
            assertThat(decision.outcomes()).hasSize(3).contains(new Outcome.Started(V2));
        }

        @Test
        void goOnPromoteAndEverybodyGetsIt() {
            Story story = failed();
            story.command(Action.Promote).see();
            assertThat(story.cohort()).hasSize(10);
        }

        @Test
        void areMadeWhenAPausedFailureIsReplaced() {
            Story story = Story.rollingOut(10);
            story.policy = Story.PAUSING;
            story.refuses(story.first()).see();
            story.desired(V3).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            assertThat(story.state.markOn(V2)).isPresent();
        }

        @Test
        void areBoundedAndTheOldestGoes() {
            Story story = Story.of(3);
            List<ContentHash> versions = IntStream.range(0, RolloutState.MAX_FAILED + 2)
                    .mapToObj(i -> Story.version("bad " + i))
                    .toList();
            for (ContentHash version : versions) {
                story.desired(version).see();
                story.refuses(story.first()).see();
            }
            assertThat(story.state.failed())
                    .extracting(Failure::version)
                    .isEqualTo(versions.subList(2, versions.size()));
        }

        @Test
        void aRefusalFromBeforeIsNotHeldAgainstTheNextTry() {
            Story story = Story.rollingOut(10);
            String member = story.first();
            story.refuses(member).see();
            story.command(Action.Resume).see();
            assertThat(story.cohort()).containsExactly(member);
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);

            story.asked(member).see();
            story.refuses(member).see();
            assertThat(reason(story.state)).isEqualTo(Reason.Rejected);
        }

        @Test
        void aRefusalFromBeforeThatIsNeverTakenBackTimesOut() {
            Story story = Story.rollingOut(10);
            story.refuses(story.first()).see();
            story.command(Action.Resume).see();
            story.after(15).see();
            assertThat(reason(story.state)).isEqualTo(Reason.AckTimeout);
        }
    }

    @Nested
    class ANewerSpec {
        @Test
        void replacesTheTargetAndBeginsAnew() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            story.after(30).see();
            List<String> before = story.cohort();
            assertThat(before).hasSize(5);

            Decision decision = story.desired(V3).see();

            String first = RendezvousHash.rank(V3.hex(), story.fleet).getFirst();
            assertThat(story.cohort()).containsExactly(first);
            assertThat(story.state.wave().orElseThrow().step()).isZero();
            for (String gateway : before) {
                assertThat(decision.serve().versionFor(gateway)).contains(gateway.equals(first) ? V3 : V1);
            }
        }

        @Test
        void thatGoesBackToStableRollsEverybodyBackAtOnce() {
            Story story = Story.rollingOut(10);
            String member = story.first();
            story.everybodyAcks().see();
            Decision decision = story.desired(V1).see();
            assertThat(served(decision, member)).containsExactly(V1);
            assertThat(story.state.phase()).isEqualTo(Phase.RollingBack);

            Decision arrived = story.acks(member).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
            assertThat(arrived.outcomes()).containsExactly(new Outcome.Completed(V1));
            assertThat(story.state.failed()).isEmpty();
        }

        @Test
        void endsAPauseThatAFailureMade() {
            Story story = Story.rollingOut(10);
            story.policy = Story.PAUSING;
            story.refuses(story.first()).see();
            story.desired(V3).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
        }

        @Test
        void waitsUnderAPauseThatWasAskedFor() {
            Story story = Story.rollingOut(10);
            story.command(Action.Pause).see();
            Decision decision = story.desired(V3).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Paused);
            assertThat(decision.serve().cohort()).isEmpty();
        }

        @Test
        void doesNotWaitForTheRollBack() {
            Story story = Story.rollingOut(10);
            story.refuses(story.first()).see();
            story.desired(V3).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            assertThat(story.cohort()).hasSize(1);
        }
    }

    @Nested
    class AFleetThatChanges {
        @Test
        void aNewGatewayGetsStable() {
            Story story = Story.rollingOut(10);
            Decision decision = story.joins("new").see();
            assertThat(served(decision, "new")).containsExactly(V1);
        }

        @Test
        void aNewGatewayGetsStableInTheLastWaveToo() {
            Story story = Story.of(3);
            story.policy = RolloutPolicy.DEFAULT;
            story.desired(V2).see();
            Decision decision = story.joins("new").see();
            assertThat(served(decision, "a", "b", "c")).containsOnly(V2);
            assertThat(served(decision, "new")).containsExactly(V1);

            decision = story.everybodyAcks().see();
            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
            assertThat(served(decision, "new")).containsExactly(V2);
        }

        @Test
        void aSmallerFleetHasASmallerCohort() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            story.after(30).see();
            List<String> cohort = story.cohort();
            story.everybodyAcks().see();
            story.fleet.stream()
                    .filter(gateway -> !cohort.contains(gateway))
                    .limit(4)
                    .toList()
                    .forEach(story::leaves);

            story.see();
            assertThat(story.fleet).hasSize(6);
            assertThat(story.cohort()).isEqualTo(cohort.subList(0, 3));
            assertThat(story.state.returning()).containsExactlyInAnyOrderElementsOf(cohort.subList(3, 5));
        }

        @Test
        void aGatewayThatIsGoneIsNotWaitedFor() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            story.after(30).see();
            story.everybodyAcks().asked(story.cohort().getLast()).see();
            story.leaves(story.cohort().getLast()).see();
            assertThat(story.cohort()).hasSize(4);
            story.after(30).see();
            assertThat(story.state.wave().orElseThrow().step()).isEqualTo(2);
        }

        @Test
        void aGatewayThatIsOnlyDisconnectedIsWaitedFor() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            story.disconnects(story.first()).after(1000).see();
            assertThat(story.cohort()).hasSize(1);
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
        }

        @Test
        void anEmptiedCohortIsPickedAnew() {
            Story story = Story.rollingOut(10);
            String gone = story.first();
            story.leaves(gone).see();
            assertThat(story.cohort())
                    .hasSize(1)
                    .containsExactly(RendezvousHash.rank(V2.hex(), story.fleet).getFirst());
        }

        @Test
        void aGatewayThatComesBackWithAFailedVersionIsSentBack() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            String member = story.first();
            story.leaves(member).see();
            story.command(Action.Abort).see();
            story.everybodyAcks().see();
            assertThat(story.state.phase()).isEqualTo(Phase.RolledBack);

            story.fleet.add(member);
            Decision decision = story.report(member, State.CURRENT, V2).see();
            assertThat(story.state.phase()).isEqualTo(Phase.RollingBack);
            assertThat(served(decision, member)).containsExactly(V1);
        }

        @Test
        void noGatewaysAtAllCompleteTheFirstVersionAtOnce() {
            Story story = new Story().desired(V1);
            story.see();
            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
        }

        @Test
        void noGatewaysAtAllCompleteALaterVersionAfterTheAckTimeout() {
            Story story = Story.rollingOut(0);
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            assertThat(story.see().wakeUp()).contains(story.now.plusSeconds(15));
            story.after(15).see();
            assertThat(story.state.stable()).contains(V2);
        }

        @Test
        void aWaveThatLostEveryGatewayWaits() {
            Story story = Story.rollingOut(2);
            story.leaves("a").leaves("b").see();
            story.after(1000).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            story.joins("c").see();
            assertThat(story.cohort()).containsExactly("c");
        }

        @Test
        void nothingIsConcludedWhileProxiesAreUnheard() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            List<String> cohort = story.cohort();
            story.fleetKnown = false;
            story.fleet.clear();
            story.reports.clear();
            story.after(30).see();
            assertThat(story.cohort()).isEqualTo(cohort);
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
        }

        @Test
        void aGatewayOfAnUnheardProxyDoesNotTimeOut() {
            Story story = Story.rollingOut(10);
            story.asked(story.first()).see();
            story.fleetKnown = false;
            story.disconnects(story.first()).after(1000).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            story.fleetKnown = true;
            story.asked(story.first()).after(14).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
        }

        @Test
        void anUnheardProxyDoesNotEndTheBake() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            story.fleetKnown = false;
            GatewayReport report = story.reports.remove(story.first());
            story.after(15).see();
            story.fleetKnown = true;
            story.reports.put(report.gateway(), report);
            story.after(15).see();
            assertThat(story.cohort()).hasSize(5);
        }
    }

    @Nested
    class Commands {
        @Test
        void pauseStopsGrowthUntilResume() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            story.command(Action.Pause).see();
            assertThat(story.state.pausedBy()).contains("alice");
            Decision decision = story.after(1000).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Paused);
            assertThat(story.cohort()).hasSize(1);
            assertThat(decision.wakeUp()).isEmpty();

            story.command(Action.Resume).see();
            assertThat(story.cohort()).hasSize(5);
        }

        @Test
        void pauseHoldsTheNextRolloutToo() {
            Story story = Story.of(10);
            story.command(Action.Pause).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
            story.desired(V2).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Paused);
        }

        @Test
        void resumeTakesAStoppedWaveOnceMore() {
            Story story = Story.rollingOut(10);
            story.policy = Story.PAUSING;
            story.everybodyAcks().see();
            int before = story.wave();
            story.regression = Optional.of(new Regression(before, "worse"));
            story.after(20).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Paused);

            story.command(Action.Resume).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            assertThat(story.wave()).isEqualTo(before + 1);
            story.after(29).see();
            assertThat(story.cohort()).hasSize(1);
            story.after(1).see();
            assertThat(story.cohort()).hasSize(5);
        }

        @Test
        void promoteGivesItToEverybodyWithoutBake() {
            Story story = Story.rollingOut(10);
            story.command(Action.Promote).see();
            assertThat(story.cohort()).hasSize(10);
            story.everybodyAcks().see();
            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
        }

        @Test
        void promoteDoesNotWaitForTheUnconnected() {
            Story story = Story.rollingOut(3);
            story.command(Action.Promote).see();
            story.disconnects("a").see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
            story.everybodyAcks().see();
            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
        }

        @Test
        void promoteDoesNotCompleteWithoutAnyAck() {
            Story story = Story.rollingOut(3);
            story.command(Action.Promote).see();
            story.reports.clear();
            story.after(1000).see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
        }

        @Test
        void promoteStillFailsOnARefusal() {
            Story story = Story.rollingOut(3);
            story.command(Action.Promote).see();
            story.refuses("a").see();
            assertThat(story.state.phase()).isEqualTo(Phase.RollingBack);
        }

        @Test
        void promoteOverrulesTheAnalysis() {
            Story story = Story.rollingOut(3);
            story.command(Action.Promote).see();
            story.regression = Optional.of(new Regression(story.wave(), "worse"));
            story.see();
            assertThat(story.state.phase()).isEqualTo(Phase.Progressing);
        }

        @Test
        void abortRollsBackWhateverThePolicy() {
            Story story = Story.rollingOut(10);
            story.policy = Story.PAUSING;
            story.command(Action.Abort).see();
            assertThat(story.cohort()).isEmpty();
            assertThat(story.state.reason().orElseThrow().message()).isEqualTo("aborted by alice");
            assertThat(reason(story.state)).isEqualTo(Reason.Aborted);
        }

        @Test
        void abortEndsAPauseAndTellsWhatWentBefore() {
            Story story = Story.rollingOut(10);
            story.policy = Story.PAUSING;
            story.refuses(story.first()).see();
            story.command(Action.Abort).see();
            assertThat(story.state.reason().orElseThrow().message()).startsWith("aborted by alice, after: refused by ");
            assertThat(story.state.pausedBy()).isEmpty();
        }

        @Test
        void actOnce() {
            Story story = Story.rollingOut(10);
            story.command(Action.Promote).see();
            Decision decision = story.desired(V3).see();
            assertThat(story.cohort()).hasSize(1);
            assertThat(decision.outcomes()).noneMatch(Outcome.Obeyed.class::isInstance);
        }

        @Test
        void actOnceHoweverManyThereAre() {
            Story story = Story.rollingOut(10);
            for (int i = 0; i < 3 * RolloutState.MAX_OBEYED; i++) {
                story.command(Action.Pause).see();
            }
            assertThat(story.see().outcomes()).isEmpty();
            story.commands.clear();
            story.command(Action.Resume).see();
            assertThat(story.state.obeyed()).hasSize(RolloutState.MAX_OBEYED);
        }

        @Test
        void theMostCautiousOfSeveralActs() {
            Story story = Story.rollingOut(10);
            Decision decision = story.command(Action.Promote)
                    .command(Action.Resume)
                    .command(Action.Pause)
                    .see();
            assertThat(story.state.phase()).isEqualTo(Phase.Paused);
            assertThat(decision.outcomes())
                    .hasSize(3)
                    .filteredOn(Outcome.Ignored.class::isInstance)
                    .hasSize(2);
        }

        @Test
        void thatNameAnotherVersionAreIgnored() {
            Story story = Story.rollingOut(10);
            Command command = new Command("late", Action.Promote, "bob", Optional.of(V3));
            story.commands.add(command);
            Decision decision = story.see();
            assertThat(story.cohort()).hasSize(1);
            assertThat(decision.outcomes())
                    .containsExactly(
                            new Outcome.Ignored(command, "it speaks of version " + V3 + ", but the target is " + V2));
        }

        @Test
        void speakOfTheTargetThatWasThereBeforeANewerSpec() {
            Story story = Story.rollingOut(10);
            story.command(Action.Promote).desired(V3).see();
            assertThat(story.cohort()).hasSize(1);
        }

        @ParameterizedTest
        @EnumSource(
                value = Action.class,
                names = {"Abort", "Resume", "Promote"})
        void areIgnoredWhenThereIsNothingToActOn(Action action) {
            Story story = Story.of(3);
            RolloutState before = story.state;
            Decision decision = story.command(action).see();
            assertThat(decision.outcomes()).hasSize(1).hasOnlyElementsOfType(Outcome.Ignored.class);
            assertThat(story.state.phase()).isEqualTo(Phase.Complete);
            assertThat(story.state.stable()).isEqualTo(before.stable());
        }
    }

    @Nested
    class ClockJumps {
        @Test
        void farForwardSkipNoAck() {
            Story story = Story.rollingOut(10);
            story.after(1_000_000).see();
            assertThat(story.cohort()).hasSize(1);
        }

        @Test
        void backMakeTheBakeBeginAnew() {
            Story story = Story.rollingOut(10);
            story.everybodyAcks().see();
            Decision decision = story.after(-100_000).see();
            assertThat(decision.wakeUp()).contains(story.now.plusSeconds(30));
            story.after(30).see();
            assertThat(story.cohort()).hasSize(5);
        }

        @Test
        void backDoNotKeepATimeoutWaiting() {
            Story story = Story.rollingOut(10);
            story.asked(story.first()).see();
            story.after(-100_000).see();
            story.after(15).see();
            assertThat(reason(story.state)).isEqualTo(Reason.AckTimeout);
        }
    }

    @Nested
    class Observations {
        @Test
        void takeTheWorstOfSeveralReportsOfAGateway() {
            Story story = Story.of(1);
            GatewayReport ack = new GatewayReport("a", State.CURRENT, V1, List.of());
            GatewayReport refusal = new GatewayReport("a", State.REJECTED, V1, List.of());
            for (List<GatewayReport> reports : List.of(List.of(ack, refusal), List.of(refusal, ack))) {
                Observation seen = new Observation(
                        story.now, story.desired, story.fleet, true, reports, Optional.empty(), false, story.commands);
                assertThat(seen.reports()).containsExactly(refusal);
            }
        }
    }

    @Nested
    class AStoredState {
        @Test
        void isPlainAndSmall() {
            Story story = Story.rollingOut(10);
            story.command(Action.Pause).see();
            story.asked(story.first()).see();
            String text = StateText.write(story.state);
            assertThat(text).hasSizeLessThan(600);
            assertThat(StateText.read(text)).isEqualTo(story.state);
        }
    }
}
