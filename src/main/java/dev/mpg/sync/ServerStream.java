package dev.mpg.sync;

import com.google.errorprone.annotations.concurrent.GuardedBy;
import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.sync.v1.Blobs;
import dev.mpg.sync.v1.FromMaster;
import dev.mpg.sync.v1.FromProxy;
import dev.mpg.sync.v1.Holding;
import dev.mpg.sync.v1.Placement;
import dev.mpg.sync.v1.Traffic;
import dev.mpg.sync.v1.Want;
import dev.mpg.sync.v1.Welcome;
import dev.mpg.telemetry.StepLog;
import io.grpc.Status;
import io.grpc.stub.ServerCallStreamObserver;
import io.grpc.stub.StreamObserver;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One instance's stream at the Master.
 *
 * <p>It queues no messages. It remembers what is due (placement, cluster ids, wanted hashes) and makes the messages when the
 * transport is ready for them, so what a slow instance gets is the latest, and what waits for it is bounded. While many
 * hashes are wanted it doesn't read on.
 */
final class ServerStream implements StreamObserver<FromProxy>, InstanceStream {
    private static final Logger LOG = LoggerFactory.getLogger(ServerStream.class);
    private static final Pattern INSTANCE_NAME = Pattern.compile("[a-z0-9]([-a-z0-9.]*[a-z0-9])?");

    /** An unknown hash in Blobs: 32 bytes, a tag, a length. */
    private static final int UNKNOWN_BYTES = ContentHash.BYTES + 2;

    private final ServerCallStreamObserver<ByteString> call;
    private final SyncAuthority authority;
    private final SyncService.Meters meters;
    /** Empty until Hello has come. */
    private volatile String instance = "";

    private final Object lock = new Object();

    @GuardedBy("lock")
    private boolean ended;

    @GuardedBy("lock")
    private boolean placementDue;

    @GuardedBy("lock")
    private final Set<String> assignmentsDue = new LinkedHashSet<>();

    /** What the instance was told last, by cluster id: it knows these manifests, even if it lacks blobs. */
    @GuardedBy("lock")
    private final Map<String, Publication> told = new HashMap<>();

    /** Of which the instance could not take what it was sent, and that is to be sent again. */
    @GuardedBy("lock")
    private final Set<String> rejected = new HashSet<>();

    /** What the instance said that it holds, by cluster id. */
    @GuardedBy("lock")
    private final Map<String, Set<ContentHash>> held = new HashMap<>();

    /** Wanted hashes by cluster id, each in the order of its Want. */
    @GuardedBy("lock")
    private final Map<String, Deque<ContentHash>> wanted = new LinkedHashMap<>();

    @GuardedBy("lock")
    private int wantedHashes;

    @GuardedBy("lock")
    private boolean readingPaused;

    ServerStream(ServerCallStreamObserver<ByteString> call, SyncAuthority authority, SyncService.Meters meters) {
        this.call = call;
        this.authority = authority;
        this.meters = meters;
        call.disableAutoRequest();
        call.setOnReadyHandler(this::send);
        call.setOnCancelHandler(this::gone);
        // Not only after onCompleted: also when gRPC itself ends the call, as when it can't parse a message.
        call.setOnCloseHandler(this::gone);
        call.request(1);
    }

    @Override
    public void onNext(FromProxy message) {
        try {
            switch (message.getMessageCase()) {
                case HELLO -> hello(message.getHello());
                case WANT -> want(message.getWant());
                case HOLDING -> holding(message.getHolding());
                case REPORT -> authority.reported(name(), this, ReportCodec.decode(message.getReport()));
                case TRAFFIC -> traffic(message.getTraffic());
                // A newer proxy may say what this Master doesn't know.
                case MESSAGE_NOT_SET -> name();
            }
            send();
        } catch (IllegalArgumentException e) {
            end(Status.INVALID_ARGUMENT.withDescription(e.getMessage()));
            return;
        } catch (RuntimeException e) {
            fail(e);
            return;
        }
        readOn();
    }

    private String name() {
        if (instance.isEmpty()) {
            throw new IllegalArgumentException("the first message of a stream must be Hello");
        }
        return instance;
    }

