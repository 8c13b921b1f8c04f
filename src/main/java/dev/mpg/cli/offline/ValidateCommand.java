package dev.mpg.cli.offline;

import static dev.mpg.cli.text.Words.count;

import dev.mpg.cli.offline.Validation.Judged;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.Spec;

/** {@code mpg validate}. */
@Command(
        name = "validate",
        description = {
            "Says what is wrong with Proxies and Schedulers in files, without a cluster.",
            "It checks what the API server and the operator check: unknown fields, types, ranges; names that"
                    + " refer to nothing; Envoy patches; and what of several objects clashes. What Envoy alone can"
                    + " refuse shows in a rollout."
        },
        usageHelpWidth = 80,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all is valid",
            "1:something isn't; with --strict also: there are warnings",
            "2:a file can't be read, or the command line is wrong"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mpg validate -f shop.yaml",
            "  mpg validate -f config/ --strict          # a folder, before a merge",
            "  helm template . | mpg validate -f -       # what a chart makes",
            "  mpg validate -f config/ -o json | jq .errors",
            "",
            "A line of output:",
            "  shop.yaml:12: error: Proxy edge/shop: spec.listeners[0].port: 0 is out of",
            "      range; use 1 to 65535"
        })
public final class ValidateCommand implements Callable<Integer> {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-f", "--filename"},
            paramLabel = "FILE",
            required = true,
            arity = "1..*",
            description = "Files of YAML or JSON, folders with such files, or - for the standard input.")
    private List<String> files = List.of();

    @Option(names = "--strict", description = "Warnings count as errors.")
    private boolean strict;

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "text, or json: docs/schemas/validate.json (default: text).")
    private Format format = Format.text;

    @Override
    public Integer call() {
        Printer printer = Printer.of(spec);
        Review review =
                Review.of(Manifests.read(files, System.in, common.namespace())).checked();
        int code = Codes.of(review);
        code = code == Codes.OK && strict && !review.findings().isEmpty() ? Codes.INVALID : code;
        Validation validation = Validation.of(review);
        if (format == Format.json) {
            return printer.json(new Response<>(code, validation, review.findings()));
        }
        printer.print(review.findings());
        validation.objects().stream()
                .filter(object -> object.version() != null)
                .forEach(object -> printer.print(
                        object.object() + ": valid, version " + object.version() + " ("
                                + count(object.resources() == null ? 0 : object.resources(), "resource") + ")",
                        4));
        printer.print(summary(validation, review), 4);
        return printer.flush(code);
    }

    private static String summary(Validation validation, Review review) {
        List<String> parts = new ArrayList<>();
        long valid = validation.objects().stream().filter(Judged::valid).count();
        parts.add(valid + " of " + count(validation.objects().size(), "object") + " valid");
        long errors = review.findings().stream().filter(Finding::isError).count();
        parts.add(count((int) errors, "error"));
        parts.add(count((int) (review.findings().size() - errors), "warning"));
        if (validation.ignored() > 0) {
            parts.add(count(validation.ignored(), "object") + " of other kinds ignored");
        }
        return String.join(", ", parts);
    }
}
