package dev.mpg.cli.offline;

import dev.mpg.cli.text.YamlText;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code mpg compile}. */
@Command(
        name = "compile",
        description = {
            "Shows the Envoy resources that Proxies in files compile to, without a cluster.",
            "They are what envoyPatches are written against, and what gateways get, but for endpoints of Services."
        },
        usageHelpWidth = 80,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:all compile",
            "1:the files aren't valid",
            "2:a file can't be read, or the command line is wrong"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  mpg compile -f shop.yaml",
            "  mpg compile -f shop.yaml --type Cluster --name checkout",
            "  mpg compile -f shop.yaml -o json | jq '.data.proxies[].version'"
        })
public final class CompileCommand implements Callable<Integer> {
    /** Forms of output. */
    enum Format {
        yaml,
        json
    }

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-f", "--filename"},
            paramLabel = "FILE",
            required = true,
            arity = "1..*",
            description = "Files of YAML or JSON, folders with such files, or - for the standard input.")
    private List<String> files = List.of();

    @Option(
            names = "--type",
            paramLabel = "TYPE",
            description =
                    "Only of this type: Cluster, ClusterLoadAssignment, Listener, RouteConfiguration, VirtualHost.")
    private @Nullable String type;

    @Option(names = "--name", paramLabel = "NAME", description = "Only those with this name, such as routes/*.")
    private @Nullable String name;

    @Mixin
    private CommonOptions common = new CommonOptions();

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "yaml",
            description = "yaml: a document for each Proxy, or json: docs/schemas/compile.json (default: yaml).")
    private Format format = Format.yaml;

    @Override
    public Integer call() {
        Printer printer = Printer.of(spec);
        Optional<ResourceType> wanted = Optional.ofNullable(type).map(this::type);
        Review review = Review.of(Manifests.read(files, System.in, common.namespace()));
        int code = Codes.of(review);
        Compiled compiled = code == Codes.OK ? Compiled.of(review, resource -> isWanted(resource, wanted)) : null;
        if (format == Format.json) {
            return printer.json(new Response<>(code, compiled, review.findings()));
        }
        printer.errors(review.findings());
        if (compiled != null) {
            for (Compiled.OfProxy proxy : compiled.proxies()) {
                printer.verbatim("---");
                YamlText.lines(Json.tree(proxy)).forEach(printer::verbatim);
            }
            if (compiled.proxies().stream().allMatch(proxy -> proxy.resources().isEmpty())) {
                printer.remark("no Proxy of these files has such a resource");
            }
        }
        return printer.flush(code);
    }

    private ResourceType type(String text) {
        return Arrays.stream(ResourceType.values())
                .filter(known -> known.messageName().equalsIgnoreCase(text))
                .findFirst()
                .orElseThrow(() -> new ParameterException(
                        spec == null ? new picocli.CommandLine(this) : spec.commandLine(),
                        "no type " + text + ", only "
                                + Arrays.stream(ResourceType.values())
                                        .map(ResourceType::messageName)
                                        .collect(Collectors.joining(", "))));
    }

    private boolean isWanted(Resource resource, Optional<ResourceType> wanted) {
        return wanted.map(resource.type()::equals).orElse(true)
                && (name == null || resource.name().equals(name));
    }
}
