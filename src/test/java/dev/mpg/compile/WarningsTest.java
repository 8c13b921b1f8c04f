package dev.mpg.compile;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.config.ObjectRef;
import dev.mpg.config.Problem;
import dev.mpg.config.SpecReader;
import dev.mpg.config.SpecReader.Reading;
import dev.mpg.testing.Specs;
import java.util.List;
import org.junit.jupiter.api.Test;

class WarningsTest {
    private static List<String> warnings(String routes) {
        Reading reading = SpecReader.read(new ObjectRef("Proxy", "edge", "shop"), Specs.of("""
                listeners: [{name: http, port: 8080}]
                routes:
                %s
                backends: [{name: a, endpoints: []}]
                """.formatted(routes)));
        return Warnings.of(((Reading.Accepted) reading).config()).stream()
                .map(Problem::message)
                .toList();
    }

    @Test
    void whatIsMeantSoHasNone() {
        assertThat(warnings("""
                - {name: all, backendRefs: [{name: a}]}
                - {name: some, matches: [{path: {value: /a}}], backendRefs: [{name: a}]}
                - {name: posts, matches: [{path: {value: /a}, method: POST}], backendRefs: [{name: a}]}
                - {name: like, matches: [{path: {type: RegularExpression, value: '/b/[0-9]+'}}], backendRefs: [{name: a}]}
                - {name: below, matches: [{path: {value: /b}}], backendRefs: [{name: a}]}
                """)).isEmpty();
    }

    @Test
    void aRegularExpressionForEverythingTakesWhatPrefixesWouldHave() {
        assertThat(warnings("""
                - {name: wide, matches: [{path: {type: RegularExpression, value: '/a.*'}}], backendRefs: [{name: a}]}
                - {name: below, matches: [{path: {value: /a/b}}], backendRefs: [{name: a}]}
                - {name: posts, matches: [{path: {value: /a/b}, method: POST}], backendRefs: [{name: a}]}
                - {name: beside, matches: [{path: {value: /b}}], backendRefs: [{name: a}]}
                - {name: other-host, hostnames: [x.example.com], matches: [{path: {value: /a}}], backendRefs: [{name: a}]}
                """))
                .containsExactlyInAnyOrder(
                        "spec.routes[1].matches[0]: no request to any host comes here: route wide"
                                + " (spec.routes[0].matches[0]) takes all that would; remove one of them or make that one"
                                + " narrower",
                        "spec.routes[2].matches[0]: no request to any host comes here: route wide"
                                + " (spec.routes[0].matches[0]) takes all that would; remove one of them or make that one"
                                + " narrower");
    }

    @Test
    void aValueThatIsAnythingTakesWhatCertainOnesWouldHave() {
        assertThat(warnings("""
                - name: any
                  matches: [{path: {value: /a}, headers: [{name: x, type: RegularExpression, value: '.*'}]}]
                  backendRefs: [{name: a}]
                - name: one
                  matches: [{path: {value: /a}, headers: [{name: x, value: '1'}]}]
                  backendRefs: [{name: a}]
                """))
                .singleElement()
                .asString()
                .startsWith("spec.routes[1].matches[0]: no request to any host comes here");
    }

    @Test
    void aRouteWithoutWeightAndABackendWithoutRoutesAreNamed() {
        assertThat(warnings("- {name: all, backendRefs: [{name: a, weight: 0}]}"))
                .containsExactly(
                        "spec.routes[0].backendRefs: all weights are 0, so that requests are answered with 500;"
                                + " give one of them a weight, or use a DirectResponse");
        assertThat(warnings("- {name: all, filters: [{type: DirectResponse, directResponse: {status: 200}}]}"))
                .containsExactly("spec.backends[0]: no route sends to backend a; remove it, or add a route");
    }
}
