package dev.mpg.xds;

import static dev.mpg.snapshot.ResourceType.CLUSTER;
import static dev.mpg.snapshot.ResourceType.ENDPOINT;
import static dev.mpg.snapshot.ResourceType.LISTENER;
import static dev.mpg.snapshot.ResourceType.ROUTE;
import static dev.mpg.snapshot.ResourceType.SECRET;
import static dev.mpg.xds.Configs.cluster;
import static dev.mpg.xds.Configs.endpoints;
import static dev.mpg.xds.Configs.host;
import static dev.mpg.xds.Configs.route;
import static dev.mpg.xds.Configs.secret;
import static dev.mpg.xds.Configs.secureListener;
import static dev.mpg.xds.Configs.snapshot;
import static dev.mpg.xds.Configs.with;
import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.Refusal;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.xds.Dialog.Delta;
import dev.mpg.xds.Dialog.Sotw;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** Secrets go to who asks for them as soon as they are there, and that one isn't there is never said. */
class SecretsTest {
    private static final String A = "edge/a-tls";
    private static final String B = "edge/b-tls";
    private static final Snapshot SHOP = snapshot(
            cluster("cart", 100),
            endpoints("cart", 1),
            secureListener("a", 443, A),
            secureListener("b", 444, B),
            route("main"),
            host("main", "one", "cart"));
    private static final Snapshot BOTH = snapshot(secret(A, "a1"), secret(B, "b1"), secret("edge/other", "x"));
    private static final Snapshot ONLY_A = snapshot(secret(A, "a1"));

    /** Which variant of the protocol. */
    enum Variant {
        DELTA,
        SOTW;

        Dialog<?> shopper(Snapshot live) {
            Dialog<?> client = this == DELTA ? new Delta() : new Sotw();
            client.retarget(SHOP, live);
            client.subscribe(CLUSTER);
            client.ackAll();
            client.subscribe(ENDPOINT, "cart");
            client.ackAll();
            client.subscribe(LISTENER);
            client.ackAll();
            client.subscribe(ROUTE, "main");
            client.ackAll();
            return client;
        }
    }

    private static GatewayReport runs(Snapshot config, Refusal... refusals) {
        return new GatewayReport("gateway-0", State.CURRENT, config.version(), List.of(refusals));
    }

    @ParameterizedTest
    @EnumSource
    void areSentToWhoAsks(Variant variant) {
        Dialog<?> client = variant.shopper(BOTH);
        client.subscribe(SECRET, A, B);
        assertThat(client.ackAll()).containsExactly("Secret +" + A + " +" + B);
        assertThat(client.report()).isEqualTo(runs(SHOP));
    }

    @ParameterizedTest
    @EnumSource
    void oneThatIsNotThereIsWaitedForInSilence(Variant variant) {
        Dialog<?> client = variant.shopper(Snapshot.EMPTY);
        client.subscribe(SECRET, A, B);
        assertThat(client.sent()).isEmpty();
        assertThat(client.report()).isEqualTo(runs(SHOP));

        client.retarget(SHOP, ONLY_A);
        assertThat(client.ackAll()).containsExactly("Secret +" + A);
        client.retarget(SHOP, BOTH);
        assertThat(client.ackAll().getFirst()).startsWith("Secret +").endsWith("+" + B);
        assertThat(client.report()).isEqualTo(runs(SHOP));
    }

    @ParameterizedTest
    @EnumSource
    void oneThatIsGoneStaysWithWhoHasIt(Variant variant) {
        Dialog<?> client = variant.shopper(BOTH);
        client.subscribe(SECRET, A, B);
        client.ackAll();

        client.retarget(SHOP, ONLY_A);
        assertThat(client.sent()).isEmpty();
        client.retarget(SHOP, snapshot(secret(A, "a2")));
        assertThat(client.ackAll())
                .containsExactly(variant == Variant.DELTA ? "Secret +" + A : "Secret +" + A + " +" + B);
        client.retarget(SHOP, Snapshot.EMPTY);
        assertThat(client.sent()).isEmpty();
        assertThat(client.report()).isEqualTo(runs(SHOP));
    }

    @ParameterizedTest
    @EnumSource
    void oneToWhichTheConfigDoesNotReferIsNotSent(Variant variant) {
        Dialog<?> client = variant.shopper(BOTH);
        client.subscribe(SECRET, "edge/other");
        assertThat(client.sent()).isEmpty();
    }

    @ParameterizedTest
    @EnumSource
    void aRefusedOneIsNoFaultOfTheVersionAndIsTriedAgainWhenItChanges(Variant variant) {
        Dialog<?> client = variant.shopper(ONLY_A);
        client.subscribe(SECRET, A);
        client.sent();
        client.nack(SECRET, "Failed to load private key goo.gle/debugstr inline_bytes: \"planted\"");
        assertThat(client.sent()).isEmpty();
        assertThat(client.report().state()).isEqualTo(State.CURRENT);
        Refusal refusal = client.report().refusals().getFirst();
        assertThat(refusal.typeUrl()).isEqualTo(SECRET.typeUrl());
        assertThat(refusal.resources()).containsExactly(A);
        assertThat(refusal.message()).startsWith("Failed to load private key").doesNotContain("planted");

        client.retarget(SHOP, snapshot(secret(A, "a2")));
        assertThat(client.ackAll()).containsExactly("Secret +" + A);
        assertThat(client.report()).isEqualTo(runs(SHOP));
    }

    @Test
    void anotherConfigThatRefersToTheSameSendsNoneAgain() {
        Dialog<?> client = Variant.DELTA.shopper(BOTH);
        client.subscribe(SECRET, A, B);
        client.ackAll();
        Snapshot next = with(SHOP, secureListener("a", 445, A));
        client.retarget(next, BOTH);
        assertThat(client.ackAll()).containsExactly("Listener +a");
        assertThat(client.report()).isEqualTo(runs(next));
    }

    @Test
    void aReconnectWithTheSameOnesMovesNone() {
        Delta client = new Delta();
        client.retarget(SHOP, BOTH);
        client.subscribe(CLUSTER);
        client.ackAll();
        client.resubscribe(SECRET, snapshot(secret(A, "a1"), secret(B, "older"), secret("edge/gone", "x")), A, B);
        assertThat(client.ackAll()).containsExactly("Secret +" + B);
    }
}
