package dev.mpg.cli.kubectl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.cli.kubectl.Changes.Change;
import dev.mpg.config.GatewayDuration;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.Informable;
import io.fabric8.kubernetes.client.dsl.Resource;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code kubectl mpg status}. */
@Command(
        name = "status",
        description = {
            "Shows who runs which version: Master, proxy instances, gateways; what a rollout waits for; who refused"
                    + " what, and why.",
            "Without NAME: a line for each Proxy."
        },
        usageHelpWidth = 100,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  kubectl mpg status -A                              # every Proxy of the cluster",
            "  kubectl mpg status shop --watch                    # live, drawn in place; Ctrl-C ends it",
            "  kubectl mpg status shop --watch | tee rollout.log  # a line for each change",
            "  kubectl apply -f shop.yaml && kubectl mpg status shop --until-done --timeout 10m",
            "  kubectl mpg status shop -o json | jq .status.rejections",
            "",
            "The bar: █ run the target, ▓ have not answered, × refused, ░ run another version, · are away."
        })
final class StatusCommand implements Callable<Integer> {
    /** Ages grow on the screen although nothing changes. */
    private static final Duration TICK = Duration.ofSeconds(1);

    private static final int WIDEST = 120;

    @Spec
    private @Nullable CommandSpec spec;

    @Mixin
    private Cluster cluster = new Cluster();

    @Mixin
    private OutputOption output = new OutputOption();

    @Parameters(arity = "0..1", paramLabel = "NAME", description = "The Proxy (default: all of the namespace).")
    private @Nullable String name;

    @Option(
            names = {"-A", "--all-namespaces"},
            description = "The Proxies of all namespaces.")
    private boolean allNamespaces;

    @Option(
            names = {"-w", "--watch"},
            description = "Go on and show what changes: in place on a terminal, else a line for each change.")
    private boolean watch;

    @Option(
            names = "--until-done",
            description = "As --watch, until every gateway runs what the spec asks for (exit code 0), or until that"
                    + " has failed (1). One that somebody paused is waited for.")
    private boolean untilDone;

    @Option(
            names = "--timeout",
            paramLabel = "DURATION",
            description = "With --until-done: give up after, such as 90s or 10m (exit code 1; default: never).")
    private @Nullable String timeout;

    private final Terminal terminal;

    StatusCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        if (name != null && allNamespaces) {
            throw wrong("a NAME is of one namespace: leave out --all-namespaces");
        }
        Optional<Instant> deadline = deadline();
        try (KubernetesClient client = cluster.connect()) {
            if (watch || untilDone) {
                return watch(client, deadline);
            }
            show(client);
            return CommandLine.ExitCode.OK;
        }
    }

    private Optional<Instant> deadline() {
        if (timeout == null) {
            return Optional.empty();
        }
        if (!untilDone) {
            throw wrong("--timeout is for --until-done");
        }
        Duration patience = GatewayDuration.parse(timeout)
                .orElseThrow(() -> wrong("--timeout is '" + timeout + "', not a duration such as 90s or 10m"));
        return Optional.of(terminal.clock().instant().plus(patience));
    }

    private void show(KubernetesClient client) {
        if (name != null) {
            Proxy proxy = cluster.proxy(client, name);
            if (output.isJson()) {
                Json.print(terminal, json(client, proxy));
            } else {
                detail(proxy, scheduler(client, proxy)).forEach(terminal::print);
            }
            return;
        }
        List<Proxy> proxies = sorted((allNamespaces
                        ? client.resources(Proxy.class).inAnyNamespace()
                        : client.resources(Proxy.class).inNamespace(cluster.namespace(client)))
                .list()
                .getItems());
        if (output.isJson()) {
            ObjectNode list = Json.object().put("apiVersion", "v1").put("kind", "List");
            list.putArray("items")
                    .addAll(proxies.stream().map(proxy -> json(client, proxy)).toList());
            Json.print(terminal, list);
        } else if (proxies.isEmpty()) {
            terminal.remark(
                    allNamespaces
                            ? "there is no Proxy"
                            : "there is no Proxy in namespace " + cluster.namespace(client)
                                    + " (-A shows all namespaces)");
        } else {
            overview(proxies).forEach(terminal::print);
        }
    }

    private int watch(KubernetesClient client, Optional<Instant> deadline) {
        Optional<Proxy> named = Optional.ofNullable(name).map(given -> cluster.proxy(client, given));
        try (Changes<Proxy> changes = Changes.of(watched(client))) {
            if (output.isJson() || !terminal.interactive()) {
                return append(client, changes, deadline);
            }
            Optional<Changes<Scheduler>> pool = named.flatMap(proxy -> pool(client, proxy));
            try {
                return redraw(changes, pool, deadline);
            } finally {
                pool.ifPresent(Changes::close);
            }
        }
    }

    private Informable<Proxy> watched(KubernetesClient client) {
        if (name != null) {
            return cluster.at(client, name);
        }
        return allNamespaces
                ? client.resources(Proxy.class).inAnyNamespace()
                : client.resources(Proxy.class).inNamespace(cluster.namespace(client));
    }

    /** A line for each change that can be seen in one. */
    private int append(KubernetesClient client, Changes<Proxy> changes, Optional<Instant> deadline) {
        Map<String, String> shown = new HashMap<>();
        while (true) {
            Optional<Change<Proxy>> change = changes.next(patience(deadline));
            change.ifPresent(news -> append(client, news, shown));
            Optional<Integer> end = end(changes.existing(), change, deadline);
            if (end.isPresent()) {
                return end.get();
            }
        }
    }

    private void append(KubernetesClient client, Change<Proxy> change, Map<String, String> shown) {
        Proxy proxy = change.object();
        String text;
        if (output.isJson()) {
            text = Json.line(json(client, proxy));
        } else if (change.deleted()) {
            text = key(proxy) + " was deleted";
        } else {
            text = terminal.text(Summary.line(proxy));
        }
        if (!text.equals(shown.put(key(proxy), text))) {
            String time = output.isJson() ? "" : terminal.clock().instant().truncatedTo(ChronoUnit.SECONDS) + " ";
            terminal.out().println(time + text);
        }
    }

    private int redraw(Changes<Proxy> changes, Optional<Changes<Scheduler>> pool, Optional<Instant> deadline) {
        try (Screen screen = new Screen(terminal)) {
            Optional<Change<Proxy>> change = Optional.empty();
            while (true) {
                List<Proxy> proxies = sorted(changes.existing());
                screen.draw(frame(proxies, pool, changes.isConnected()));
                Optional<Integer> end = end(proxies, change, deadline);
                if (end.isPresent()) {
                    return end.get();
                }
                change = changes.next(TICK);
            }
        }
    }

    private List<Line> frame(List<Proxy> proxies, Optional<Changes<Scheduler>> pool, boolean connected) {
        List<Line> lines = new ArrayList<>();
        if (!connected) {
            lines.add(Line.of("The API server does not answer: this is how it was. Trying again.", Tone.BAD));
        }
        if (name == null) {
            lines.addAll(overview(proxies));
        } else if (!proxies.isEmpty()) {
            lines.addAll(detail(
                    proxies.getFirst(),
                    pool.flatMap(known -> known.existing().stream().findFirst())));
        }
        return lines;
    }

    /** Whether to stop watching, and with which exit code. */
    private Optional<Integer> end(List<Proxy> proxies, Optional<Change<Proxy>> change, Optional<Instant> deadline) {
        if (name != null && change.filter(Change::deleted).isPresent()) {
            throw new CommandException("Proxy " + key(change.get().object()) + " was deleted");
        }
        List<Ending> endings = proxies.stream().map(Ending::of).toList();
        if (untilDone && !endings.isEmpty() && !endings.contains(Ending.OPEN)) {
            proxies.stream()
                    .filter(proxy -> Ending.of(proxy) == Ending.FAILED)
                    .forEach(proxy -> terminal.remark("error: " + key(proxy) + ": " + Summary.why(proxy)));
            return Optional.of(
                    endings.contains(Ending.FAILED) ? CommandLine.ExitCode.SOFTWARE : CommandLine.ExitCode.OK);
        }
        if (deadline.filter(end -> !terminal.clock().instant().isBefore(end)).isPresent()) {
            throw new CommandException("it was not done within " + timeout);
        }
        return Optional.empty();
    }

    private Duration patience(Optional<Instant> deadline) {
        return deadline.map(end -> Duration.between(terminal.clock().instant(), end))
                .filter(left -> left.compareTo(Duration.ofHours(1)) < 0)
                .map(left -> left.isNegative() ? Duration.ZERO : left)
                .orElse(Duration.ofHours(1));
    }

    private List<Line> detail(Proxy proxy, Optional<Scheduler> scheduler) {
        return StatusView.lines(proxy, scheduler, terminal.clock().instant(), width());
    }

    private List<Line> overview(List<Proxy> proxies) {
        return Summary.table(proxies, allNamespaces, width());
    }

    private int width() {
        return terminal.interactive()
                ? Math.min(WIDEST, terminal.size().get().columns())
                : Terminal.Size.DEFAULT.columns();
    }

    private static Resource<Scheduler> at(KubernetesClient client, Proxy proxy) {
        return client.resources(Scheduler.class)
                .withName(Optional.ofNullable(proxy.getSpec().schedulerName()).orElse("default"));
    }

    /** Whoever may only see the namespace goes without. */
    private static Optional<Scheduler> scheduler(KubernetesClient client, Proxy proxy) {
        try {
            return Optional.ofNullable(at(client, proxy).get());
        } catch (KubernetesClientException e) {
            return Optional.empty();
        }
    }

    private static Optional<Changes<Scheduler>> pool(KubernetesClient client, Proxy proxy) {
        try {
            return Optional.of(Changes.of(at(client, proxy)));
        } catch (KubernetesClientException e) {
            return Optional.empty();
        }
    }

    private static ObjectNode json(KubernetesClient client, Proxy proxy) {
        proxy.getMetadata().setManagedFields(List.of());
        return client.getKubernetesSerialization().convertValue(proxy, ObjectNode.class);
    }

    private static List<Proxy> sorted(List<Proxy> proxies) {
        return proxies.stream().sorted(Comparator.comparing(StatusCommand::key)).toList();
    }

    private static String key(Proxy proxy) {
        return proxy.getMetadata().getNamespace() + "/" + proxy.getMetadata().getName();
    }

    private ParameterException wrong(String message) {
        if (spec == null) {
            throw new IllegalStateException("the command was not made by picocli");
        }
        return new ParameterException(spec.commandLine(), message);
    }
}
