package dev.mpg.cli.offline;

import static dev.mpg.cli.text.Words.count;

import dev.mpg.cli.offline.Difference.Change;
import dev.mpg.cli.offline.Difference.OfPart;
import dev.mpg.cli.offline.Difference.OfProxy;
import dev.mpg.cli.offline.Difference.OfResource;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Parameters;
import picocli.CommandLine.Spec;

/** {@code mpg diff}. */
@Command(
        name = "diff",
        description = {
            "Shows what changes for gateways between two sets of files, without a cluster.",
            "Proxies are compared by namespace and name: their versions, the parts of their specs, and the Envoy"
                    + " resources that they compile to. Equal versions mean that nothing is sent."
        },
        usageHelpWidth = 80,
        sortOptions = false,
        // 1 would say that they differ.
        exitCodeOnExecutionException = Codes.USAGE,
        optionListHeading = "%nOptions:%n",
        exitCodeListHeading = "%nExit codes, as of diff:%n",
        exitCodeList = {
            "0:they are the same",
            "1:they differ",
            "2:one isn't valid or can't be read, or the command line is wrong"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mpg diff old.yaml new.yaml",
            "  mpg diff main/config config               # folders",
            "  git show HEAD:shop.yaml | mpg diff - shop.yaml"
        })
public final class DiffCommand implements Callable<Integer> {
    private static final int COLUMN = 10;

    @Spec
    private @Nullable CommandSpec spec;

    @Parameters(index = "0", paramLabel = "A", description = "A file or folder: before. - is the standard input.")
    private String first = "";

    @Parameters(index = "1", paramLabel = "B", description = "A file or folder: after. - is the standard input.")
    private String second = "";

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "text, or json: docs/schemas/diff.json (default: text).")
    private Format format = Format.text;

    @Override
    public Integer call() {
        Printer printer = Printer.of(spec);
        if (spec != null && first.equals("-") && second.equals("-")) {
            throw new ParameterException(spec.commandLine(), "only one of A and B can be the standard input");
        }
        Review before = Review.of(Manifests.read(List.of(first), System.in, common.namespace()));
        Review after = Review.of(Manifests.read(List.of(second), System.in, common.namespace()));
        List<Finding> findings = new ArrayList<>(before.findings());
        findings.addAll(after.findings());
        boolean usable = Codes.of(before) == Codes.OK && Codes.of(after) == Codes.OK;
        Difference difference = usable ? Difference.between(before, after) : null;
        int code = difference == null ? Codes.USAGE : difference.proxies().isEmpty() ? Codes.OK : Codes.DIFFERENT;
        if (format == Format.json) {
            return printer.json(new Response<>(code, difference, findings));
        }
        printer.errors(findings);
        if (difference != null) {
            difference.proxies().forEach(proxy -> print(proxy, printer));
            printer.remark(count(difference.proxies().size(), "Proxy") + " differ"
                    + (difference.proxies().size() == 1 ? "s" : "") + ", " + difference.equal() + " the same");
        }
        return printer.flush(code);
    }

    private static void print(OfProxy proxy, Printer printer) {
        printer.print(
                proxy.object() + ": "
                        + switch (proxy.change()) {
                            case added -> "added, version " + proxy.after();
                            case removed -> "removed, version was " + proxy.before();
                            case changed ->
                                String.valueOf(proxy.before()).equals(proxy.after())
                                        ? "version stays " + proxy.after() + ", so nothing is sent to gateways"
                                        : "version " + proxy.before() + " -> " + proxy.after();
                        },
                4);
        for (OfPart part : proxy.spec()) {
            printer.row(
                    "spec", part.part() + (part.name() == null ? "" : " " + part.name()) + " " + part.change(), COLUMN);
        }
        for (Change change : Change.values()) {
            List<OfResource> such = proxy.resources().stream()
                    .filter(resource -> resource.change() == change)
                    .toList();
            if (!such.isEmpty()) {
                printer.row(
                        "Envoy",
                        count(such.size(), "resource") + " " + change + ": "
                                + such.stream()
                                        .map(resource -> resource.type() + " " + resource.name())
                                        .collect(Collectors.joining(", ")),
                        COLUMN);
            }
        }
        for (OfResource resource : proxy.resources()) {
            resource.diff().forEach(printer::verbatim);
        }
    }
}
