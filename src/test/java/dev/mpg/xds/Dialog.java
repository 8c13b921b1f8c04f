package dev.mpg.xds;

import com.google.protobuf.ByteString;
import com.google.rpc.Status;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryRequest;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryRequest;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.Function;
import org.jspecify.annotations.Nullable;

/**
 * A client's side of a session. Responses read like {@code Cluster +a +b -c}: resources sent and removed; those that were
 * not answered yet are kept for {@link #ack} and {@link #nack}.
 */
abstract class Dialog<Q> {
    final Session<Q> session;
    final Map<String, Response> open = new HashMap<>();
    private final AtomicLong nanoTime;

    Dialog(AtomicLong nanoTime, Session<Q> session) {
        this.nanoTime = nanoTime;
        this.session = session;
    }

    static Delta delta(Snapshot target) {
        Delta dialog = new Delta();
        dialog.retarget(target);
        return dialog;
    }

    static Sotw sotw(Snapshot target) {
        Sotw dialog = new Sotw();
        dialog.retarget(target);
        return dialog;
    }

    void retarget(Snapshot snapshot) {
        retarget(snapshot, Snapshot.EMPTY);
    }

    void retarget(Snapshot config, Snapshot live) {
        session.retarget(new Target(new Content(config).with(live), ByteString.EMPTY));
    }

    /** All that the session sends now. */
    List<String> sent() {
        List<String> sent = new ArrayList<>();
        for (Response response = next(); response != null; response = next()) {
            StringBuilder text = new StringBuilder(
                    response.typeUrl().substring(response.typeUrl().lastIndexOf('.') + 1));
            response.change().upserted().forEach(resource -> text.append(" +").append(resource.name()));
            response.change().removed().forEach(name -> text.append(" -").append(name));
            sent.add(text.toString());
        }
        return sent;
    }

    @Nullable
    Response next() {
        Response response = session.next();
        if (response != null && open.put(response.typeUrl(), response) != null) {
            throw new AssertionError("a second response while one is open: " + response);
        }
        return response;
    }

    Response open(ResourceType type) {
        return open(type.typeUrl());
    }

    Response open(String typeUrl) {
        Response response = open.get(typeUrl);
        if (response == null) {
            throw new AssertionError("no response is open for " + typeUrl);
        }
        return response;
    }

    /** Lets so much time pass that what was accepted is in effect. */
    void pass() {
        nanoTime.addAndGet(Session.EFFECT_DELAY.toNanos());
    }

    /** Accepts until nothing comes any more, also after a while, and says what came. */
    List<String> ackAll() {
        List<String> sent = new ArrayList<>(sent());
        while (!open.isEmpty() || session.waitNanos().isPresent()) {
            nanoTime.addAndGet(session.waitNanos().orElse(0));
            for (String typeUrl : List.copyOf(open.keySet())) {
                answer(typeUrl, null);
            }
            sent.addAll(sent());
        }
        return sent;
    }

    void ack(ResourceType type) {
        answer(type.typeUrl(), null);
    }

    void nack(ResourceType type, String message) {
        answer(type.typeUrl(), message);
    }

    abstract void answer(String typeUrl, @Nullable String refusal);

    abstract void subscribe(ResourceType type, String... names);

    GatewayReport report() {
        return session.report("gateway-0");
    }

    /** A delta client. */
    static final class Delta extends Dialog<DeltaDiscoveryRequest> {
        Delta() {
            this(new AtomicLong());
        }

        private Delta(AtomicLong nanoTime) {
            super(
                    nanoTime,
                    new DeltaSession(
                            Snapshot::diff, Function.<Names>identity()::apply, (type, accepted) -> {}, nanoTime::get));
        }

        @Override
        void subscribe(ResourceType type, String... names) {
            subscribe(type, Map.of(), names);
        }

        void subscribe(ResourceType type, Map<String, String> has, String... names) {
            session.receive(DeltaDiscoveryRequest.newBuilder()
                    .setTypeUrl(type.typeUrl())
                    .putAllInitialResourceVersions(has)
                    .addAllResourceNamesSubscribe(List.of(names))
                    .build());
        }

        /** Comes back on a new stream, with what it has of the snapshot. */
        void resubscribe(ResourceType type, Snapshot has, String... names) {
            Map<String, String> versions = new HashMap<>();
            for (Resource resource : has.resources(type)) {
                versions.put(resource.name(), resource.wireVersion());
            }
            subscribe(type, versions, names);
        }

        void unsubscribe(ResourceType type, String... names) {
            session.receive(DeltaDiscoveryRequest.newBuilder()
                    .setTypeUrl(type.typeUrl())
                    .addAllResourceNamesUnsubscribe(List.of(names))
                    .build());
        }

        @Override
        void answer(String typeUrl, @Nullable String refusal) {
            DeltaDiscoveryRequest.Builder answer = DeltaDiscoveryRequest.newBuilder()
                    .setTypeUrl(typeUrl)
                    .setResponseNonce(open(typeUrl).nonce());
            if (refusal != null) {
                answer.setErrorDetail(Status.newBuilder().setCode(13).setMessage(refusal));
            }
            open.remove(typeUrl);
            session.receive(answer.build());
        }
    }

    /** A state-of-the-world client. */
    static final class Sotw extends Dialog<DiscoveryRequest> {
        private final Map<String, DiscoveryRequest> last = new HashMap<>();

        Sotw() {
            this(new AtomicLong());
        }

        private Sotw(AtomicLong nanoTime) {
            super(nanoTime, new SotwSession(Function.<Names>identity()::apply, (type, accepted) -> {}, nanoTime::get));
        }

        @Override
        void subscribe(ResourceType type, String... names) {
            resubscribe(type, "", names);
        }

        /** With the version that it has accepted on an earlier stream. */
        void resubscribe(ResourceType type, String version, String... names) {
            DiscoveryRequest before = last.getOrDefault(type.typeUrl(), DiscoveryRequest.getDefaultInstance());
            send(before.toBuilder()
                    .setTypeUrl(type.typeUrl())
                    .setVersionInfo(version.isEmpty() ? before.getVersionInfo() : version)
                    .clearResourceNames()
                    .clearErrorDetail()
                    .addAllResourceNames(List.of(names))
                    .build());
        }

        @Override
        void answer(String typeUrl, @Nullable String refusal) {
            Response response = open(typeUrl);
            DiscoveryRequest.Builder answer =
                    last.getOrDefault(typeUrl, DiscoveryRequest.getDefaultInstance()).toBuilder()
                            .setTypeUrl(typeUrl)
                            .setResponseNonce(response.nonce())
                            .clearErrorDetail();
            if (refusal != null) {
                answer.setErrorDetail(Status.newBuilder().setCode(13).setMessage(refusal));
            } else {
                answer.setVersionInfo(response.version());
            }
            open.remove(typeUrl);
            send(answer.build());
        }

        private void send(DiscoveryRequest request) {
            last.put(request.getTypeUrl(), request);
            session.receive(request);
        }
    }
}
