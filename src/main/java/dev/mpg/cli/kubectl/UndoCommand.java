package dev.mpg.cli.kubectl;

import com.fasterxml.jackson.databind.node.ObjectNode;
import io.fabric8.kubernetes.api.model.GenericKubernetesResource;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code kubectl mpg undo}. */
@Command(
        name = "undo",
        description = {
            "Puts an earlier version back into the spec: its listeners, routes, backends and envoyPatches. The other"
                    + " fields stay as they are, and it goes out in waves like any change.",
            "Without --to: the newest version that the whole fleet ran (Complete) and the spec does not ask for now."
        },
        usageHelpWidth = 100,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  kubectl mpg undo shop --dry-run",
            "  kubectl mpg undo shop && kubectl mpg status shop --until-done",
            "  kubectl mpg undo shop --to 3              # or some digits of its version, or stable",
            "",
            "It changes the cluster, not your repository: make the same change there, or the next apply undoes the"
                    + " undo."
        })
final class UndoCommand implements Callable<Integer> {
    private static final int CONFLICT = 409;
    /** A JSON Patch whose test fails. */
    private static final int UNPROCESSABLE = 422;

    /** An operator writes status a few times a second at most. */
    private static final int MAX_ATTEMPTS = 20;

    @Mixin
    private Cluster cluster = new Cluster();

    @Mixin
    private OutputOption output = new OutputOption();

    @Parameters(paramLabel = "NAME", description = "The Proxy.")
    private String name = "";

    @Option(
            names = "--to",
            paramLabel = "VERSION",
            description = "A revision's number, at least 4 digits of a version, or stable.")
    private @Nullable String to;

    @Option(names = "--dry-run", description = "Show what would change, and change nothing.")
    private boolean dryRun;

    private final Terminal terminal;

    UndoCommand(Terminal terminal) {
        this.terminal = terminal;
    }

    @Override
    public Integer call() {
        try (KubernetesClient client = cluster.connect()) {
            for (int attempt = 1; ; attempt++) {
                Document document = Document.read(cluster, client, name);
                Revision revision = to == null
                        ? document.history().before(document.content())
                        : document.history().find(to);
                List<String> diff =
                        document.content().diff(document.title(), revision.content(), document.title(revision));
                if (dryRun || diff.isEmpty()) {
                    report(document, revision, diff, Optional.empty());
                    return CommandLine.ExitCode.OK;
                }
                Optional<Long> generation = patch(client, document, revision, attempt);
                if (generation.isPresent()) {
                    report(document, revision, diff, generation);
                    return CommandLine.ExitCode.OK;
                }
            }
        }
    }

    /** The generation that asks for the revision; empty when somebody else changed the Proxy meanwhile. */
    private Optional<Long> patch(KubernetesClient client, Document document, Revision revision, int attempt) {
        String read = document.proxy().getMetadata().getResourceVersion();
        try {
            PatchContext context = new PatchContext.Builder()
                    .withPatchType(PatchType.JSON)
                    .withFieldManager(Cluster.FIELD_MANAGER)
                    .build();
            GenericKubernetesResource patched = Document.at(cluster, client, name)
                    .patch(
                            context,
                            revision.content().patch(document.spec(), read).toString());
            return Optional.of(patched.getMetadata().getGeneration());
        } catch (KubernetesClientException e) {
            boolean mayBeConflict = e.getCode() == CONFLICT || e.getCode() == UNPROCESSABLE;
            if (!mayBeConflict
                    || attempt == MAX_ATTEMPTS
                    || read.equals(cluster.proxy(client, name).getMetadata().getResourceVersion())) {
                throw e;
            }
            return Optional.empty();
        }
    }

    private void report(Document document, Revision revision, List<String> diff, Optional<Long> generation) {
        boolean failed = document.history().isFailed(revision);
        if (output.isJson()) {
            ObjectNode json = Json.object()
                    .put("revision", revision.number())
                    .put("version", revision.version())
                    .put("changed", generation.isPresent())
                    .put("dryRun", dryRun)
                    .put("failed", failed)
                    .put("generation", generation.orElse(null));
            diff.forEach(json.putArray("diff")::add);
            Json.print(terminal, json);
            return;
        }
        String object = document.proxy().getMetadata().getNamespace() + "/" + name;
        if (diff.isEmpty()) {
            terminal.print(Line.of("Proxy " + object + " asks for " + revision.title() + " already: nothing changed"));
        } else if (generation.isEmpty()) {
            Content.lines(diff).forEach(terminal::print);
            terminal.remark("nothing was changed: this was a dry run");
        } else {
            terminal.print(Line.of("Proxy " + object + " asks for " + revision.title() + " again, from generation "
                    + generation.get() + " on; changed: "
                    + Content.FIELDS.stream()
                            .filter(field -> !document.content()
                                    .spec()
                                    .path(field)
                                    .equals(revision.content().spec().path(field)))
                            .collect(Collectors.joining(", "))));
            terminal.remark("It goes out in waves: kubectl mpg status " + name + " --watch");
        }
        if (failed) {
            terminal.remark("Version " + revision.abbreviated()
                    + " is marked failed, and is not tried again by itself: kubectl mpg resume " + name
                    + " makes the operator try it");
        }
    }
}
