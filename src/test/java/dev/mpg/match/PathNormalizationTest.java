package dev.mpg.match;

import static org.assertj.core.api.Assertions.assertThat;

import io.envoyproxy.envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager.PathWithEscapedSlashesAction;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PathNormalizationTest {
    private static String normalized(PathNormalization normalization, String path) {
        return switch (normalization.apply(path)) {
            case PathNormalization.Result.Matchable(String matchable) -> matchable;
            case PathNormalization.Result.Answered(Outcome.Reply reply) ->
                reply.status() + reply.location().map(to -> " " + to).orElse("");
        };
    }

    @ParameterizedTest
    @CsvSource({
        "/a?x/../y,     /a",
        "/.,            /",
        "/..,           /",
        "/a/./b/../c,   /a/c",
        "/a/..,         /",
        "/a/%2e%2E/b,   /b",
        "/a/...,        /a/...",
        "/.a/b./c..d,   /.a/b./c..d",
        "/a%2eb,        /a.b",
        "/a\\..\\b,     /b",
        "/%41%7e%2d%5f, /A~-_",
        "/%3a%c3%A9%25, /%3a%c3%A9%25",
        "/%%zz%4,       /%%zz%4",
        "/%7%61,        /%257a",
        "/%%37a,        /%257a",
        "/%%37z,        /%7z",
        "/<\">^`{|},    /%3C%22%3E%5E%60%7B%7C%7D",
        "/[a];b=!$&'*', /[a];b=!$&'*'",
        "/a/.;x/b,      /a/b",
        "/a/..;x;y/b,   /b",
        "/a/..;x%5cb,   307 /",
        "/a%2f..;x/b,   307 /b",
        "/a\\..;x/b,   /a/..;x/b",
        "/a/.%2e;x/b,   /a/..;x/b",
        "/a/...;x/b,    /a/...;x/b",
        "//a///b//,     /a/b/",
        "//,            //",
        "/a/..//,       //",
        "/a%00,         400",
        "/a#b,          400",
        "/a?b#c,        400",
        "/a%2fb?c,      307 /a/b?c",
        "/a%5C..%2Fb,   307 /b",
        "/a?%2f,        /a",
    })
    void asOurListenersHaveIt(String path, String expected) {
        assertThat(normalized(
                        new PathNormalization(true, true, PathWithEscapedSlashesAction.UNESCAPE_AND_REDIRECT), path))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "KEEP_UNCHANGED,                  /a%2Fb",
        "IMPLEMENTATION_SPECIFIC_DEFAULT, /a%2Fb",
        "REJECT_REQUEST,                  400",
        "UNESCAPE_AND_REDIRECT,           307 /a/b",
        "UNESCAPE_AND_FORWARD,            /a/b",
    })
    void escapedSlashesAreTreatedAsConfigured(PathWithEscapedSlashesAction action, String expected) {
        assertThat(normalized(new PathNormalization(true, true, action), "/a%2Fb"))
                .isEqualTo(expected);
    }

    @ParameterizedTest
    @CsvSource({
        "false, false, /a/..//%41, /a/..//%41",
        "true,  false, /a/..//%41, //A",
        "false, true,  /a/..//%41, /a/../%41",
    })
    void eachStepCanBeOff(boolean normalizes, boolean merges, String path, String expected) {
        assertThat(normalized(
                        new PathNormalization(normalizes, merges, PathWithEscapedSlashesAction.KEEP_UNCHANGED), path))
                .isEqualTo(expected);
    }
}
