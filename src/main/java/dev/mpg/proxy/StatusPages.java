package dev.mpg.proxy;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.mpg.match.Request;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import dev.mpg.sync.SyncClient;
import dev.mpg.telemetry.BadRequestException;
import dev.mpg.telemetry.HttpAnswer;
import dev.mpg.telemetry.HttpRequest;
import dev.mpg.xds.StreamInfo;
import dev.mpg.xds.XdsServer;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * The pages under {@code /debug/config}: what this instance serves and what each gateway made of it. {@code ?cluster=}
 * narrows to one Proxy. What a resource contains is not shown, but for what decides over a request: that may be confidential.
 */
final class StatusPages {
    /** Most gateways of one Proxy on a page. */
    static final int MAX_GATEWAYS = 1_000;

    private static final Comparator<GatewayReport> WORST_FIRST = Comparator.comparing(
                    (GatewayReport report) -> switch (report.state()) {
                        case REJECTED -> 0;
                        case PENDING -> 1;
                        case CURRENT -> 2;
                    })
            .thenComparing(GatewayReport::gateway);

    private final ProxyProcess.Options options;
    private final AssignmentStore store;
    private final XdsServer xds;
    private final SyncClient master;
    private final ServingSink sink;
    private final RouteTables tables;

    StatusPages(
            ProxyProcess.Options options,
            AssignmentStore store,
            XdsServer xds,
            SyncClient master,
            ServingSink sink,
            RouteTables tables) {
        this.options = options;
        this.store = store;
        this.xds = xds;
        this.master = master;
        this.sink = sink;
        this.tables = tables;
    }

    /** {@code /debug/config/status} */
    HttpAnswer status(HttpRequest request) throws BadRequestException {
        boolean text = request.wantsText();
        Optional<String> clusterId = request.parameter("cluster");
        List<Assignment> served = clusterId.isEmpty()
                ? sink.assignments()
                : sink.assignment(clusterId.get()).stream().toList();
        if (clusterId.isPresent() && served.isEmpty()) {
            return notServed(clusterId.get());
        }
        Status status = new Status(
                options.instance(), master(), served.stream().map(this::cluster).toList(), disk());
        return text ? HttpAnswer.text(200, StatusText.of(status)) : HttpAnswer.json(200, status);
    }

    private HttpAnswer notServed(String clusterId) {
        String served =
                sink.assignments().stream().map(Assignment::clusterId).limit(20).collect(Collectors.joining(", "));
        return HttpAnswer.error(
                404,
                "this instance serves no Proxy " + clusterId + "; it serves: " + (served.isEmpty() ? "none" : served));
    }

    private Status.Master master() {
        SyncClient.State state = master.state();
        return new Status.Master(
                options.master(),
                state.connected(),
                state.connectedSince().map(Instant::toString).orElse(null),
                state.lastError().orElse(null),
                state.attempts());
    }

    private Status.Disk disk() {
        AssignmentStore.Usage usage = store.usage();
        return new Status.Disk(
                usage.path().toString(),
                usage.bytes(),
                usage.packs(),
                usage.quarantined(),
                sink.diskError().orElse(null));
    }

    private Status.Cluster cluster(Assignment assignment) {
        List<GatewayReport> gateways = sink.gateways(assignment.clusterId());
        Map<String, List<StreamInfo>> streams =
                xds.streams(assignment.clusterId()).stream().collect(Collectors.groupingBy(StreamInfo::gateway));
        return new Status.Cluster(
                assignment.clusterId(),
                Status.Versions.of(
                        assignment.stable().map(Snapshot::version),
                        assignment.target().version()),
                assignment.target().size(),
                assignment.target().resources().stream()
                        .mapToLong(resource -> resource.bytes().size())
                        .sum(),
                Status.Live.of(assignment.live()),
                Status.Secrets.of(assignment),
                assignment.members(),
                Status.Cohort.of(assignment.cohort()),
                sink.putBack(assignment),
                sink.unsaved(assignment.clusterId()).orElse(null),
                Status.Count.of(gateways),
                gateways.stream()
                        .sorted(WORST_FIRST)
                        .limit(MAX_GATEWAYS)
                        .map(report -> gateway(report, streams.getOrDefault(report.gateway(), List.of())))
                        .toList());
    }

    private static Status.Gateway gateway(GatewayReport report, List<StreamInfo> streams) {
        return new Status.Gateway(
                report.gateway(),
                report.state(),
                Status.Version.of(report.version()),
                report.refusals().stream()
                        .map(GatewayReport.Refusal::summarized)
                        .toList(),
                streams.stream().map(Status.Stream::of).toList());
    }

    /** {@code /debug/config/dump?cluster=[&type=Listener]}: what the target consists of, and what is live beside it. */
    HttpAnswer dump(HttpRequest request) throws BadRequestException {
        String clusterId = request.parameter("cluster")
                .orElseThrow(() -> new BadRequestException("say which Proxy: ?cluster=<cluster id>"));
        Optional<ResourceType> type = type(request);
        Optional<Assignment> assignment = sink.assignment(clusterId);
        if (assignment.isEmpty()) {
            return notServed(clusterId);
        }
        Snapshot target = assignment.get().target();
        return HttpAnswer.json(
                200,
                new Dump(
                        clusterId,
                        target.version().hex(),
                        Dump.entries(target, type),
                        Dump.entries(assignment.get().live(), type)));
    }

