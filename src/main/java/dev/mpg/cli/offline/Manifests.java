package dev.mpg.cli.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.config.ObjectRef;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Pattern;
import java.util.stream.Stream;

/**
 * The objects that files describe, in the order in which they were read.
 *
 * @param objects of kinds that are looked at, no two with one kind and name
 * @param ignored how many are of other kinds
 * @param findings why others are left out
 * @param readable whether all that was named could be read
 */
record Manifests(List<Manifest> objects, int ignored, List<Finding> findings, boolean readable) {
    static final String PROXY = "Proxy";
    static final String SCHEDULER = "Scheduler";
    static final String SERVICE = "Service";

    private static final String GROUP = "mpg.dev/";
    private static final String API_VERSION = GROUP + "v1alpha1";

    /** Kinds that are looked at, and what they have for apiVersion. */
    private static final Map<String, String> KINDS = Map.of(
            PROXY,
            API_VERSION,
            SCHEDULER,
            API_VERSION,
            SERVICE,
            "v1",
            "Secret",
            "v1",
            "EndpointSlice",
            "discovery.k8s.io/v1");

    private static final Pattern LABEL = Pattern.compile("(?!.{64})[a-z0-9]([-a-z0-9]*[a-z0-9])?");

    Manifests {
        objects = List.copyOf(objects);
        findings = List.copyOf(findings);
    }

    /**
     * Reads files, folders and the standard input.
     *
     * @param namespace of objects that give none
     */
    static Manifests read(List<String> arguments, InputStream stdin, String namespace) {
        List<Finding> findings = new ArrayList<>();
        List<Source> sources = Source.readAll(arguments, stdin, findings);
        boolean readable = findings.isEmpty();
        Reader reader = new Reader(namespace, findings);
        sources.forEach(reader::read);
        return new Manifests(reader.objects, reader.ignored, findings, readable);
    }

    Stream<Manifest> ofKind(String kind) {
        return objects.stream().filter(object -> object.ref().kind().equals(kind));
    }

    private static final class Reader {
        private final String namespace;
        private final List<Finding> findings;
        private final List<Manifest> objects = new ArrayList<>();
        private final Map<ObjectRef, Manifest> byRef = new HashMap<>();
        private int ignored;

        Reader(String namespace, List<Finding> findings) {
            this.namespace = namespace;
            this.findings = findings;
        }

        void read(Source source) {
            Documents.read(source, findings)
                    .forEach(document -> read(source.file(), document.tree(), document.lines()));
        }

        private void read(String file, JsonNode tree, Lines lines) {
            if (!tree.isObject()) {
                refuse(file, lines, "", "this is no object", "write apiVersion, kind, metadata and spec");
                return;
            }
            String apiVersion = tree.path("apiVersion").asText("");
            String kind = tree.path("kind").asText("");
            if (kind.isEmpty() || apiVersion.isEmpty()) {
                String missing = kind.isEmpty() ? "kind" : "apiVersion";
                refuse(
                        file,
                        lines,
                        missing,
                        "the object has no " + missing,
                        "add it; a Proxy has apiVersion: " + API_VERSION + " and kind: " + PROXY);
            } else if (kind.endsWith("List") && tree.path("items").isArray()) {
                for (int i = 0; i < tree.path("items").size(); i++) {
                    read(file, tree.path("items").get(i), lines.entry("items", i));
                }
            } else if (apiVersion.equals(KINDS.get(kind))) {
                add(file, tree, lines, kind);
            } else if (apiVersion.startsWith(GROUP)) {
                boolean ours = API_VERSION.equals(KINDS.get(kind));
                refuse(
                        file,
                        lines,
                        ours ? "apiVersion" : "kind",
                        ours
                                ? "there is no version '" + apiVersion + "' of " + kind
                                : "there is no kind '" + kind + "' in " + apiVersion,
                        ours ? "write " + API_VERSION : "write " + PROXY + " or " + SCHEDULER);
            } else {
                ignored++;
            }
        }

        private void refuse(String file, Lines lines, String field, String found, String remedy) {
            findings.add(Finding.ofFile(file, lines.line(field), found, remedy));
        }

        private void add(String file, JsonNode tree, Lines lines, String kind) {
            JsonNode name = tree.path("metadata").path("name");
            if (!name.isTextual() || name.asText().isEmpty()) {
                refuse(file, lines, "metadata.name", "a " + kind + " has no metadata.name", "give it a name");
                return;
            }
            String given = tree.path("metadata").path("namespace").asText("");
            ObjectRef ref = new ObjectRef(
                    kind, kind.equals(SCHEDULER) ? "" : given.isEmpty() ? namespace : given, name.asText());
            Manifest object = new Manifest(ref, file, lines, tree);
            if (!ref.namespace().isEmpty() && !LABEL.matcher(ref.namespace()).matches()) {
                findings.add(object.error(
                        "metadata.namespace",
                        "'" + ref.namespace() + "' is no name of a namespace",
                        "use at most 63 of a-z, 0-9 and -, with a letter or digit first and last"));
                return;
            }
            Manifest other = byRef.putIfAbsent(ref, object);
            if (other == null) {
                objects.add(object);
            } else {
                findings.add(object.error(
                        "metadata.name",
                        "the same object is in " + other.place("metadata.name") + " already",
                        "remove one of them or give it another name"));
            }
        }
    }
}
