package dev.mpg.cli.kubectl;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.telemetry.RecentTrace;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.net.URI;
import java.util.Optional;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kubectl mpg trace}. */
@Command(
        name = "trace",
        description = {
            "Shows what became of the last change of a Proxy, as a tree: reconciles, calls to the API server, proxy",
            "instances, and each gateway until it ACKed or refused. From Jaeger, if --jaeger says where it is, else from what",
            "the operator and its proxy instances remember of the last few changes."
        },
        usageHelpWidth = 100,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  kubectl mpg trace shop",
            "  kubectl mpg trace shop --jaeger http://127.0.0.1:16686",
            "  kubectl mpg trace shop --id 4bf92f3577b34da6a3ce929d0e0e4736   # an earlier one; Events tell ids"
        })
final class TraceCommand implements Callable<Integer> {
    @Mixin
    private Cluster cluster = new Cluster();

    @Mixin
    private OutputOption output = new OutputOption();

    @Parameters(paramLabel = "NAME", description = "The Proxy.")
    private String name = "";

    @Option(
            names = "--id",
            paramLabel = "TRACE",
            description = "Id of the trace, 32 hexadecimal digits (default: that of the last change).")
    private @Nullable String id;

    @Option(
            names = "--jaeger",
            paramLabel = "URL",
            defaultValue = "${env:MPG_JAEGER}",
            description = "Where Jaeger's query API is. Environment: MPG_JAEGER.")
    private @Nullable URI jaeger;

    @Option(
            names = "--operator",
            paramLabel = "URL",
            defaultValue = "${env:MPG_OPERATOR:-http://127.0.0.1:18200}",
            description = "Where the operator's --http-address is (default: http://127.0.0.1:18200; in a cluster:"
                    + " kubectl port-forward). Environment: MPG_OPERATOR.")
    private URI operator = URI.create("http://127.0.0.1:18200");

    private final Terminal terminal;

    TraceCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        String wanted = id == null ? ofLastChange() : id;
        boolean asksJaeger = jaeger != null && !jaeger.toString().isEmpty();
        RecentTrace trace = asksJaeger && jaeger != null
                ? TraceSource.ofJaeger(jaeger, wanted)
                : TraceSource.ofOperator(operator, wanted);
        if (output.isJson()) {
            Json.print(terminal, (ObjectNode) new ObjectMapper().valueToTree(trace));
        } else if (trace.spans().isEmpty()) {
            throw new CommandException("nobody remembers trace " + wanted
                    + (asksJaeger
                            ? ": it may not have arrived yet"
                            : ": an operator forgets all but the last ones; with Jaeger, give --jaeger"));
        } else {
            terminal.print(Line.of("trace " + wanted, Tone.STRONG));
            TraceTree.lines(trace.spans(), terminal.unicode()).forEach(terminal::print);
        }
        trace.unreachable().forEach(why -> terminal.remark("not asked: " + why));
        return CommandLine.ExitCode.OK;
    }

    private String ofLastChange() {
        try (KubernetesClient client = cluster.connect()) {
            Proxy proxy = cluster.proxy(client, name);
            return Optional.ofNullable(proxy.getStatus())
                    .map(ProxyStatus::traceId)
                    .orElseThrow(() -> new CommandException(
                            "the last change of " + name + " is not traced (see mpg operator --trace-sampling)"));
        }
    }
}
