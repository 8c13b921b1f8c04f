package dev.mpg.config;

import com.google.re2j.PatternSyntaxException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * Reads single fields and keeps what is wrong with them. What a field stands for has to be something, so of a bad one a
 * stand-in is read: the spec is refused anyway.
 */
final class Findings {
    static final Duration MILLISECOND = Duration.ofMillis(1);
    static final Duration SECOND = Duration.ofSeconds(1);
    static final Duration HOUR = Duration.ofHours(1);
    static final Duration DAY = Duration.ofHours(24);

    /** Envoy counts in unsigned 32-bit numbers. */
    static final long MAX_COUNT = 4294967295L;

    private static final int MAX_PORT = 65535;

    /** Envoy takes a program of at most 100 by default, and counts two more than RE2's Java port. */
    private static final int MAX_PROGRAM = 98;

    private static final String LABEL = "[a-z0-9]([-a-z0-9]*[a-z0-9])?";

    /** A label of the DNS (RFC 1123) of at most 63 characters. */
    private static final Pattern NAME = Pattern.compile("(?!.{64})" + LABEL);

    private static final String LABEL_OF_63 = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?";
    private static final Pattern HOSTNAME = Pattern.compile("(?!.{254})" + LABEL_OF_63 + "(\\." + LABEL_OF_63 + ")*");
    private static final Pattern TOKEN = Pattern.compile("(?!.{257})[-!#$%&'*+.^_`|~0-9A-Za-z]+");

    private final List<Problem> problems = new ArrayList<>();

    interface EntryReader<F, T> {
        T read(F from, Origin origin);
    }

    List<Problem> problems() {
        return List.copyOf(problems);
    }

    void add(Origin origin, String found, String remedy) {
        problems.add(new Problem(origin, found, remedy));
    }

    /** The value of a field that has to be there. */
    <T> T required(@Nullable T value, Origin origin, T standIn) {
        if (value == null) {
            add(origin, "it is missing", "add it");
            return standIn;
        }
        return value;
    }

    /** The field {@code name} of {@code owner}. */
    String name(@Nullable String value, Origin owner) {
        String name = required(value, owner.field("name"), "");
        if (value != null && !NAME.matcher(name).matches()) {
            add(
                    owner.field("name"),
                    "'" + name + "' is not a name",
                    "use at most 63 of a-z, 0-9 and -, with a letter or digit first and last");
        }
        return name;
    }

    /** The field {@code port} of {@code owner}. */
    int port(@Nullable Integer value, Origin owner) {
        return value == null
                ? required(value, owner.field("port"), 0)
                : (int) inRange(value, 1, MAX_PORT, owner.field("port"));
    }

    long inRange(long value, long min, long max, Origin origin) {
        if (value < min || value > max) {
            add(origin, value + " is out of range", "use " + min + " to " + max);
        }
        return value;
    }

    int inRange(@Nullable Integer value, int otherwise, int min, int max, Origin origin) {
        return value == null ? otherwise : (int) inRange(value, min, max, origin);
    }

    OptionalLong limit(@Nullable Long value, long min, Origin origin) {
        return value == null ? OptionalLong.empty() : OptionalLong.of(inRange(value, min, MAX_COUNT, origin));
    }

    int percent(@Nullable Integer value, int otherwise, Origin origin) {
        return inRange(value, otherwise, 0, 100, origin);
    }

    /** A duration from min to max; empty when there is none, or it is no good one. */
    Optional<Duration> duration(@Nullable String text, Duration min, Duration max, Origin origin) {
        if (text == null) {
            return Optional.empty();
        }
        Optional<Duration> duration = GatewayDuration.parse(text);
        if (duration.isEmpty()) {
            add(origin, "'" + text + "' is not a duration", "write it like 3s, 500ms or 1m30s");
        } else if (duration.get().compareTo(min) < 0 || duration.get().compareTo(max) > 0) {
            add(origin, text + " is out of range", "use " + words(min) + " to " + words(max));
        }
        return duration;
    }

    private static String words(Duration duration) {
        long millis = duration.toMillis();
        return millis == 0
                ? "0s"
                : millis % HOUR.toMillis() == 0
                        ? duration.toHours() + "h"
                        : millis % 1000 == 0 ? duration.toSeconds() + "s" : millis + "ms";
    }

    /** A host name without wildcard, in lower case. */
    String hostname(String text, Origin origin) {
        String hostname = text.toLowerCase(Locale.ROOT);
        if (!HOSTNAME.matcher(hostname).matches()) {
            add(origin, "'" + text + "' is not a host name", "write it like shop.example.com");
        }
        return hostname;
    }

    /** Whether this is a host name in lower case, perhaps with a leading {@code *.}. */
    static boolean isHostnameOrWildcard(String text) {
        String hostname = text.startsWith("*.") ? text.substring(2) : text;
        return text.length() <= 253 && HOSTNAME.matcher(hostname).matches();
    }

    /** The name of a header, cookie or query parameter (a token, RFC 9110). */
    String token(@Nullable String text, Origin origin, String what) {
        String token = required(text, origin, "x");
        if (!TOKEN.matcher(token).matches()) {
            add(
                    origin,
                    "'" + token + "' is not the name of " + what,
                    "use at most 256 letters, digits and -!#$%&'*+.^_`|~");
        }
        return token;
    }

    /** In RE2 syntax, as Envoy has it. */
    String regex(String text, Origin origin) {
        if (text.isEmpty()) {
            add(origin, "the regular expression is empty", "use .* for everything");
            return text;
        }
        try {
            int size = Re2.compile(text).programSize();
            if (size > MAX_PROGRAM) {
                add(
                        origin,
                        "the regular expression compiles to " + size + " steps, more than the " + MAX_PROGRAM
                                + " that gateways take",
                        "repeat less, or split it");
            }
        } catch (PatternSyntaxException e) {
            add(
                    origin,
                    "'" + text + "' is not a regular expression: " + e.getDescription(),
                    "write it in RE2 syntax, which has no look-around and no back-references");
        }
        return text;
    }

    <F> void findDuplicates(
            @Nullable List<? extends @Nullable F> entries,
            Origin list,
            Function<F, @Nullable Object> key,
            String keyName) {
        Map<Object, Origin> first = new HashMap<>();
        for (int i = 0; entries != null && i < entries.size(); i++) {
            F entry = entries.get(i);
            Object value = entry == null ? null : key.apply(entry);
            Origin other = value == null ? null : first.putIfAbsent(value, list.index(i));
            if (other != null) {
                add(list.index(i).field(keyName), value + " is taken by " + other.field(), "choose another " + keyName);
            }
        }
    }

    /** Reads the entries of a list that may be absent. */
    <F, T> List<T> each(@Nullable List<? extends @Nullable F> from, Origin origin, EntryReader<F, T> reader) {
        List<T> read = new ArrayList<>();
        for (int i = 0; from != null && i < from.size(); i++) {
            F entry = from.get(i);
            if (entry == null) {
                add(origin.index(i), "the entry is empty", "fill it in or remove it");
            } else {
                read.add(reader.read(entry, origin.index(i)));
            }
        }
        return read;
    }
}
