package dev.mpg.cli.kubectl;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.api.Proxy;
import dev.mpg.api.ProxySpec;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Gateways;
import dev.mpg.api.ProxyStatus.Phase;
import dev.mpg.api.ProxyStatus.Rollout;
import dev.mpg.api.ProxyStatus.Running;
import dev.mpg.api.ProxyStatus.Standing;
import dev.mpg.api.ProxyStatus.Versions;
import dev.mpg.api.RouteSpec;
import dev.mpg.cli.kubectl.Terminal.Size;
import dev.mpg.config.Manifests;
import dev.mpg.operator.proxy.RolloutCommands;
import dev.mpg.testing.KubernetesApi;
import dev.mpg.testing.Specs;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.ConditionBuilder;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.apps.ControllerRevisionBuilder;
import io.fabric8.kubernetes.client.dsl.Resource;
import io.fabric8.kubernetes.client.dsl.base.PatchContext;
import io.fabric8.kubernetes.client.dsl.base.PatchType;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.function.Supplier;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The commands against a real API server. The test plays the operator: it writes status, revisions and Events. */
class KubectlMpgIT {
    private static final KubernetesApi API = KubernetesApi.shared();
    private static final Duration PATIENCE = Duration.ofSeconds(30);
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String FIRST = version("aaaa1111");
    private static final String SECOND = version("bbbb2222");
    private static final String THIRD = version("cccc3333");

    private final StringWriter out = new StringWriter();

    private final StringWriter err = new StringWriter();
    private String namespace = "";

    private static String version(String start) {
        return start + "0".repeat(64 - start.length());
    }

    private static String shortened(String version) {
        return version.substring(0, 12);
    }

    @BeforeAll
    static void applyCrds() {
        API.applyCrds();
    }

    @BeforeEach
    void newNamespace() {
        namespace = API.newNamespace();
    }

    /** Other tests' operators watch the same API server. */
    @AfterEach
    void deleteEverything() {
        API.client().resources(Proxy.class).inNamespace(namespace).delete();
    }

    private int mpg(String... args) {
        return mpg(false, args);
    }

    private int mpg(boolean interactive, String... args) {
        List<String> all = new ArrayList<>(Arrays.asList(args));
        all.addAll(List.of("--kubeconfig", API.kubeconfig().toString()));
        if (!all.contains("-A")) {
            all.addAll(List.of("-n", namespace));
        }
        Terminal terminal = new Terminal(
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                interactive,
                false,
                true,
                () -> Size.DEFAULT,
                Clock.systemUTC());
        return KubectlMpg.commandLine(terminal).execute(all.toArray(String[]::new));
    }

    /** On a thread of its own: the client's answers come on those of the common pool. */
    private static <T> CompletableFuture<T> start(Supplier<T> command) {
        return CompletableFuture.supplyAsync(command, task -> Thread.ofVirtual().start(task));
    }

