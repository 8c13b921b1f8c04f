package dev.mpg.operator.proxy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxySpec;
import dev.mpg.compile.Compilation;
import dev.mpg.compile.Compiler;
import dev.mpg.config.SpecReader;
import dev.mpg.operator.proxy.RevisionPlan.Plan;
import dev.mpg.operator.proxy.RevisionPlan.Revision;
import dev.mpg.rollout.RolloutState;
import dev.mpg.snapshot.ContentHash;
import dev.mpg.snapshot.Snapshot;
import io.fabric8.kubernetes.api.model.ManagedFieldsEntry;
import io.fabric8.kubernetes.api.model.apps.ControllerRevision;
import io.fabric8.kubernetes.api.model.apps.ControllerRevisionBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A Proxy's past versions, each a ControllerRevision that the Proxy owns and whose data is the part of the spec that makes
 * the version. Thread-safe.
 */
public final class History {
    /** The Proxy's name. */
    public static final String PROXY_LABEL = "mpg.dev/proxy";
    /** All of the version, in hexadecimal digits. */
    public static final String VERSION = "mpg.dev/version";
    /** Who asked for the version last: the field manager of the spec. */
    public static final String CHANGED_BY = "mpg.dev/changed-by";
    /** When that was, RFC 3339. */
    public static final String CHANGED_AT = "mpg.dev/changed-at";
    /** What became of the version: Complete, Progressing, Replaced, or the reason of its failure. */
    public static final String OUTCOME = "mpg.dev/outcome";
    /** Why it failed, in words. */
    public static final String OUTCOME_MESSAGE = "mpg.dev/outcome-message";

    private static final Logger log = LoggerFactory.getLogger(History.class);
    private static final String SPEC = "spec";
    private static final int DEFAULT_LIMIT = 10;

    private final KubernetesClient client;

    public History(KubernetesClient client) {
        this.client = client;
    }

    /**
     * What is to be written now. Pure.
     *
     * @param revisions those that exist
     */
    static Plan plan(
            Proxy proxy, Collection<ControllerRevision> revisions, Optional<ContentHash> desired, RolloutState state) {
        Integer limit = proxy.getSpec().revisionHistoryLimit();
        return RevisionPlan.of(
                revisions.stream().map(History::read).toList(), desired, state, limit == null ? DEFAULT_LIMIT : limit);
    }

    private static Revision read(ControllerRevision revision) {
        return new Revision(
                annotation(revision, VERSION),
                Optional.ofNullable(revision.getRevision()).orElse(0L),
                annotation(revision, OUTCOME),
                annotation(revision, OUTCOME_MESSAGE));
    }

    private static String annotation(ControllerRevision revision, String name) {
        return Optional.ofNullable(revision.getMetadata().getAnnotations())
                .orElse(Map.of())
                .getOrDefault(name, "");
    }

    /** Carries a plan out. Whether it could; why not is logged. */
    boolean write(Proxy proxy, Plan plan) {
        try {
            plan.create().ifPresent(revision -> create(proxy, revision));
            plan.update().forEach(revision -> update(proxy, revision));
            plan.delete()
                    .forEach(version -> client.resources(ControllerRevision.class)
                            .inNamespace(proxy.getMetadata().getNamespace())
                            .withName(name(proxy, version))
                            .delete());
            return true;
        } catch (RuntimeException e) {
            log.warn("the history of {} cannot be written now: {}", Proxies.ref(proxy), e.getMessage());
            return false;
        }
    }

    private void create(Proxy proxy, Revision revision) {
        ControllerRevision made = new ControllerRevisionBuilder()
                .withNewMetadata()
                .withName(name(proxy, revision.version()))
                .withNamespace(proxy.getMetadata().getNamespace())
                .addToLabels(PROXY_LABEL, proxy.getMetadata().getName())
                .addToAnnotations(annotations(proxy, revision))
                .addNewOwnerReference()
                .withApiVersion(proxy.getApiVersion())
                .withKind(proxy.getKind())
                .withName(proxy.getMetadata().getName())
                .withUid(proxy.getMetadata().getUid())
                .withController(true)
                .endOwnerReference()
                .endMetadata()
                .withRevision(revision.number())
                .withData(Map.of(SPEC, content(proxy.getSpec())))
                .build();
        client.resource(made).serverSideApply();
    }

