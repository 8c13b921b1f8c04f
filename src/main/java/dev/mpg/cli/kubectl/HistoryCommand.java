package dev.mpg.cli.kubectl;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.client.KubernetesClient;
import java.util.concurrent.Callable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code kubectl mpg history}. */
@Command(
        name = "history",
        description =
                "Lists the versions that a Proxy has asked for, the newest last: who wanted them, what came of them.",
        usageHelpWidth = 100,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  kubectl mpg history shop",
            "  kubectl mpg history shop -o json | jq -r '.revisions[] | select(.outcome == \"Rejected\").message'",
            "",
            "desired: what the spec asks for. target: what is rolled out. stable: what the whole fleet ran last.",
            "failed: not tried again by itself; kubectl mpg resume makes it so.",
            "spec.revisionHistoryLimit says how many are kept."
        })
final class HistoryCommand implements Callable<Integer> {
    @Mixin
    private Cluster cluster = new Cluster();

    @Mixin
    private OutputOption output = new OutputOption();

    @Parameters(paramLabel = "NAME", description = "The Proxy.")
    private String name = "";

    private final Terminal terminal;

    HistoryCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        try (KubernetesClient client = cluster.connect()) {
            History history = Document.read(cluster, client, name).history();
            if (output.isJson()) {
                Json.print(terminal, json(history));
            } else if (history.revisions().isEmpty()) {
                terminal.remark("there are no revisions yet: the operator writes them when it accepts a spec");
            } else {
                history.lines(terminal.clock().instant()).forEach(terminal::print);
            }
        }
        return CommandLine.ExitCode.OK;
    }

    private static ObjectNode json(History history) {
        ObjectNode document = Json.object();
        ArrayNode revisions = document.putArray("revisions");
        for (Revision revision : history.revisions()) {
            ObjectNode entry = revisions
                    .addObject()
                    .put("revision", revision.number())
                    .put("version", revision.version())
                    .put("changedBy", revision.changedBy().orElse(null))
                    .put("changedAt", revision.changedAt().orElse(null))
                    .put("outcome", revision.outcome().orElse(null))
                    .put("message", revision.message().orElse(null));
            history.marks(revision).forEach(entry.putArray("marks")::add);
        }
        return document;
    }
}