    private JsonNode json() {
        try {
            return JSON.readTree(out.toString());
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private Resource<Proxy> shop() {
        return API.client().resources(Proxy.class).inNamespace(namespace).withName("shop");
    }

    /** A Proxy whose one route goes, with this weight, to its one backend. */
    private Proxy create(int weight) {
        Proxy proxy = Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop}
                spec:
                  gateway: {replicas: 3}
                  listeners: [{name: http, port: 8080}]
                  routes:
                  - name: rest
                    backendRefs: [{name: shop, weight: %d}]
                  backends:
                  - name: shop
                    endpoints: [{host: 10.0.0.7, port: 8080}]
                  rollout:
                    steps: [{gateways: 1, bake: 5s}]
                """.formatted(weight), Proxy.class);
        proxy.getMetadata().setNamespace(namespace);
        return API.client().resource(proxy).create();
    }

    /** What an operator keeps of a spec with this weight. */
    private void revision(long number, String version, String outcome, int weight) {
        Proxy proxy = shop().get();
        ProxySpec spec = proxy.getSpec();
        Map<String, Object> data = new LinkedHashMap<>();
        data.put("listeners", spec.listeners());
        data.put(
                "routes",
                List.of(Specs.route("rest", null, null, List.of(new RouteSpec.BackendRef("shop", weight)), null)));
        data.put("backends", spec.backends());
        API.client()
                .resource(new ControllerRevisionBuilder()
                        .withNewMetadata()
                        .withName("shop-" + shortened(version))
                        .withNamespace(namespace)
                        .addToLabels(Revision.PROXY_LABEL, "shop")
                        .addToAnnotations(Revision.VERSION, version)
                        .addToAnnotations(Revision.CHANGED_BY, "alice")
                        .addToAnnotations(Revision.CHANGED_AT, "2026-03-01T12:00:00Z")
                        .addToAnnotations(Revision.OUTCOME, outcome)
                        .addToAnnotations(Revision.OUTCOME_MESSAGE, "what came of it")
                        .addNewOwnerReference()
                        .withApiVersion("mpg.dev/v1alpha1")
                        .withKind("Proxy")
                        .withName("shop")
                        .withUid(proxy.getMetadata().getUid())
                        .withController(true)
                        .endOwnerReference()
                        .endMetadata()
                        .withData(Map.of("spec", data))
                        .withRevision(number)
                        .build())
                .create();
    }

    /** Weight 1 was Complete, then 2, then 3 was refused; the spec asks for 3. */
    private void createWithHistory() {
        create(3);
        revision(1, FIRST, "Complete", 1);
        revision(2, SECOND, "Complete", 2);
        revision(3, THIRD, "Rejected", 3);
        status(Phase.RolledBack, false, "gateway gw-0 refused it", List.of());
    }

    /** What an operator says: the target is the third version, stable the second one; failed when it's rolled back. */
    private void status(Phase phase, boolean programmed, String message, List<String> obeyed) {
        Proxy proxy = shop().get();
        Proxy patch = new Proxy();
        patch.getMetadata().setNamespace(namespace);
        patch.getMetadata().setName("shop");
        patch.setStatus(new ProxyStatus(
                proxy.getMetadata().getGeneration(),
                namespace + ".shop",
                new Versions(shortened(THIRD), shortened(programmed ? THIRD : SECOND), shortened(THIRD)),
                programmed ? new Gateways(3, 3, 0, 0, "3/3") : new Gateways(3, 0, 3, 0, "0/3"),
                new Rollout(
                        phase,
                        phase == Phase.Progressing ? 1 : null,
                        2,
                        message,
                        programmed ? THIRD : SECOND,
                        THIRD,
                        null,
                        1,
                        null,
                        null,
                        phase == Phase.RolledBack
                                ? List.of(new ProxyStatus.Failure(THIRD, "Rejected", message, "2026-03-01T12:00:00Z"))
                                : null,
                        null,
                        null,
                        obeyed.isEmpty() ? null : obeyed,
                        null),
                List.of(new Running(
                        shortened(programmed ? THIRD : SECOND), Standing.Current, 3, List.of("gw-0", "gw-1", "gw-2"))),
                null,
                List.of("default-0"),
                null,
                null,
                null,
                List.of(condition("Accepted", true, ""), condition("Programmed", programmed, message))));
        API.client()
                .resource(patch)
                .subresource("status")
                .patch(
                        new PatchContext.Builder()
                                .withPatchType(PatchType.SERVER_SIDE_APPLY)
                                .withFieldManager("operator")
                                .withForce(true)
                                .build(),
                        patch);
    }

    private static Condition condition(String type, boolean holds, String message) {
        return new ConditionBuilder()
                .withType(type)
                .withStatus(holds ? "True" : "False")
                .withReason(holds ? type : "Pending")
                .withMessage(message)
                .withLastTransitionTime("2026-03-01T12:00:00Z")
                .build();
    }

    /** Writes an Event of the Proxy; one of a reason, whose text is the latest. */
    private void tell(String reason, String message) {
        Proxy proxy = shop().get();
        API.client()
                .resource(new EventBuilder()
                        .withNewMetadata()
                        .withNamespace(namespace)
                        .withName("shop." + reason.toLowerCase(Locale.ROOT))
                        .endMetadata()
                        .withNewInvolvedObject()
                        .withApiVersion(proxy.getApiVersion())
                        .withKind(proxy.getKind())
                        .withNamespace(namespace)
                        .withName("shop")
                        .withUid(proxy.getMetadata().getUid())
                        .endInvolvedObject()
                        .withReason(reason)
                        .withMessage(message)
                        .build())
                .serverSideApply();
    }

    private int weight() {
        return shop().get()
                .getSpec()
                .routes()
                .getFirst()
                .backendRefs()
                .getFirst()
                .weight();
    }

    private String requested() {
        return Optional.ofNullable(shop().get().getMetadata().getAnnotations())
                .map(annotations -> annotations.get(RolloutCommands.ANNOTATION))
                .orElse("");
    }

    @Test
    void statusShowsTheTiers() {
        createWithHistory();
        assertThat(mpg("status", "shop")).isZero();
        assertThat(out.toString())
                .contains("Proxy " + namespace + "/shop   RolledBack", "default-0", "0 of 3 run the target")
                .contains("gw-0 gw-1 gw-2", "kubectl mpg undo -n " + namespace + " shop");
    }

    @Test
    void statusWithoutANameIsALineEach() {
        createWithHistory();
        assertThat(mpg("status")).isZero();
        assertThat(mpg("status", "-A")).isZero();
        assertThat(out.toString().lines())
                .anySatisfy(line -> assertThat(line).startsWith("NAME "))
                .anySatisfy(line -> assertThat(line).startsWith("shop ").contains("cccc33330000", "0/3", "RolledBack"))
                .anySatisfy(line -> assertThat(line).startsWith("NAMESPACE "))
                .anySatisfy(line -> assertThat(line).startsWith(namespace + " ").contains(" shop "));
    }

    @Test
    void statusForMachinesIsTheProxy() {
        createWithHistory();
        assertThat(mpg("status", "shop", "-o", "json")).isZero();
        assertThat(json().at("/status/rollout/phase").asText()).isEqualTo("RolledBack");
        assertThat(json().at("/kind").asText()).isEqualTo("Proxy");
    }

    @Test
    void whatIsMissingIsExplained() {
        assertThat(mpg("status", "shop")).isEqualTo(1);
        assertThat(err.toString())
                .contains("error: there is no Proxy " + namespace + "/shop", "kubectl get proxies -A");
        assertThat(mpg("status", "--context", "nowhere")).isEqualTo(1);
        assertThat(err.toString()).contains("no context 'nowhere'");
        assertThat(mpg("status")).isZero();
        assertThat(err.toString()).contains("there is no Proxy in namespace " + namespace);
    }

    @ParameterizedTest
    @ValueSource(strings = {"status", "status --watch", "history shop", "diff shop 1", "undo shop", "pause shop"})
    void anApiServerThatIsNotThereIsOneLine(String command) {
        List<String> args = new ArrayList<>(List.of(command.split(" ", -1)));
        args.addAll(List.of(
                "--kubeconfig",
                Path.of("src/test/resources/cli/unreachable.yaml").toString()));
        Terminal terminal = new Terminal(
                new PrintWriter(out, true),
                new PrintWriter(err, true),
                false,
                false,
                true,
                () -> Size.DEFAULT,
                Clock.systemUTC());
        assertThat(KubectlMpg.commandLine(terminal).execute(args.toArray(String[]::new)))
                .isEqualTo(1);
        assertThat(err.toString()).hasLineCount(1).startsWith("error: cannot reach the API server: nobody answers");
    }

    @Test
    void untilDoneEndsWellWhenItIsProgrammed() {
        create(3);
        status(Phase.Progressing, false, "waiting for gw-0", List.of());
        CompletableFuture<Integer> exit = start(() -> mpg("status", "shop", "--until-done", "--timeout", "2m"));
        await().atMost(PATIENCE).until(() -> out.toString().contains("waiting for gw-0"));
        status(Phase.Complete, true, "all 3 gateways run it", List.of());
        await().atMost(PATIENCE).until(exit::isDone);

        assertThat(exit.join()).isZero();
        assertThat(out.toString().lines())
                .as("a line for each change, with its time")
                .hasSize(2)
                .allSatisfy(line -> assertThat(line).matches("\\S+Z " + namespace + "/shop .*"))
                .last()
                .asString()
                .contains("Complete 3/3 gateways run cccc33330000");
    }

    @Test
    void untilDoneFailsWhenTheRolloutDoes() {
        createWithHistory();
        assertThat(mpg("status", "shop", "--until-done")).isEqualTo(1);
        assertThat(err.toString()).contains("gateway gw-0 refused it");
    }

    @Test
    void untilDoneGivesUp() {
        create(3);
        assertThat(mpg("status", "shop", "--until-done", "--timeout", "100ms")).isEqualTo(1);
        assertThat(err.toString()).contains("it was not done within 100ms");
    }

    @Test
    void onATerminalWhatChangesIsDrawnInPlace() {
        create(3);
        status(Phase.Progressing, false, "waiting for gw-0", List.of());
        CompletableFuture<Integer> exit = start(() -> mpg(true, "status", "shop", "--until-done", "--timeout", "2m"));
        await().atMost(PATIENCE).until(() -> out.toString().contains("waiting for gw-0"));
        status(Phase.Complete, true, "all 3 gateways run it", List.of());
        await().atMost(PATIENCE).until(exit::isDone);

        assertThat(exit.join()).isZero();
        assertThat(out.toString()).containsPattern("\u001b\\[\\d+A\rProxy ").endsWith("\u001b[?25h");
    }

    @Test
    void aProxyThatIsDeletedEndsTheWatch() {
        create(3);
        CompletableFuture<Integer> exit = start(() -> mpg("status", "shop", "--watch"));
        await().atMost(PATIENCE).until(() -> out.toString().contains("/shop"));
        shop().delete();
        await().atMost(PATIENCE).until(exit::isDone);
        assertThat(exit.join()).isEqualTo(1);
        assertThat(err.toString()).contains("was deleted");
    }

    @Test
    void historyListsRevisionsOfThisProxyAlone() {
        createWithHistory();
        assertThat(mpg("history", "shop")).isZero();
        assertThat(out.toString().lines())
                .anySatisfy(line -> assertThat(line).startsWith("REVISION ").endsWith(" NOW"))
                .anySatisfy(line -> assertThat(line).startsWith("1 ").contains("aaaa11110000", "alice", "Complete"))
                .anySatisfy(line -> assertThat(line).startsWith("2 ").endsWith("stable"))
                .anySatisfy(line -> assertThat(line).startsWith("3 ").endsWith("desired target failed"));
        shop().delete();
        create(1);
        assertThat(mpg("history", "shop")).isZero();
        assertThat(err.toString()).contains("there are no revisions yet");
    }

    @Test
    void undoPutsTheLastGoodVersionBackAndNothingElse() {
        createWithHistory();
        Proxy before = shop().get();
        assertThat(mpg("undo", "shop", "--dry-run")).isZero();
        assertThat(out.toString()).contains("-    weight: 3", "+    weight: 2");
        assertThat(shop().get()).as("after a dry run").isEqualTo(before);

        assertThat(mpg("undo", "shop")).isZero();
        assertThat(out.toString()).contains("asks for revision 2 (bbbb22220000) again", "changed: routes");
        assertThat(weight()).isEqualTo(2);
        ProxySpec spec = shop().get().getSpec();
        assertThat(spec.gateway()).isEqualTo(before.getSpec().gateway());
        assertThat(spec.rollout()).isEqualTo(before.getSpec().rollout());
        assertThat(spec.listeners()).isEqualTo(before.getSpec().listeners());
        assertThat(shop().get().getStatus()).isEqualTo(before.getStatus());

        assertThat(mpg("undo", "shop", "--to", "2")).isZero();
        assertThat(out.toString()).contains("already: nothing changed");
    }

    @Test
    void undoRemovesWhatTheOldVersionDidNotHave() {
        createWithHistory();
        API.kubectl(
                        "patch",
                        "-n",
                        namespace,
                        "proxy",
                        "shop",
                        "--type=merge",
                        "-p",
                        "{\"spec\": {\"envoyPatches\": [{\"type\": \"Cluster\", \"name\": \"shop\","
                                + " \"operations\": [{\"op\": \"remove\", \"path\": \"/x\"}]}]}}")
                .ok();
        assertThat(mpg("undo", "shop", "--to", "aaaa", "-o", "json")).isZero();
        assertThat(json().get("changed").asBoolean()).isTrue();
        assertThat(shop().get().getSpec().envoyPatches()).isNull();
        assertThat(weight()).isEqualTo(1);
    }

    @Test
    void undoToAVersionThatIsMarkedFailedSaysThatItNeedsAResume() {
        createWithHistory();
        assertThat(mpg("undo", "shop")).isZero();
        assertThat(mpg("undo", "shop", "--to", "3")).isZero();
        assertThat(err.toString()).contains("Version cccc33330000 is marked failed", "kubectl mpg resume shop");
    }

    @Test
    void undoHoldsAgainstAnOperatorThatWritesAllTheTime() {
        createWithHistory();
        CompletableFuture<Boolean> writer = start(() -> {
            for (int i = 0; i < 30; i++) {
                status(Phase.RolledBack, false, "change " + i, List.of());
            }
            return true;
        });
        assertThat(mpg("undo", "shop")).isZero();
        assertThat(weight()).isEqualTo(2);
        assertThat(writer.join()).isTrue();
    }

    @Test
    void diffComparesRevisionsWithEachOtherAndWithTheSpec() {
        createWithHistory();
        assertThat(mpg("diff", "shop", "1", "stable")).isZero();
        assertThat(out.toString())
                .contains("--- shop revision 1 (aaaa11110000)", "+++ shop revision 2 (bbbb22220000)")
                .contains("-    weight: 1", "+    weight: 2");
        out.getBuffer().setLength(0);
        assertThat(mpg("diff", "shop", "bbbb2")).isZero();
        assertThat(out.toString()).contains("+++ shop spec, generation 1", "+    weight: 3");
        assertThat(mpg("diff", "shop", "target")).isZero();
        assertThat(err.toString()).contains("ask for the same");
        assertThat(mpg("diff", "shop", "cafe")).isEqualTo(1);
        assertThat(err.toString()).contains("no revision or version 'cafe'; there are revision 1 (aaaa11110000)");
    }

    @Test
    void aCommandWaitsUntilItIsObeyedAndSaysWhatCameOfIt() {
        create(3);
        status(Phase.Progressing, false, "waiting for gw-0", List.of());
        CompletableFuture<Integer> exit = start(() -> mpg("promote", "shop", "--timeout", "1m"));
        await().atMost(PATIENCE).until(() -> !requested().isEmpty());
        assertThat(requested()).matches("promote id=\\S{8} by=admin version=cccc33330000");
        status(Phase.Progressing, false, "goes to all", List.of(requested()));
        tell("Promote", "Promote as asked by admin");
        await().atMost(PATIENCE).until(exit::isDone);

        assertThat(exit.join()).isZero();
        assertThat(out.toString()).contains("promote: Progressing, goes to all");
        assertThat(err.toString()).isEmpty();
    }

    @Test
    void aCommandThatIsIgnoredSaysWhy() {
        create(3);
        status(Phase.Complete, true, "it has arrived", List.of());
        tell("CommandIgnored", "Abort as asked by admin: an earlier reason");
        CompletableFuture<Integer> exit = start(() -> mpg("abort", "shop", "--timeout", "1m"));
        await().atMost(PATIENCE).until(() -> !requested().isEmpty());
        status(Phase.Complete, true, "it has arrived", List.of(requested()));
        tell("CommandIgnored", "Abort as asked by admin: it is stable already");
        await().atMost(PATIENCE).until(exit::isDone);

        assertThat(exit.join()).isEqualTo(1);
        assertThat(err.toString()).contains("error: the operator ignored abort: it is stable already");
    }

    @Test
    void withoutAnOperatorACommandSaysSo() {
        create(3);
        assertThat(mpg("pause", "shop", "--timeout", "100ms")).isEqualTo(1);
        assertThat(err.toString()).contains("the operator has not read it within 100ms");
        assertThat(mpg("resume", "shop", "--wait=false")).isZero();
        assertThat(err.toString()).contains("warning: 'pause id=", "is replaced by this");
        assertThat(out.toString()).contains("resume is asked of Proxy shop, by admin");
        assertThat(requested()).startsWith("resume id=");
    }
}
