package dev.mpg.cli.kubectl;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Phase;
import dev.mpg.api.ProxyStatus.Rollout;
import dev.mpg.operator.proxy.RolloutCommands;
import dev.mpg.rollout.Command.Action;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;

class RequestTest {
    private static final String TARGET = "9f2c41d07ab3" + "0".repeat(52);

    private static Proxy proxy(String... obeyed) {
        Proxy proxy = new Proxy();
        proxy.setStatus(new ProxyStatus(
                1L,
                null,
                null,
                null,
                new Rollout(
                        Phase.Progressing,
                        1,
                        2,
                        "",
                        null,
                        TARGET,
                        null,
                        1,
                        null,
                        null,
                        null,
                        null,
                        null,
                        List.of(obeyed),
                        null),
                null,
                null,
                null,
                null,
                null,
                null,
                null));
        return proxy;
    }

    private static Event event(String reason, String message) {
        return new EventBuilder().withReason(reason).withMessage(message).build();
    }

    @Test
    void namesTheTargetThatThePersonSaw() {
        assertThat(Request.of(Action.Promote, "4f1d", "alice", proxy()).value())
                .isEqualTo("promote id=4f1d by=alice version=9f2c41d07ab3");
    }

    @Test
    void aPauseIsForWhateverIsTheTarget() {
        assertThat(Request.of(Action.Pause, "4f1d", "alice", proxy()).value()).isEqualTo("pause id=4f1d by=alice");
    }

    @Test
    void beforeThereIsATargetNoneIsMeant() {
        assertThat(Request.of(Action.Abort, "4f1d", "alice", new Proxy()).value())
                .isEqualTo("abort id=4f1d by=alice");
    }

    @Test
    void whoAsksIsOneShortWord() {
        assertThat(Request.of(Action.Pause, "1", "Alice of " + "A".repeat(300), proxy())
                        .by())
                .startsWith("Alice_of_A")
                .hasSize(64);
    }

    @Test
    void knowsItsAnswers() {
        Request request = Request.of(Action.Promote, "4f1d", "Alice A", proxy());
        assertThat(request.isRead(proxy("other", request.value()))).isTrue();
        assertThat(request.isRead(proxy("other"))).isFalse();
        assertThat(request.isRead(new Proxy())).isFalse();
        assertThat(request.isObeyed(event("Promote", "Promote as asked by Alice_A")))
                .isTrue();
        assertThat(request.isObeyed(event("Promote", "Promote as asked by bob")))
                .isFalse();
        assertThat(request.ignoredBecause(event("CommandIgnored", "Promote as asked by Alice_A: it is stable")))
                .contains("it is stable");
        assertThat(request.ignoredBecause(event("CommandIgnored", "Abort as asked by Alice_A: it is stable")))
                .isEmpty();
    }

    @Test
    void seesARequestThatItWouldReplace() {
        Proxy proxy = proxy("pause id=1 by=bob");
        assertThat(Request.pending(proxy)).isEmpty();
        proxy.getMetadata().setAnnotations(Map.of(RolloutCommands.ANNOTATION, "pause id=1 by=bob"));
        assertThat(Request.pending(proxy)).isEmpty();
        proxy.getMetadata().setAnnotations(Map.of(RolloutCommands.ANNOTATION, "pause id=2 by=bob"));
        assertThat(Request.pending(proxy)).contains("pause id=2 by=bob");
    }
}
