package dev.mpg.cli.offline;

import dev.mpg.cli.offline.Explanation.OfListeners;
import dev.mpg.cli.offline.Explanation.OfProxy;
import dev.mpg.cli.offline.Explanation.Place;
import dev.mpg.cli.offline.Explanation.Result;
import dev.mpg.cli.offline.Explanation.Target;
import dev.mpg.cli.offline.Explanation.Tried;
import java.math.BigDecimal;
import java.util.ArrayList;
import java.util.List;
import java.util.OptionalInt;
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

/** {@code mpg explain}. */
@Command(
        name = "explain",
        description = {
            "Says which route of the Proxies in files takes a request, where it goes, and why no other route"
                    + " does, without a cluster.",
            "It compiles them and decides as Envoy does; what it can't judge it says."
        },
        usageHelpWidth = 80,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:it explained, whatever becomes of the request",
            "1:the files aren't valid, or have no such Proxy",
            "2:a file can't be read, or the command line is wrong"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mpg explain -f shop.yaml https://shop.example.com/checkout/1",
            "  mpg explain -f config/ --proxy edge/shop POST http://10.0.0.1:8080/cart",
            "  mpg explain -f shop.yaml -H 'Host: shop.example.com' http://127.0.0.1/",
            "",
            "With a port in the URL only the listeners on that port are asked, if there are any."
        })
