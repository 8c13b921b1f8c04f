package dev.mpg.cli.kubectl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Rollout;
import dev.mpg.cli.kubectl.Changes.Change;
import dev.mpg.config.GatewayDuration;
import dev.mpg.operator.proxy.RolloutCommands;
import dev.mpg.rollout.Command.Action;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.authentication.SelfSubjectReview;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.time.Duration;
import java.time.Instant;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import java.util.UUID;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kubectl mpg pause, resume, promote, abort}: asks the operator, and says what came of it. */
@Command(usageHelpWidth = 100, sortOptions = false, optionListHeading = "%nOptions:%n", footerHeading = "%nExamples:%n")
abstract class ControlCommand implements Callable<Integer> {
    /** The Event that tells whether it was ignored is written just after the status that says that it was read. */
    private static final Duration EVENT_PATIENCE = Duration.ofSeconds(2);

    private static final Duration MOST_PATIENCE = Duration.ofHours(1);

    @Command(
            name = "pause",
            description = {
                "Pauses rollouts: gateways that have the new version keep it, and no other gateway gets it; the same"
                        + " holds for later versions, until resume, promote or abort."
            },
            footer = {"  kubectl mpg pause shop"})
    static final class Pause extends ControlCommand {
        Pause(Terminal terminal) {
            super(terminal, Action.Pause);
        }
    }

    @Command(
            name = "resume",
            description = {
                "Ends a pause. A rollout that a failure has stopped takes its wave once more; a version that is marked"
                        + " failed is tried again from the first step."
            },
            footer = {"  kubectl mpg resume shop && kubectl mpg status shop --watch"})
    static final class Resume extends ControlCommand {
        Resume(Terminal terminal) {
            super(terminal, Action.Resume);
        }
    }

    @Command(
            name = "promote",
            description = {
                "Gives the version that is being rolled out to the whole fleet at once: no more steps, no bake times,"
                        + " whatever the traffic says, also when it is marked failed. Every gateway must still ACK it."
            },
            footer = {"  kubectl mpg promote shop && kubectl mpg status shop --until-done"})
    static final class Promote extends ControlCommand {
        Promote(Terminal terminal) {
            super(terminal, Action.Promote);
        }
    }

    @Command(
            name = "abort",
            description = {
                "Gives up the version that is being rolled out: it is marked failed, and every gateway goes back to"
                        + " stable. The spec stays as it is; undo puts that back, too."
            },
            footer = {"  kubectl mpg abort shop", "  kubectl mpg undo shop"})
    static final class Abort extends ControlCommand {
        Abort(Terminal terminal) {
            super(terminal, Action.Abort);
        }
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private Cluster cluster = new Cluster();

    @Mixin
    private OutputOption output = new OutputOption();

    @Parameters(paramLabel = "NAME", description = "The Proxy.")
    private String name = "";

    @Option(
            names = "--wait",
            arity = "0..1",
            paramLabel = "true|false",
            defaultValue = "true",
            fallbackValue = "true",
            description = "Wait until the operator has read it, and say what came of it (default: true).")
    private boolean wait = true;

    @Option(
            names = "--timeout",
            paramLabel = "DURATION",
            defaultValue = "10s",
            description = "How long to wait (default: 10s).")
    private String timeout = "10s";

    private final Terminal terminal;
    private final Action action;

    private ControlCommand(Terminal terminal, Action action) {
        this.terminal = terminal;
        this.action = action;
    }

    @Override
    public Integer call() {
        Duration patience = GatewayDuration.parse(timeout)
                .filter(duration -> duration.compareTo(MOST_PATIENCE) <= 0)
                .orElseThrow(() -> wrong("--timeout is '" + timeout + "', not a duration such as 10s, of at most 1h"));
        try (KubernetesClient client = cluster.connect()) {
            Proxy proxy = cluster.proxy(client, name);
            Request request = Request.of(action, UUID.randomUUID().toString().substring(0, 8), user(client), proxy);
            Request.pending(proxy)
                    .ifPresent(lost -> terminal.remark(
                            "warning: '" + lost + "' had not been read by the operator, and is replaced by this"));
            if (!wait) {
                send(client, request);
                return report(request, Optional.empty(), Optional.empty());
            }
            try (Changes<Proxy> proxies = Changes.of(cluster.at(client, name))) {
                Optional<Changes<Event>> events = events(client, proxy);
                try {
                    return converse(client, request, proxies, events, patience);
                } finally {
                    events.ifPresent(Changes::close);
                }
            }
        }
    }

    private int converse(
            KubernetesClient client,
            Request request,
            Changes<Proxy> proxies,
            Optional<Changes<Event>> events,
            Duration patience) {
        Set<String> before = events.stream()
                .flatMap(known -> known.existing().stream())
                .map(event -> event.getMetadata().getResourceVersion())
                .collect(Collectors.toSet());
        send(client, request);
        Proxy read = awaitRead(request, proxies, terminal.clock().instant().plus(patience));
        Optional<String> ignored = events.flatMap(known -> ignored(request, known, before));
        return report(request, Optional.of(read), ignored);
    }

