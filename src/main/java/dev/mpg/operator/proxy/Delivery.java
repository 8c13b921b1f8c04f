package dev.mpg.operator.proxy;

import dev.mpg.api.Proxy;
import dev.mpg.master.Fleet;
import dev.mpg.master.Master;
import dev.mpg.operator.endpoints.EndpointWatch;
import dev.mpg.operator.events.Notice;
import dev.mpg.operator.proxy.Enforcement.Seen;
import dev.mpg.operator.proxy.ProxyStatusFactory.Observation;
import dev.mpg.operator.proxy.RunningConfigs.Running;
import dev.mpg.rollout.Decision;
import dev.mpg.rollout.Judgement;
import dev.mpg.rollout.Rollout;
import dev.mpg.rollout.Serve;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.telemetry.StepLog;
import dev.mpg.telemetry.Tracing;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.javaoperatorsdk.operator.api.reconciler.Context;
import io.javaoperatorsdk.operator.processing.event.ResourceID;
import io.opentelemetry.api.common.Attributes;
import io.opentelemetry.api.trace.Span;
import java.time.Clock;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.ConcurrentHashMap;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Takes a Proxy's rollout a step further, and says so. Not called for one Proxy by two threads at once. */
final class Delivery {
    private static final Logger log = LoggerFactory.getLogger(Delivery.class);

    /** How long after a start proxy instances are given to say what they serve, before status says that they don't. */
    private static final Duration JOINING = Duration.ofSeconds(15);

    /** When the Proxy changed while it was looked at, and the news isn't here yet. */
    private static final Duration LOOK_AGAIN = Duration.ofMillis(20);

    private final Master master;
    private final Enforcement enforcement;
    private final EndpointWatch endpoints;
    private final RunningConfigs configs;
    private final Records records;
    private final RolloutMetrics metrics;
    private final StatusWriter status;
    private final ReconcileSpans spans;
    private final Clock clock;
    private final Instant joinedBy;
    /** What was served last, by cluster id. */
    private final Map<String, Serve> serves = new ConcurrentHashMap<>();
    /** What is to be told of a retreat once its status is stored, by cluster id: it isn't decided again. */
    private final Map<String, List<Notice>> untold = new ConcurrentHashMap<>();
    /** Why the last command couldn't be understood, by cluster id: told once. */
    private final Map<String, Optional<String>> misunderstood = new ConcurrentHashMap<>();

    Delivery(
            Master master,
            Enforcement enforcement,
            EndpointWatch endpoints,
            RunningConfigs configs,
            Records records,
            RolloutMetrics metrics,
            StatusWriter status,
            ReconcileSpans spans,
            Clock clock) {
        this.master = master;
        this.enforcement = enforcement;
        this.endpoints = endpoints;
        this.configs = configs;
        this.records = records;
        this.metrics = metrics;
        this.status = status;
        this.spans = spans;
        this.clock = clock;
        this.joinedBy = clock.instant().plus(JOINING);
    }

    /**
     * Says that another Proxy has the cluster id.
     *
     * @return when to look again although nothing is seen to change
     */
    Optional<Instant> refuse(Proxy proxy, Running running) {
        Optional<List<Notice>> notices = status.write(proxy, Observation.ofNothing(Proxies.clusterId(proxy), running));
        notices.ifPresent(told -> records.tell(proxy, told));
        return notices.isPresent()
                ? Optional.empty()
                : Optional.of(clock.instant().plus(LOOK_AGAIN));
    }

    /** This Proxy doesn't exist any more. */
    void gone(ResourceID proxy) {
        status.forget(proxy);
    }

    /** This cluster id isn't served any more. */
    void forget(String clusterId) {
        serves.remove(clusterId);
        metrics.forget(clusterId);
        untold.remove(clusterId);
        misunderstood.remove(clusterId);
        endpoints.forget(clusterId);
        records.forget(clusterId);
    }