public final class ExplainCommand implements Callable<Integer> {
    private static final int INDENT = 13;

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-f", "--filename"},
            paramLabel = "FILE",
            required = true,
            description =
                    "A file of YAML or JSON, a folder with such files, or - for the standard input. May be repeated.")
    private List<String> files = List.of();

    @Parameters(
            paramLabel = "[METHOD] URL",
            arity = "1..2",
            description = "The request; its method is GET where none is given.")
    private List<String> request = List.of();

    @Option(
            names = {"-H", "--header"},
            paramLabel = "'NAME: VALUE'",
            description = "A header of the request. May be repeated.")
    private List<String> headers = new ArrayList<>();

    @Option(
            names = "--proxy",
            paramLabel = "[NS/]NAME",
            description = "Only this Proxy (default: those that take the host, or all when none does).")
    private @Nullable String proxy;

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "text",
            description = "text, or json: docs/schemas/explain.json (default: text).")
    private Format format = Format.text;

    @Override
    public Integer call() {
        Printer printer = Printer.of(spec);
        HttpRequest asked = asked();
        Review review = Review.of(Manifests.read(files, System.in, common.namespace()));
        List<Finding> findings = new ArrayList<>(review.findings());
        int code = Codes.of(review);
        List<Review.Compiled> candidates = review.proxies().stream()
                .filter(candidate -> proxy == null || isNamed(candidate, proxy))
                .toList();
        if (code == Codes.OK && candidates.isEmpty()) {
            code = Codes.INVALID;
            findings.add(noProxy(review));
        }
        Explanation explanation = code == Codes.OK ? explain(candidates, asked) : null;
        if (format == Format.json) {
            return printer.json(new Response<>(code, explanation, findings));
        }
        printer.errors(findings);
        if (explanation != null) {
            print(explanation, printer);
        }
        return printer.flush(code);
    }

    private HttpRequest asked() {
        try {
            return HttpRequest.of(request.size() == 1 ? "GET" : request.getFirst(), request.getLast(), headers);
        } catch (IllegalArgumentException e) {
            throw new ParameterException(
                    spec == null ? new picocli.CommandLine(this) : spec.commandLine(),
                    String.valueOf(e.getMessage()),
                    e);
        }
    }

    private boolean isNamed(Review.Compiled candidate, String wanted) {
        return candidate
                .object()
                .ref()
                .path()
                .equals(wanted.contains("/") ? wanted : common.namespace() + "/" + wanted);
    }

    private Finding noProxy(Review review) {
        String names = review.proxies().stream()
                .map(candidate -> candidate.object().ref().path())
                .collect(Collectors.joining(", "));
        return new Finding(
                null,
                null,
                "there is no Proxy " + (proxy == null ? "" : proxy + " ") + "in these files",
                names.isEmpty() ? "name other files" : "there is " + names,
                null,
                null,
                Severity.error);
    }

    private static Explanation explain(List<Review.Compiled> candidates, HttpRequest asked) {
        List<String> notes = new ArrayList<>();
        List<Review.Compiled> chosen = candidates.size() == 1
                ? candidates
                : candidates.stream()
                        .filter(candidate ->
                                Explanation.hasHost(Explanation.of(candidate, asked.request(), OptionalInt.empty())))
                        .toList();
        if (chosen.isEmpty()) {
            notes.add("no Proxy takes this host, so all are asked");
            chosen = candidates;
        } else if (chosen.size() < candidates.size()) {
            notes.add(chosen.size() + " of " + candidates.size() + " Proxies " + (chosen.size() == 1 ? "takes" : "take")
                    + " this host; --proxy asks another");
        }
        return new Explanation(
                new Explanation.OfRequest(
                        asked.request().method(),
                        asked.request().host(),
                        asked.request().path()),
                chosen.stream()
                        .map(proxy -> Explanation.of(proxy, asked.request(), port(proxy, asked, notes)))
                        .toList(),
                notes);
    }

    /** Gateways often stand behind another port than their own. */
    private static OptionalInt port(Review.Compiled candidate, HttpRequest asked, List<String> notes) {
        if (asked.port().isEmpty()
                || candidate.config().listeners().stream()
                        .anyMatch(listener -> listener.port() == asked.port().getAsInt())) {
            return asked.port();
        }
        notes.add(candidate.name() + " has no listener on port " + asked.port().getAsInt() + ", so all are asked");
        return OptionalInt.empty();
    }

    private static void print(Explanation explanation, Printer printer) {
        Explanation.OfRequest request = explanation.request();
        printer.print(request.method() + " " + request.path() + " of host " + request.host(), INDENT);
        explanation.notes().forEach(note -> printer.print("note: " + note, INDENT));
        for (OfProxy proxy : explanation.proxies()) {
            printer.verbatim("");
            printer.print(proxy.object() + ", version " + proxy.version(), INDENT);
            if (proxy.answers().isEmpty()) {
                printer.print("it has no listeners", INDENT);
            }
            proxy.answers().forEach(answer -> print(answer, printer));
        }
    }

    private static void print(OfListeners answer, Printer printer) {
        printer.row("listeners", String.join(", ", answer.listeners()), INDENT);
        if (answer.path() != null) {
            printer.row("path", answer.path(), INDENT);
        }
        if (answer.virtualHost() != null) {
            printer.row(
                    "host",
                    answer.virtualHost().domain() + " (" + answer.virtualHost().specificity() + "), virtual host "
                            + answer.virtualHost().name(),
                    INDENT);
        }
        for (Tried tried : answer.tried()) {
            printer.row(
                    switch (tried.fit()) {
                        case "yes" -> "takes it";
                        case "no" -> "doesn't";
                        default -> "perhaps";
                    },
                    "route " + tried.route() + ", " + tried.match() + ": " + tried.why() + from(tried.source()),
                    INDENT);
        }
        result(answer.result(), printer);
        answer.caveats().forEach(caveat -> printer.row("but", caveat, INDENT));
    }

    private static void result(Result result, Printer printer) {
        switch (result.kind()) {
            case forward -> {
                result.targets().forEach(target -> printer.row("goes to", target(target), INDENT));
                printer.row("timeout", String.valueOf(result.timeout()), INDENT);
            }
            case reply -> {
                printer.row("answer", result.status() + ": " + result.why(), INDENT);
                if (result.location() != null) {
                    printer.row("leads to", result.location(), INDENT);
                }
            }
            case unjudged -> printer.row("can't tell", String.valueOf(result.why()), INDENT);
        }
    }

    private static String target(Target target) {
        return BigDecimal.valueOf(target.percent()).stripTrailingZeros().toPlainString() + "% " + target.cluster()
                + (target.exists() ? "" : ", which there is not: 503") + from(target.source());
    }

    private static String from(@Nullable Place place) {
        return place == null ? "" : ", from " + place.text();
    }
}