    /** The content of a revision can't be changed, and need not: it makes the same version. */
    private void update(Proxy proxy, Revision revision) {
        ControllerRevision patch = new ControllerRevisionBuilder()
                .withNewMetadata()
                .withName(name(proxy, revision.version()))
                .withNamespace(proxy.getMetadata().getNamespace())
                .addToAnnotations(annotations(proxy, revision))
                .endMetadata()
                .withRevision(revision.number())
                .build();
        client.resources(ControllerRevision.class)
                .inNamespace(proxy.getMetadata().getNamespace())
                .withName(name(proxy, revision.version()))
                .patch(PatchContext.of(PatchType.JSON_MERGE), patch);
    }

    private static Map<String, String> annotations(Proxy proxy, Revision revision) {
        Map<String, String> annotations = new HashMap<>();
        annotations.put(VERSION, revision.version());
        annotations.put(OUTCOME, revision.outcome());
        annotations.put(OUTCOME_MESSAGE, revision.message());
        if (revision.outcome().equals(RevisionPlan.PROGRESSING)) {
            lastChange(proxy).ifPresent(change -> {
                annotations.put(CHANGED_BY, change.getManager());
                annotations.put(CHANGED_AT, change.getTime());
            });
        }
        return annotations;
    }

    /** The API server says who manages fields, not who the user was. */
    private static Optional<ManagedFieldsEntry> lastChange(Proxy proxy) {
        return Optional.ofNullable(proxy.getMetadata().getManagedFields()).stream()
                .flatMap(List::stream)
                .filter(entry -> entry.getTime() != null && entry.getManager() != null)
                .filter(entry ->
                        entry.getSubresource() == null || entry.getSubresource().isEmpty())
                .max(Comparator.comparing(ManagedFieldsEntry::getTime));
    }

    static String name(Proxy proxy, String version) {
        return proxy.getMetadata().getName() + "-" + version.substring(0, 12);
    }

    /** The fields of the spec that make a version. */
    private static ProxySpec content(ProxySpec spec) {
        return new ProxySpec(
                null,
                null,
                null,
                spec.listeners(),
                spec.routes(),
                spec.backends(),
                spec.envoyPatches(),
                null,
                null,
                null);
    }

    /** A past version compiled anew; empty when it isn't kept, or compiles to something else by now. */
    Optional<Snapshot> snapshot(Proxy proxy, Collection<ControllerRevision> revisions, ContentHash version) {
        return revisions.stream()
                .filter(revision -> annotation(revision, VERSION).equals(version.hex()))
                .flatMap(revision -> compile(proxy, revision).stream())
                .filter(snapshot -> snapshot.version().equals(version))
                .findFirst();
    }

    private Optional<Snapshot> compile(Proxy proxy, ControllerRevision revision) {
        try {
            JsonNode data = client.getKubernetesSerialization().convertValue(revision.getData(), JsonNode.class);
            ProxySpec spec = client.getKubernetesSerialization().convertValue(data.path(SPEC), ProxySpec.class);
            return SpecReader.read(Proxies.ref(proxy), spec) instanceof SpecReader.Reading.Accepted(var config)
                            && Compiler.compile(config) instanceof Compilation.Compiled(var snapshot)
                    ? Optional.of(snapshot)
                    : Optional.empty();
        } catch (RuntimeException e) {
            log.warn(
                    "revision {} of {} cannot be read: {}",
                    revision.getMetadata().getName(),
                    Proxies.ref(proxy),
                    e.getMessage());
            return Optional.empty();
        }
    }
}