    private void hello(dev.mpg.sync.v1.Hello hello) {
        if (!instance.isEmpty()) {
            throw new IllegalArgumentException("a second Hello on the stream of instance " + instance);
        }
        String name = hello.getInstance();
        if (name.length() > SyncLimits.MAX_INSTANCE_NAME
                || !INSTANCE_NAME.matcher(name).matches()) {
            throw new IllegalArgumentException(
                    ("an instance's name must be 1 to %d lower case letters, digits, dots and hyphens, and begin and end with"
                                    + " a letter or digit, not '%s'")
                            .formatted(
                                    SyncLimits.MAX_INSTANCE_NAME,
                                    name.substring(0, Math.min(name.length(), SyncLimits.MAX_INSTANCE_NAME))));
        }
        Map<String, Set<ContentHash>> holdings = new HashMap<>();
        for (Holding holding : hello.getHoldingsList()) {
            if (holdings.size() < SyncLimits.MAX_UNPLACED
                    || authority.publication(name, holding.getClusterId()).isPresent()) {
                holdings.put(holding.getClusterId(), versions(holding));
            }
        }
        synchronized (lock) {
            if (ended) {
                return;
            }
            held.putAll(holdings);
            instance = name;
            meters.streams.incrementAndGet();
            call.onNext(FromMaster.newBuilder()
                    .setWelcome(Welcome.getDefaultInstance())
                    .build()
                    .toByteString());
        }
        authority.connected(
                new SyncAuthority.Hello(name, hello.getXdsAddress(), hello.getDebugAddress(), holdings), this);
        synchronized (lock) {
            placementDue = true;
            assignmentsDue.addAll(authority.clusterIds(name));
        }
    }

    private void want(Want want) {
        name();
        if (want.getHashesCount() > SyncLimits.MAX_WANTED) {
            throw new IllegalArgumentException(
                    "a Want may name %d hashes, not %d".formatted(SyncLimits.MAX_WANTED, want.getHashesCount()));
        }
        if (want.getHashesCount() == 0) {
            return;
        }
        synchronized (lock) {
            Deque<ContentHash> hashes = wanted.computeIfAbsent(want.getClusterId(), id -> new ArrayDeque<>());
            for (ByteString hash : want.getHashesList()) {
                hashes.add(ContentHash.fromBytes(hash));
                wantedHashes++;
            }
        }
    }

    private void holding(Holding holding) {
        String name = name();
        String clusterId = holding.getClusterId();
        Set<ContentHash> versions = versions(holding);
        Optional<Publication> publication = authority.publication(name, clusterId);
        boolean placed = publication.isPresent();
        synchronized (lock) {
            if (holding.getResend()) {
                LOG.warn(
                        "Instance {} could not take an assignment of {}: sending it whole. It says: {}",
                        name,
                        clusterId,
                        text(holding.getError()).orElse("nothing"));
                meters.rejected.increment();
                rejected.add(clusterId);
                // As if it knew nothing: then manifests are whole. What it really holds it says again afterwards.
                told.remove(clusterId);
                held.remove(clusterId);
                // Without all content it would be told the same once more.
                if (publication.map(Publication::hasAllContent).orElse(false)) {
                    assignmentsDue.add(clusterId);
                }
            } else if (placed || held.containsKey(clusterId) || held.size() < SyncLimits.MAX_UNPLACED) {
                held.put(clusterId, versions);
            }
        }
        authority.held(
                name,
                this,
                new InstanceHolding(clusterId, versions, text(holding.getError()), text(holding.getUnsaved())));
    }

    private void traffic(Traffic traffic) {
        authority.seen(name(), this, traffic.getClusterId(), traffic.getWave(), TrafficCodec.decode(traffic));
    }

    private static Optional<String> text(String text) {
        return text.isEmpty()
                ? Optional.empty()
                : Optional.of(text.substring(0, Math.min(text.length(), SyncLimits.MAX_ERROR)));
    }

    private static Set<ContentHash> versions(Holding holding) {
        Set<ContentHash> versions = new HashSet<>();
        for (ByteString version : holding.getVersionsList()) {
            versions.add(ContentHash.fromBytes(version));
        }
        return Set.copyOf(versions);
    }

    @Override
    public void placementChanged() {
        synchronized (lock) {
            placementDue = true;
        }
        send();
    }

    @Override
    public void assignmentChanged(String clusterId) {
        synchronized (lock) {
            assignmentsDue.add(clusterId);
        }
        send();
    }

    @Override
    public void replaced() {
        end(Status.ABORTED.withDescription("replaced by a newer stream of instance " + instance));
    }

    /** Sends what is due while the transport takes it; it calls again when it takes more. */
    private void send() {
        boolean resume;
        synchronized (lock) {
            if (instance.isEmpty()) {
                return;
            }
            while (!ended && call.isReady() && sendNext()) {}
            resume = readingPaused && !ended && wantedHashes < SyncLimits.MAX_WANTED;
            if (resume) {
                readingPaused = false;
            }
        }
        if (resume) {
            call.request(1);
        }
    }