    /**
     * {@code /debug/config/match?cluster=&host=&path=[&method=GET][&scheme=http][&headers=][&gateway=<node.id>]}: which route takes this request, and why,
     * in every config that is served; of a gateway in the one that it runs.
     */
    HttpAnswer match(HttpRequest request) throws BadRequestException {
        boolean text = request.wantsText();
        String clusterId = required(request, "cluster", "which Proxy: ?cluster=<cluster id>");
        Request asked = asked(request);
        Optional<Assignment> assignment = sink.assignment(clusterId);
        if (assignment.isEmpty()) {
            return notServed(clusterId);
        }
        Optional<String> gateway = request.parameter("gateway");
        if (gateway.isEmpty()) {
            return match(assignment.get(), null, Served.of(assignment.get()), asked, text);
        }
        Optional<GatewayReport> report = sink.gateways(clusterId).stream()
                .filter(one -> one.gateway().equals(gateway.get()))
                .findFirst();
        if (report.isEmpty()) {
            return HttpAnswer.error(
                    404, "no gateway " + gateway.get() + " of Proxy " + clusterId + " is connected to this instance");
        }
        return Served.by(report.get(), assignment.get())
                .map(served -> match(assignment.get(), gateway.get(), List.of(served), asked, text))
                .orElseGet(() -> HttpAnswer.error(
                        404,
                        "gateway " + gateway.get() + " has version "
                                + report.get().version().abbreviated()
                                + ", which is neither target nor stable any more; ask again in a moment"));
    }

    private HttpAnswer match(
            Assignment assignment, @Nullable String gateway, List<Served> served, Request asked, boolean text) {
        Match match = new Match(
                assignment.clusterId(),
                gateway,
                Match.Request.of(asked),
                served.stream()
                        .map(one -> Match.Config.of(
                                one.config().version(), one.role(), tables.answers(one.config(), asked)))
                        .toList());
        return text ? HttpAnswer.text(200, MatchText.of(match)) : HttpAnswer.json(200, match);
    }

    private static String required(HttpRequest request, String parameter, String what) throws BadRequestException {
        return request.parameter(parameter).orElseThrow(() -> new BadRequestException("say " + what));
    }

    private static Request asked(HttpRequest request) throws BadRequestException {
        String host = required(request, "host", "to which host: &host=shop.example.com");
        String path = required(request, "path", "which path: &path=/checkout");
        try {
            return new Request(
                    request.parameter("method").orElse("GET"),
                    host,
                    escaped(path),
                    request.parameter("scheme").orElse("http"),
                    headers(request.parameter("headers").orElse("")));
        } catch (IllegalArgumentException e) {
            throw new BadRequestException(String.valueOf(e.getMessage()));
        }
    }

    /** One in each line: {@code x-team: red}. */
    private static Map<String, List<String>> headers(String lines) throws BadRequestException {
        Map<String, List<String>> headers = new LinkedHashMap<>();
        for (String line : lines.lines().toList()) {
            int colon = line.indexOf(':');
            if (colon < 1) {
                throw new BadRequestException("'" + line
                        + "' is not a header: write &headers=x-team:red, several with %0A" + " between them");
            }
            headers.computeIfAbsent(line.substring(0, colon).strip(), _ -> new ArrayList<>())
                    .add(line.substring(colon + 1).strip());
        }
        return headers;
    }

    /** As clients send what isn't visible ASCII. */
    private static String escaped(String path) {
        StringBuilder escaped = new StringBuilder();
        for (byte b : path.getBytes(StandardCharsets.UTF_8)) {
            if (b > ' ' && b < 0x7f) {
                escaped.append((char) b);
            } else {
                escaped.append('%').append(HexFormat.of().withUpperCase().toHexDigits(b));
            }
        }
        return escaped.toString();
    }

    private static Optional<ResourceType> type(HttpRequest request) throws BadRequestException {
        Optional<String> name = request.parameter("type");
        if (name.isEmpty()) {
            return Optional.empty();
        }
        for (ResourceType type : ResourceType.values()) {
            if (type.messageName().equals(name.get())) {
                return Optional.of(type);
            }
        }
        throw new BadRequestException("no type " + name.get() + "; there are "
                + Arrays.stream(ResourceType.values())
                        .map(ResourceType::messageName)
                        .collect(Collectors.joining(", ")));
    }

    /** What a version consists of, and what it may refer to. */
    private record Dump(String clusterId, String version, List<Entry> resources, List<Entry> live) {
        static List<Entry> entries(Snapshot snapshot, Optional<ResourceType> type) {
            return type.map(snapshot::resources).orElseGet(snapshot::resources).stream()
                    .map(Entry::of)
                    .toList();
        }

        /** @param secret only of a secret: what anybody may know of it */
        @JsonInclude(JsonInclude.Include.NON_NULL)
        private record Entry(
                String type,
                String name,
                String hash,
                int bytes,
                @Nullable PublicPart secret) {
            static Entry of(Resource resource) {
                return new Entry(
                        resource.type().messageName(),
                        resource.name(),
                        resource.hash().hex(),
                        resource.bytes().size(),
                        resource.type() == ResourceType.SECRET ? PublicPart.of(resource) : null);
            }
        }
    }
}