    /**
     * Decides how far the rollout goes, stores that, and only then serves it; what is only taken away is served first.
     * Endpoints and secrets that what is served refers to are published before it.
     *
     * @param seenAt when it began to look at the Proxy
     * @return when to look again although nothing is seen to change
     */
    Optional<Instant> advance(Proxy proxy, Running running, Seen seen, Context<Proxy> context, Instant seenAt) {
        Instant now = clock.instant().truncatedTo(ChronoUnit.MILLIS);
        String namespace = proxy.getMetadata().getNamespace();
        Set<ControllerRevision> revisions = context.getSecondaryResources(ControllerRevision.class);
        metrics.desired(seen.clusterId(), running.desiredVersion(), running.state(), seenAt);
        RolloutCommands.Reading commands = RolloutCommands.read(proxy, running.state());
        Optional<Judgement> judgement =
                Traffics.judge(running.state(), running.analysis(), wave -> master.traffic(seen.clusterId(), wave));
        boolean waits = waitsForReferences(running, seen.clusterId(), namespace);
        dev.mpg.rollout.Observation observation = new dev.mpg.rollout.Observation(
                now,
                waits ? Optional.empty() : running.desiredVersion(),
                seen.fleet(),
                seen.fleetKnown(),
                seen.reported().gateways(),
                Traffics.regression(running.state(), judgement),
                Traffics.isReasonToWait(running.analysis(), judgement),
                commands.commands());
        Decision decision = spans.step("decide", () -> Rollout.decide(running.state(), running.policy(), observation));
        Running reached = running.at(decision.state());
        List<Snapshot> contents = enforcement.contents(
                seen, running.desired(), decision.serve(), version -> records.snapshot(proxy, revisions, version));
        endpoints.follow(
                seen.clusterId(),
                namespace,
                Stream.of(contents, running.desired().stream().toList(), enforcement.running(seen))
                        .flatMap(List::stream)
                        .toList(),
                !Enforcement.isWhole(decision.serve(), contents));
        Optional<Serve> served = Optional.ofNullable(serves.get(seen.clusterId()));
        boolean retreat = served.isPresent() && Enforcement.isRetreat(served.get(), decision.serve());
        if (retreat) {
            configs.put(seen.clusterId(), reached);
            serve(seen, decision.serve(), running.traceparent(), contents);
        }
        List<Notice> notices = new ArrayList<>(untold.getOrDefault(seen.clusterId(), List.of()));
        notices.addAll(ProxyNotices.of(decision.outcomes()));
        if (retreat) {
            untold.put(seen.clusterId(), List.copyOf(notices));
            metrics.count(seen.clusterId(), running.state(), decision, now);
        }
        Duration joining = Duration.between(now, joinedBy);
        boolean wait = seen.joining()
                && isCurrent(proxy)
                && joining.isPositive()
                && decision.state().equals(running.state());
        if (!wait) {
            Optional<List<Notice>> written = status.write(proxy, observation(reached, seen, judgement, waits));
            if (written.isEmpty()) {
                return Optional.of(now.plus(LOOK_AGAIN));
            }
            notices.addAll(written.get());
            untold.remove(seen.clusterId());
        }
        if (!retreat) {
            configs.put(seen.clusterId(), reached);
            serve(seen, decision.serve(), running.traceparent(), contents);
            metrics.count(seen.clusterId(), running.state(), decision, now);
        }
        if (!commands.problem().equals(misunderstood.put(seen.clusterId(), commands.problem()))) {
            commands.problem().ifPresent(problem -> notices.add(Notice.warning("UnknownCommand", problem)));
        }
        records.tell(proxy, notices);
        records.keep(proxy, revisions, reached.desiredVersion(), decision.state());
        return wait ? Optional.of(joinedBy) : decision.wakeUp();
    }

    /**
     * Whether the spec's version, which nobody was given yet, refers to Services of which it isn't known where they lead, or to
     * Secrets that may be there: a gateway would have nothing for them. Until it is, the rollout goes on as if the spec had not
     * changed.
     */
    private boolean waitsForReferences(Running running, String clusterId, String namespace) {
        return running.desired()
                .filter(config -> !running.state().target().equals(Optional.of(config.version()))
                        && !running.state().stable().equals(Optional.of(config.version())))
                .map(config -> !endpoints.knows(clusterId, namespace, config))
                .orElse(false);
    }

    private void serve(Seen seen, Serve serve, String traceparent, List<Snapshot> contents) {
        if (!serve.equals(serves.get(seen.clusterId()))) {
            Span.current()
                    .addEvent(
                            "serve",
                            Attributes.of(
                                    Tracing.VERSION,
                                    String.valueOf(serve.target().orElse(null))));
        }
        StepLog.of(log, seen.clusterId())
                .log(
                        "{}: target {} to {}, stable {} to the others",
                        seen.clusterId(),
                        serve.target().map(ContentHash::abbreviated).orElse("none"),
                        serve.cohort().isEmpty() ? "nobody but where nothing is stable" : Names.few(serve.cohort()),
                        serve.stable().map(ContentHash::abbreviated).orElse("none"));
        enforcement.serve(seen, serve, traceparent, contents);
        serves.put(seen.clusterId(), serve);
    }

    private Observation observation(Running running, Seen seen, Optional<Judgement> judgement, boolean waits) {
        Optional<ContentHash> version = running.state()
                .target()
                .or(() -> seen.reported().targets().values().stream().findFirst());
        FleetState fleet =
                FleetState.of(version, seen.members(), seen.reported().gateways(), Enforcement.served(seen.reported()));
        return new Observation(
                seen.clusterId(),
                running.verdict(),
                running.policy(),
                running.state(),
                fleet,
                seen.reported().gateways(),
                seen.instances(),
                seen.reported().instances().values().stream()
                        .flatMap(instance -> instance.error().stream())
                        .findFirst(),
                seen.workloads(),
                judgement.map(Judgement::message),
                disks(seen.reported()),
                endpoints.references(seen.clusterId()),
                waits,
                running.traceparent());
    }

    private static Map<String, Optional<String>> disks(Fleet reported) {
        Map<String, Optional<String>> disks = new TreeMap<>();
        reported.instances().forEach((name, instance) -> {
            if (instance.live()) {
                disks.put(name, instance.unsaved());
            }
        });
        return disks;
    }

    /** Whether its status already speaks of this generation. */
    private static boolean isCurrent(Proxy proxy) {
        return proxy.getStatus() != null
                && proxy.getMetadata().getGeneration().equals(proxy.getStatus().observedGeneration());
    }
}
