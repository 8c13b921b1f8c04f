package dev.mpg.match;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.compile.Compilation;
import dev.mpg.compile.Compiler;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Problem;
import dev.mpg.config.SpecReader;
import dev.mpg.config.SpecReader.Reading;
import dev.mpg.config.TrafficConfig;
import dev.mpg.testing.Specs;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class ConfigTestsTest {
    private static final String SPEC = """
            listeners:
            - {name: http, port: 8080}
            - {name: to-https, port: 8081, httpsRedirect: {}}
            - {name: https, port: 8443, protocol: HTTPS, tls: {certificates: [{secretName: shop}]}}
            routes:
            - name: checkout
              hostnames: [shop.example.com]
              matches: [{path: {value: /checkout}, method: POST, headers: [{name: x-team, value: red}]}]
              backendRefs: [{name: a}, {name: b, weight: 0}]
            - name: old
              hostnames: [shop.example.com]
              matches: [{path: {value: /old}}]
              filters:
              - {type: RequestRedirect, requestRedirect: {path: {type: ReplaceFullPath, replaceFullPath: /new}, statusCode: 301}}
            - name: teapot
              hostnames: [shop.example.com]
              matches: [{path: {value: /tea}}]
              filters: [{type: DirectResponse, directResponse: {status: 418}}]
            backends: [{name: a, endpoints: []}, {name: b, endpoints: []}]
            tests:
            """;

    private static final String CHECKOUT = "{method: POST, host: shop.example.com, path: '/checkout/1?a=b',"
            + " headers: [{name: X-Team, value: red}]}";

    private static List<String> failures(String tests) {
        Reading reading = SpecReader.read(new ObjectRef("Proxy", "edge", "shop"), Specs.of(SPEC + tests));
        TrafficConfig config = ((Reading.Accepted) reading).config();
        Compilation.Compiled compiled = (Compilation.Compiled) Compiler.compile(config);
        return ConfigTests.failures(config, compiled.snapshot()).stream()
                .map(Problem::message)
                .toList();
    }

    private static List<String> failures(String request, String expect) {
        return failures("- {name: it, request: %s, expect: %s}".formatted(request, expect));
    }

    @Test
    void whatHoldsIsSilent() {
        assertThat(failures(CHECKOUT, "{route: checkout, backend: a}")).isEmpty();
        assertThat(failures("{host: 'shop.example.com:8080', path: /tea}", "{route: teapot, status: 418}"))
                .isEmpty();
        assertThat(failures(
                        "{listener: http, host: shop.example.com, path: /old}",
                        "{route: old, status: 301, location:" + " 'http://shop.example.com/new'}"))
                .isEmpty();
        assertThat(failures("{host: elsewhere}", "{status: 404}")).isEmpty();
    }

    @Test
    void aListenerThatRedirectsIsAskedWhenItIsNamed() {
        assertThat(failures(
                        "{listener: to-https, host: 'shop.example.com:8081', path: /x}",
                        "{status: 301, location:" + " 'https://shop.example.com/x'}"))
                .isEmpty();
        assertThat(failures(
                        "{listener: to-https, host: shop.example.com, path: /x}",
                        "{location:" + " 'https://shop.example.com/x'}"))
                .isEmpty();
    }

    @Test
    void whyAnotherRouteTakesItIsSaid() {
        assertThat(failures("{host: shop.example.com, path: /tea}", "{route: checkout}"))
                .containsExactly("spec.tests[0].expect.route: test 'it': GET shop.example.com/tea at listener http is"
                        + " answered with 418 by route teapot (a direct response), and doesn't go to checkout:"
                        + " there the path doesn't begin so; correct the routes, or the test");
    }

    @ParameterizedTest
    @ValueSource(
            strings = {"{route: teapot}", "{backend: b}", "{status: 200}", "{location: 'http://shop.example.com/'}"})
    void whatDoesNotHoldIsFound(String expect) {
        assertThat(failures(CHECKOUT, expect)).singleElement().asString().contains("test 'it'");
    }

    @ParameterizedTest
    @ValueSource(strings = {"{route: checkout}", "{backend: a}", "{status: 302}", "{location: 'http://other/'}"})
    void whatIsAnsweredByTheGatewayIsFound(String expect) {
        assertThat(failures("{listener: http, host: shop.example.com, path: /old}", expect))
                .singleElement()
                .asString()
                .contains("test 'it'");
    }

    @Test
    void aRequestThatNobodyCanSendIsSaid() {
        assertThat(failures("{host: 'a b'}", "{status: 404}"))
                .containsExactly("spec.tests[0].request: test 'it': 'a b' is not a host, such as shop.example.com or"
                        + " shop.example.com:8080; correct the request");
    }
}
