package dev.mpg.proxy;

import static dev.mpg.proxy.Configs.done;
import static dev.mpg.proxy.Configs.first;
import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.api.Proxy;
import dev.mpg.compile.Compiled;
import dev.mpg.config.Manifests;
import dev.mpg.rollout.GatewayReport;
import dev.mpg.rollout.GatewayReport.State;
import dev.mpg.snapshot.Assignment;
import dev.mpg.snapshot.Cohort;
import dev.mpg.snapshot.Snapshot;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** {@code /debug/config/match} of a running proxy instance. */
class MatchPageTest {
    private static final InetSocketAddress ANY = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
    private static final String PAGE = "/debug/config/match?cluster=shop&host=shop.example.com";
    private static final Snapshot V1 = config("checkout");
    private static final Snapshot V2 = config("checkout-next");
    private static final Assignment TRIAL =
            new Assignment("shop", Optional.of(V1), V2, new Cohort(1, List.of("gw-0")), List.of(), "");

    private final HttpClient http = HttpClient.newHttpClient();

    @TempDir
    Path folder;

    private TestMaster master;
    private ProxyProcess proxy;

    private static Snapshot config(String backend) {
        return Compiled.snapshot(Manifests.config(Manifests.read(Manifests.read("""
                apiVersion: mpg.dev/v1alpha1
                kind: Proxy
                metadata: {name: shop, namespace: edge}
                spec:
                  listeners: [{name: http, port: 8080}]
                  routes:
                  - {name: exact, hostnames: [shop.example.com], matches: [{path: {type: Exact, value: /}}], backendRefs: [{name: %1$s}]}
                  - {name: checkout, hostnames: [shop.example.com], matches: [{path: {value: /checkout}}], backendRefs: [{name: %1$s}]}
                  - {name: red, hostnames: [shop.example.com], matches: [{path: {value: /team}, headers: [{name: x-team, value: red}]}], backendRefs: [{name: %1$s}]}
                  - {name: team, hostnames: [shop.example.com], matches: [{path: {value: /team}}], backendRefs: [{name: %1$s}]}
                  backends: [{name: %1$s, endpoints: []}]
                """.formatted(backend), Proxy.class))));
    }

    @BeforeEach
    void start() throws IOException {
        master = TestMaster.start();
        proxy = ProxyProcess.start(
                new ProxyProcess.Options(TestMaster.INSTANCE, master.address(), ANY, ANY, folder, Optional.empty(), 0));
    }

    @AfterEach
    void stop() {
        proxy.close();
        master.close();
        http.close();
    }

    private void serve(Assignment assignment) {
        master.publish(assignment);
        await().until(() -> master.held("shop").contains(assignment.target().version()));
    }

    @Test
    void takesHeadersIntoAccount() throws Exception {
        serve(done("shop", V1));
        assertThat(json(PAGE + "&path=/team&headers=X-Team:blue")
                        .findValue("tried")
                        .findValuesAsText("route"))
                .endsWith("red", "team");
        assertThat(json(PAGE + "&path=/team&headers=X-Team:red%0Ax-other:1")
                        .findValue("tried")
                        .findValuesAsText("route"))
                .endsWith("red");
    }

    @Test
    void tellsWhichRouteTakesARequestAndWhy() throws Exception {
        serve(done("shop", V1));
        JsonNode match = json(PAGE + "&path=/checkout/1%3Fq&method=POST");
        assertThat(match.at("/clusterId").asText()).isEqualTo("shop");
        assertThat(match.at("/gateway").isNull()).isTrue();
        assertThat(match.at("/request/method").asText()).isEqualTo("POST");
        assertThat(match.at("/request/path").asText()).isEqualTo("/checkout/1?q");
        assertThat(match.at("/configs")).hasSize(1);
        JsonNode config = match.at("/configs/0");
        assertThat(config.at("/version/full").asText()).isEqualTo(V1.version().hex());
        assertThat(config.at("/role").asText()).isEqualTo("target");
        JsonNode answer = config.at("/answers/0");
        assertThat(answer.at("/listeners/0").asText()).isEqualTo("http");
        assertThat(answer.at("/path").asText()).isEqualTo("/checkout/1");
        assertThat(answer.at("/virtualHost/domain").asText()).isEqualTo("shop.example.com");
        assertThat(answer.at("/virtualHost/specificity").asText()).isEqualTo("EXACT");
        assertThat(answer.at("/tried/0/route").asText()).isEqualTo("exact");
        assertThat(answer.at("/tried/0/fit").asText()).isEqualTo("NO");
        assertThat(answer.at("/tried/1/fit").asText()).isEqualTo("YES");
        assertThat(answer.at("/route").asText()).isEqualTo("checkout");
        assertThat(answer.at("/result/kind").asText()).isEqualTo("FORWARD");
        assertThat(answer.at("/result/clusters/0/cluster").asText()).isEqualTo("checkout");
        assertThat(answer.at("/result/timeout").asText()).isEqualTo("PT15S");
        assertThat(get("/metrics").body()).contains("mpg_proxy_rule_match_duration_seconds_count 1");
    }

