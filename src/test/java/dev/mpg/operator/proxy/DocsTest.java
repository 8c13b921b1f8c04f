package dev.mpg.operator.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Proxy;
import dev.mpg.compile.Compilation;
import dev.mpg.compile.Compiler;
import dev.mpg.config.Manifests;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Origin;
import dev.mpg.config.SpecReader.Reading;
import dev.mpg.operator.endpoints.Finding;
import dev.mpg.rollout.Command;
import dev.mpg.rollout.Failure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.MatchResult;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** The documents speak of what there is: reasons, fields, files. */
class DocsTest {
    private static final Path REASONS = Path.of("docs/when-it-goes-wrong.md");
    private static final Path OPERATOR = Path.of("src/main/java/dev/mpg/operator");

    /** Words in the operator's sources that look like reasons and aren't: values of conditions, states, kinds, types of Events. */
    private static final Set<String> NO_REASONS = Set.of(
            "True",
            "False",
            "Accepted",
            "AcceptedFalse",
            "ProgrammedTrue",
            "ProgrammedFalse",
            "PersistedFalse",
            "Progressing",
            "Complete",
            "Replaced",
            "Ready",
            "Warning",
            "Normal",
            "Proxy",
            "Ended",
            "ExternalName",
            "ImmutableEnumChecker",
            "Z",
            "X");

    /** A manifest around what an example leaves out. */
    private static final String PROXY = """
            kind: Proxy
            metadata: {name: shop, namespace: default}
            spec:
              listeners: [{name: http, port: 8080}]
              routes: [{name: shop, backendRefs: [{name: shop}]}]
              backends: [{name: shop, endpoints: [{host: 127.0.0.1, port: 7001}]}]
            """;

    record Example(Path file, String yaml) {
        @Override
        public String toString() {
            return file + ": " + yaml.lines().findFirst().orElse("");
        }
    }

    static List<Path> documents() throws IOException {
        try (Stream<Path> files = Files.walk(Path.of("docs"))) {
            return Stream.concat(files.filter(file -> file.toString().endsWith(".md")), Stream.of(Path.of("README.md")))
                    .sorted()
                    .toList();
        }
    }

    static List<Example> examples() throws IOException {
        Pattern block = Pattern.compile("^```yaml\n(.*?)^```$", Pattern.MULTILINE | Pattern.DOTALL);
        return documents().stream()
                .flatMap(file -> block.matcher(Manifests.text(file))
                        .results()
                        .map(found -> new Example(file, found.group(1)))
                        .filter(example -> example.yaml().contains("kind: Proxy")
                                || example.yaml().startsWith("rollout:")
                                || example.yaml().startsWith("envoyPatches:")))
                .toList();
    }

    @Test
    void everyReasonIsExplained() throws IOException {
        String text = Manifests.text(REASONS);
        assertThat(reasons()).isNotEmpty().allSatisfy(reason -> assertThat(text).contains("`" + reason + "`"));
    }

    @Test
    void onlyReasonsThatExistAreExplained() throws IOException {
        List<String> explained = Pattern.compile("^### .*$", Pattern.MULTILINE)
                .matcher(Manifests.text(REASONS))
                .results()
                .map(MatchResult::group)
                .flatMap(heading ->
                        Pattern.compile("`([A-Za-z]+)`").matcher(heading).results())
                .map(name -> name.group(1))
                .toList();
        assertThat(explained).isNotEmpty().isSubsetOf(reasons());
    }

    @ParameterizedTest
    @MethodSource("examples")
    void examplesCanBeApplied(Example example) {
        String yaml = example.yaml().contains("kind: Proxy")
                ? example.yaml()
                : PROXY + example.yaml().indent(2);
        Proxy proxy = Manifests.read(yaml, Proxy.class);
        Reading reading = RolloutPolicies.read(
                        new Origin(new ObjectRef("Proxy", "default", "shop"), "spec"),
                        proxy.getSpec().rollout())
                .refusing(Manifests.read(proxy));

        assertThat(Compiler.compile(Manifests.config(reading))).isInstanceOf(Compilation.Compiled.class);
    }

    @ParameterizedTest
    @MethodSource("documents")
    void linksLeadSomewhere(Path document) {
        Path folder = document.toAbsolutePath().getParent();
        assertThat(Pattern.compile("\\]\\((?!https?:)([^)#]+)")
                        .matcher(Manifests.text(document))
                        .results())
                .allSatisfy(link -> assertThat(folder.resolve(link.group(1))).exists());
    }

    private static Set<String> reasons() throws IOException {
        Set<String> reasons = new TreeSet<>();
        Arrays.stream(Failure.Reason.values()).map(Enum::name).forEach(reasons::add);
        Arrays.stream(Command.Action.values()).map(Enum::name).forEach(reasons::add);
        Arrays.stream(Finding.Reason.values()).map(Enum::name).forEach(reasons::add);
        Pattern literal = Pattern.compile("\"([A-Z][A-Za-z]*[a-z]|[A-Z])\"");
        try (Stream<Path> sources = Files.walk(OPERATOR)) {
            sources.filter(file -> file.toString().endsWith(".java"))
                    .flatMap(file -> literal.matcher(Manifests.text(file)).results())
                    .map(found -> found.group(1))
                    .filter(word -> !NO_REASONS.contains(word))
                    .forEach(reasons::add);
        }
        return reasons;
    }
}