    private void send(KubernetesClient client, Request request) {
        ObjectNode patch = Json.object();
        patch.putObject("metadata").putObject("annotations").put(RolloutCommands.ANNOTATION, request.value());
        PatchContext context = new PatchContext.Builder()
                .withPatchType(PatchType.JSON_MERGE)
                .withFieldManager(Cluster.FIELD_MANAGER)
                .build();
        cluster.at(client, name).patch(context, patch.toString());
    }

    private Proxy awaitRead(Request request, Changes<Proxy> proxies, Instant deadline) {
        while (true) {
            Duration left = Duration.between(terminal.clock().instant(), deadline);
            Optional<Change<Proxy>> change = left.isNegative() ? Optional.empty() : proxies.next(left);
            if (change.isEmpty()) {
                throw new CommandException("the operator has not read it within " + timeout
                        + ": is it running? The request stays, in annotation " + RolloutCommands.ANNOTATION
                        + "; kubectl annotate proxy " + name + " " + RolloutCommands.ANNOTATION + "- takes it back");
            }
            if (change.get().deleted()) {
                throw new CommandException("Proxy " + name + " was deleted");
            }
            if (request.isRead(change.get().object())) {
                return change.get().object();
            }
        }
    }

    /** Why it was ignored, from Events that are new since it was sent. */
    private Optional<String> ignored(Request request, Changes<Event> events, Set<String> before) {
        Instant deadline = terminal.clock().instant().plus(EVENT_PATIENCE);
        while (true) {
            Duration left = Duration.between(terminal.clock().instant(), deadline);
            Optional<Change<Event>> change = left.isNegative() ? Optional.empty() : events.next(left);
            if (change.isEmpty()) {
                return Optional.empty();
            }
            Event event = change.get().object();
            if (before.contains(event.getMetadata().getResourceVersion())) {
                continue;
            }
            Optional<String> why = request.ignoredBecause(event);
            if (why.isPresent() || request.isObeyed(event)) {
                return why;
            }
        }
    }

    private int report(Request request, Optional<Proxy> read, Optional<String> ignored) {
        Optional<Rollout> rollout = read.map(Proxy::getStatus).map(ProxyStatus::rollout);
        String asked = action.name().toLowerCase(Locale.ROOT);
        if (output.isJson()) {
            Json.print(
                    terminal,
                    Json.object()
                            .put("request", request.value())
                            .put("read", read.isPresent())
                            .put("ignoredBecause", ignored.orElse(null))
                            .put(
                                    "phase",
                                    rollout.map(Rollout::phase).map(Enum::name).orElse(null))
                            .put("message", rollout.map(Rollout::message).orElse(null)));
        } else if (ignored.isPresent()) {
            terminal.remark("error: the operator ignored " + asked + ": " + ignored.get());
        } else if (read.isEmpty()) {
            terminal.print(Line.of(asked + " is asked of Proxy " + name + ", by " + request.by()));
        } else {
            terminal.print(Line.of(asked + ": ", Tone.STRONG)
                    .plus(Summary.phase(read.get()))
                    .plus(rollout.map(Rollout::message)
                            .map(message -> ", " + message)
                            .orElse("")));
        }
        return ignored.isPresent() ? CommandLine.ExitCode.SOFTWARE : CommandLine.ExitCode.OK;
    }

    /** Of this Proxy alone; empty for whoever may not see Events. */
    private Optional<Changes<Event>> events(KubernetesClient client, Proxy proxy) {
        try {
            return Optional.of(Changes.of(client.v1()
                    .events()
                    .inNamespace(cluster.namespace(client))
                    .withField("involvedObject.uid", proxy.getMetadata().getUid())));
        } catch (KubernetesClientException e) {
            terminal.remark("warning: cannot see Events, which say whether it is ignored: " + Cluster.explain(e));
            return Optional.empty();
        }
    }

    /** Who the API server thinks that this is; else the kubeconfig's user; else this machine's. */
    private static String user(KubernetesClient client) {
        try {
            SelfSubjectReview review =
                    client.authentication().v1().selfSubjectReviews().create(new SelfSubjectReview());
            return review.getStatus().getUserInfo().getUsername();
        } catch (KubernetesClientException e) {
            return Optional.ofNullable(client.getConfiguration().getCurrentContext())
                    .map(context -> context.getContext().getUser())
                    .orElse(System.getProperty("user.name"));
        }
    }

    private ParameterException wrong(String message) {
        if (spec == null) {
            throw new IllegalStateException("the command was not made by picocli");
        }
        return new ParameterException(spec.commandLine(), message);
    }
}