    @Test
    void isTextForPeople() throws Exception {
        serve(done("shop", V1));
        assertThat(get(PAGE + "&path=/checkout&format=text").body())
                .isEqualTo("""
                request   GET shop.example.com /checkout
                proxy     shop

                version   %s, target
                  listeners http
                  path      /checkout
                  host      shop.example.com (exact), virtual host routes/shop.example.com
                  no        exact: Exact /, the path is another
                  takes it  checkout: PathPrefix /checkout, the path fits
                  result    to checkout (weight 1); timeout PT15S
                """.formatted(V1.version().abbreviated()));
        assertThat(get(PAGE + "&path=/a%252Fb&format=text").body())
                .contains("  result    307: ", ", /a/b\n")
                .doesNotContain("  path");
    }

    @Test
    void inATrialBothConfigsAnswer() throws Exception {
        serve(TRIAL);
        JsonNode configs = json(PAGE + "&path=/checkout").at("/configs");
        assertThat(configs).hasSize(2);
        assertThat(configs.at("/0/role").asText()).isEqualTo("target, for the cohort");
        assertThat(configs.at("/0/answers/0/result/clusters/0/cluster").asText())
                .isEqualTo("checkout-next");
        assertThat(configs.at("/1/role").asText()).isEqualTo("stable, for who is not in the cohort");
        assertThat(configs.at("/1/answers/0/result/clusters/0/cluster").asText())
                .isEqualTo("checkout");
    }

    @Test
    void ofAGatewayTheConfigThatItHasAnswers() throws Exception {
        serve(TRIAL);
        try (var member = TestGateway.connect(proxy.xdsAddress(), "shop", "gw-0");
                var other = TestGateway.connect(proxy.xdsAddress(), "shop", "gw-1")) {
            await().until(() -> !member.snapshot().equals(Snapshot.EMPTY)
                    && !other.snapshot().equals(Snapshot.EMPTY));
            assertThat(cluster(json(PAGE + "&path=/checkout&gateway=gw-0"))).isEqualTo("checkout-next");
            assertThat(cluster(json(PAGE + "&path=/checkout&gateway=gw-1"))).isEqualTo("checkout");
            HttpResponse<String> unknown = get(PAGE + "&path=/checkout&gateway=gw-2");
            assertThat(unknown.statusCode()).isEqualTo(404);
            assertThat(unknown.body()).contains("no gateway gw-2 of Proxy shop is connected");
        }
    }

    private static String cluster(JsonNode match) {
        assertThat(match.at("/configs")).hasSize(1);
        return match.at("/configs/0/answers/0/result/clusters/0/cluster").asText();
    }

    @ParameterizedTest
    @CsvSource({
        "CURRENT,  true,  true,  what it runs",
        "CURRENT,  false, false, what it runs",
        "PENDING,  true,  true,  'sent to it, not yet ACKed'",
        "PENDING,  false, false, 'sent to it, not yet ACKed'",
        "REJECTED, true,  false, 'stable, since it refused the target'",
        "REJECTED, false, false, 'sent to it, refused in part or whole'",
    })
    void whatAGatewayHasFollowsFromItsReport(State state, boolean ofTarget, boolean hasTarget, String role) {
        GatewayReport report = new GatewayReport("gw-0", state, (ofTarget ? V2 : V1).version(), List.of());
        assertThat(Served.by(report, TRIAL)).contains(new Served(hasTarget ? V2 : V1, role));
    }

    @Test
    void aGatewayThatRefusedTheFirstConfigHasNoOther() {
        GatewayReport report = new GatewayReport("gw-0", State.REJECTED, V1.version(), List.of());
        assertThat(Served.by(report, first("shop", V1)))
                .contains(new Served(V1, "sent to it, refused in part or whole"));
    }

    @Test
    void aConfigThatIsNotHeldAnyMoreIsNotMistakenForAnother() {
        GatewayReport report = new GatewayReport("gw-0", State.CURRENT, V2.version(), List.of());
        assertThat(Served.by(report, done("shop", V1))).isEmpty();
    }

    @Test
    void whatMakesNoSenseIsAnsweredWithWhatIsMissing() throws Exception {
        serve(done("shop", V1));
        assertRefused("/debug/config/match", 400, "say which Proxy: ?cluster=<cluster id>");
        assertRefused("/debug/config/match?cluster=shop", 400, "say to which host");
        assertRefused(PAGE, 400, "say which path");
        assertRefused(PAGE + "&path=checkout", 400, "'checkout' is not a path");
        assertRefused(PAGE + "&path=/&method=G%20T", 400, "'G T' is not the method");
        assertRefused("/debug/config/match?cluster=shop&host=a%20b&path=/", 400, "'a b' is not a host");
        assertRefused("/debug/config/match?cluster=blog&host=h&path=/", 404, "this instance serves no Proxy blog");
        assertThat(json(PAGE + "&path=/caf%C3%A9").at("/request/path").asText())
                .as("as a browser sends it")
                .isEqualTo("/caf%C3%A9");
    }

    private void assertRefused(String page, int status, String why) throws Exception {
        HttpResponse<String> response = get(page);
        assertThat(response.statusCode()).isEqualTo(status);
        assertThat(new ObjectMapper().readTree(response.body()).at("/error").asText())
                .contains(why);
    }

    private HttpResponse<String> get(String path) throws IOException, InterruptedException {
        return http.send(
                HttpRequest.newBuilder(URI.create(
                                "http://127.0.0.1:" + proxy.debugAddress().getPort() + path))
                        .build(),
                HttpResponse.BodyHandlers.ofString());
    }

    private JsonNode json(String path) throws IOException, InterruptedException {
        HttpResponse<String> response = get(path);
        assertThat(response.statusCode()).as(response.body()).isEqualTo(200);
        return new ObjectMapper().readTree(response.body());
    }
}