    @GuardedBy("lock")
    private boolean sendNext() {
        if (placementDue) {
            placementDue = false;
            sendPlacement();
            return true;
        }
        Iterator<String> due = assignmentsDue.iterator();
        if (due.hasNext()) {
            String clusterId = due.next();
            due.remove();
            sendAssignment(clusterId);
            return true;
        }
        Iterator<Map.Entry<String, Deque<ContentHash>>> open = wanted.entrySet().iterator();
        if (open.hasNext()) {
            Map.Entry<String, Deque<ContentHash>> want = open.next();
            sendBlobs(want.getKey(), want.getValue());
            if (want.getValue().isEmpty()) {
                open.remove();
            }
            return true;
        }
        return false;
    }

    @GuardedBy("lock")
    private void sendPlacement() {
        Optional<SyncAuthority.Placed> placement = authority.placement(instance, this);
        if (placement.isEmpty()) {
            return;
        }
        Set<String> clusterIds = placement.get().clusterIds();
        // What isn't placed here any more the instance forgets, so it has to be told anew when it comes back.
        told.keySet().retainAll(clusterIds);
        held.keySet().retainAll(clusterIds);
        rejected.retainAll(clusterIds);
        call.onNext(FromMaster.newBuilder()
                .setPlacement(Placement.newBuilder()
                        .addAllClusterIds(clusterIds)
                        .addAllShownSteps(placement.get().shown())
                        .addAllDraining(placement.get().draining()))
                .build()
                .toByteString());
    }

    @GuardedBy("lock")
    private void sendAssignment(String clusterId) {
        Optional<Publication> publication = authority.publication(instance, clusterId);
        if (publication.isEmpty() || publication.get() == told.get(clusterId)) {
            return;
        }
        Set<ContentHash> holds = held.getOrDefault(clusterId, Set.of());
        Set<ContentHash> known = new HashSet<>(holds);
        Publication earlier = told.put(clusterId, publication.get());
        Set<ContentHash> knownLive = holds;
        if (earlier != null) {
            known.addAll(earlier.versions());
            // What it says that it holds may be older than what it was told since, which has taken its place.
            knownLive = earlier.liveVersions().isEmpty() ? holds : earlier.liveVersions();
        }
        ByteString frame = publication.get().frame(known, knownLive);
        (rejected.remove(clusterId) ? meters.retried : meters.pushes).increment();
        meters.manifestBytes.increment(frame.size());
        StepLog.of(LOG, clusterId).log("instance {} is told of {} in {} bytes", instance, clusterId, frame.size());
        call.onNext(frame);
    }

    @GuardedBy("lock")
    private void sendBlobs(String clusterId, Deque<ContentHash> hashes) {
        Optional<Publication> publication = authority.publication(instance, clusterId);
        Blobs.Builder blobs = Blobs.newBuilder().setClusterId(clusterId);
        int batch = 0;
        int blobBytes = 0;
        ContentHash hash;
        while ((hash = hashes.peek()) != null) {
            ContentHash next = hash;
            Optional<ByteString> blob = publication.flatMap(content -> content.blob(next));
            int size = blob.map(ByteString::size).orElse(UNKNOWN_BYTES);
            if (batch > 0 && batch + size > SyncLimits.BLOB_BATCH_BYTES) {
                break;
            }
            batch += size;
            hashes.remove();
            wantedHashes--;
            if (blob.isPresent()) {
                blobs.addBlobs(blob.get());
                blobBytes += size;
            } else {
                blobs.addUnknown(hash.toBytes());
                // It gives up the assignment for which it wanted this, so that must be told anew should it still count.
                told.remove(clusterId);
            }
        }
        blobs.setLast(hashes.isEmpty());
        meters.blobBytes.increment(blobBytes);
        call.onNext(FromMaster.newBuilder().setBlobs(blobs).build().toByteString());
    }

    private void readOn() {
        synchronized (lock) {
            if (wantedHashes >= SyncLimits.MAX_WANTED && !ended) {
                readingPaused = true;
                return;
            }
        }
        call.request(1);
    }

    /** Something failed that is not the instance's fault; it comes back with a new stream. */
    private void fail(RuntimeException e) {
        LOG.error("The stream of instance {} failed", instance, e);
        end(Status.INTERNAL.withDescription(e.toString()));
    }

    private void end(Status status) {
        end(() -> call.onError(status.asRuntimeException()));
    }

    /** The call has ended. */
    private void gone() {
        end(() -> {});
    }

    /** Ends the books of this stream, once. */
    private void end(Runnable lastWord) {
        synchronized (lock) {
            if (ended) {
                return;
            }
            ended = true;
            wanted.clear();
            assignmentsDue.clear();
        }
        try {
            synchronized (lock) {
                lastWord.run();
            }
        } finally {
            if (!instance.isEmpty()) {
                meters.streams.decrementAndGet();
                authority.disconnected(instance, this);
            }
        }
    }

    @Override
    public void onError(Throwable t) {
        gone();
    }

    @Override
    public void onCompleted() {
        end(call::onCompleted);
    }
}
