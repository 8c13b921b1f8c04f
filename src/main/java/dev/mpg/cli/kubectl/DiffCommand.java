package dev.mpg.cli.kubectl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kubectl mpg diff}. */
@Command(
        name = "diff",
        description = {
            "Shows what differs between two versions of a Proxy, as a unified diff of their YAML.",
            "A version is a revision's number, some digits of a version (at least 4), or stable, target, desired."
        },
        usageHelpWidth = 100,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  kubectl mpg diff shop stable target   # what is being rolled out, or what failed",
            "  kubectl mpg diff shop stable          # what the spec changes of what runs",
            "  kubectl mpg diff shop 3 51aa03e9c2f7"
        })
final class DiffCommand implements Callable<Integer> {
    @Mixin
    private Cluster cluster = new Cluster();

    @Mixin
    private OutputOption output = new OutputOption();

    @Parameters(index = "0", paramLabel = "NAME", description = "The Proxy.")
    private String name = "";

    @Parameters(index = "1", paramLabel = "V1", description = "The version before.")
    private String first = "";

    @Parameters(
            index = "2",
            arity = "0..1",
            paramLabel = "V2",
            description = "The version after (default: the spec as it is).")
    private @Nullable String second;

    private final Terminal terminal;

    DiffCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        try (KubernetesClient client = cluster.connect()) {
            Document document = Document.read(cluster, client, name);
            Revision before = document.history().find(first);
            String beforeTitle = document.title(before);
            Content after = second == null
                    ? document.content()
                    : document.history().find(second).content();
            String afterTitle = second == null
                    ? document.title()
                    : document.title(document.history().find(second));
            List<String> diff = before.content().diff(beforeTitle, after, afterTitle);
            if (output.isJson()) {
                ObjectNode json = Json.object();
                json.put("from", beforeTitle).put("to", afterTitle);
                json.set("before", before.content().spec());
                json.set("after", after.spec());
                diff.forEach(json.putArray("diff")::add);
                Json.print(terminal, json);
            } else if (diff.isEmpty()) {
                terminal.remark(beforeTitle + " and " + afterTitle + " ask for the same");
            } else {
                Content.lines(diff).forEach(terminal::print);
            }
        }
        return CommandLine.ExitCode.OK;
    }
}
