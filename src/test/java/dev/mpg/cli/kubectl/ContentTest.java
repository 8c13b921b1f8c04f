package dev.mpg.cli.kubectl;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.List;
import org.junit.jupiter.api.Test;

class ContentTest {
    private static JsonNode json(String text) {
        try {
            return new ObjectMapper().readTree(text.replace('\'', '"'));
        } catch (JsonProcessingException e) {
            throw new AssertionError(e);
        }
    }

    private static Content content(String spec) {
        return Content.of(json(spec));
    }

    @Test
    void theOrderOfFieldsAndFieldsThatMakeNoVersionDoNotMatter() {
        assertThat(content("{'routes': [{'name': 'a', 'timeouts': {'request': '1s'}}], 'backends': []}"))
                .isEqualTo(content("{'gateway': {'replicas': 3}, 'backends': [],"
                        + " 'routes': [{'timeouts': {'request': '1s'}, 'name': 'a'}], 'envoyPatches': null}"))
                .isNotEqualTo(content("{'routes': [{'name': 'b', 'timeouts': {'request': '1s'}}], 'backends': []}"));
    }

    @Test
    void theOrderOfListsMatters() {
        assertThat(content("{'routes': [{'name': 'a'}, {'name': 'b'}]}"))
                .isNotEqualTo(content("{'routes': [{'name': 'b'}, {'name': 'a'}]}"));
    }

    @Test
    void aDiffIsUnifiedYamlWithNamesFirst() {
        assertThat(content("{'routes': [{'backendRefs': [{'weight': 1, 'name': 'x'}], 'name': 'a'}]}")
                        .diff(
                                "old",
                                content("{'routes': [{'backendRefs': [{'weight': 2, 'name': 'x'}], 'name': 'a'}]}"),
                                "new"))
                .containsExactly(
                        "--- old",
                        "+++ new",
                        "@@ -2,4 +2,4 @@",
                        " - name: \"a\"",
                        "   backendRefs:",
                        "   - name: \"x\"",
                        "-    weight: 1",
                        "+    weight: 2");
    }

    @Test
    void equalContentsDoNotDiffer() {
        Content content = content("{'routes': [{'name': 'a'}]}");
        assertThat(content.diff("old", content, "new")).isEmpty();
    }

    @Test
    void againstNothingAllDiffers() {
        assertThat(content("{}").diff("old", content("{'listeners': [{'name': 'a'}]}"), "new"))
                .contains("+listeners:", "+- name: \"a\"");
    }

    @Test
    void aPatchSetsWhatIsThereRemovesWhatIsNotAndTestsWhatWasRead() {
        assertThat(content("{'routes': [{'name': 'a', 'new': 1}]}")
                        .patch(json("{'routes': [], 'envoyPatches': [{}], 'gateway': {'replicas': 3}}"), "17"))
                .isEqualTo(json("[{'op': 'test', 'path': '/metadata/resourceVersion', 'value': '17'},"
                        + " {'op': 'add', 'path': '/spec/routes', 'value': [{'name': 'a', 'new': 1}]},"
                        + " {'op': 'remove', 'path': '/spec/envoyPatches'}]"));
    }

    @Test
    void aDiffHasItsUsualColours() {
        assertThat(Content.lines(List.of("--- a", "+++ b", "@@ -1 +1 @@", "-x", "+y", " z")).stream()
                        .map(line -> line.spans().getFirst().tone()))
                .containsExactly(Tone.STRONG, Tone.STRONG, Tone.INFO, Tone.BAD, Tone.GOOD, Tone.PLAIN);
    }
}
