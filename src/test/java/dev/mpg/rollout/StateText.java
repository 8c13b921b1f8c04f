package dev.mpg.rollout;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ContentHash;
import java.net.URLDecoder;
import java.net.URLEncoder;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.function.Function;

/** A state as text and back, with nothing but its components: what a stored state must be able to do. */
final class StateText {
    private StateText() {}

    static String write(RolloutState state) {
        List<String> lines = new ArrayList<>();
        lines.add(hash(state.stable()));
        lines.add(hash(state.target()));
        lines.add(Integer.toString(state.waves()));
        lines.add(Boolean.toString(state.promoted()));
        lines.add(state.failure().map(StateText::failure).orElse(""));
        lines.add(list(state.failed(), StateText::failure));
        lines.add(list(state.returning(), StateText::escape));
        lines.add(state.pausedBy().map(by -> "by " + by).orElse(""));
        lines.add(list(state.obeyed(), StateText::escape));
        lines.add(time(state.emptySince()));
        state.wave().ifPresent(wave -> {
            lines.add(Integer.toString(wave.number()));
            lines.add(Integer.toString(wave.step()));
            lines.add(wave.share().toString());
            lines.add(list(wave.cohort(), StateText::escape));
            lines.add(wave.openedAt().toString());
            lines.add(list(wave.asked().entrySet(), asked -> escape(asked.getKey()) + "|" + asked.getValue()));
            lines.add(list(wave.excused(), StateText::escape));
            lines.add(time(wave.ackedAt()));
        });
        return String.join("\n", lines) + "\n";
    }

    static RolloutState read(String text) {
        Iterator<String> lines = text.lines().iterator();
        Optional<ContentHash> stable = hash(lines.next());
        Optional<ContentHash> target = hash(lines.next());
        int waves = Integer.parseInt(lines.next());
        boolean promoted = Boolean.parseBoolean(lines.next());
        Optional<Failure> failure =
                list(lines.next(), StateText::failure).stream().findFirst();
        List<Failure> failed = list(lines.next(), StateText::failure);
        List<String> returning = list(lines.next(), StateText::unescape);
        Optional<String> pausedBy =
                Optional.of(lines.next()).filter(by -> !by.isEmpty()).map(by -> by.substring(3));
        List<String> obeyed = list(lines.next(), StateText::unescape);
        Optional<Instant> emptySince = time(lines.next());
        return new RolloutState(
                stable,
                target,
                lines.hasNext() ? Optional.of(wave(lines)) : Optional.empty(),
                waves,
                promoted,
                failure,
                failed,
                new TreeSet<>(returning),
                pausedBy,
                obeyed,
                emptySince);
    }

    private static Wave wave(Iterator<String> lines) {
        int number = Integer.parseInt(lines.next());
        int step = Integer.parseInt(lines.next());
        Share share = Share.parse(lines.next());
        List<String> cohort = list(lines.next(), StateText::unescape);
        Instant openedAt = Instant.parse(lines.next());
        Map<String, Instant> asked = new TreeMap<>();
        for (String[] pair : list(lines.next(), entry -> entry.split("\\|", 2))) {
            asked.put(unescape(pair[0]), Instant.parse(pair[1]));
        }
        List<String> excused = list(lines.next(), StateText::unescape);
        return new Wave(number, step, share, cohort, openedAt, asked, new TreeSet<>(excused), time(lines.next()));
    }

    private static String failure(Failure failure) {
        return failure.version().hex() + "|" + failure.reason() + "|" + failure.at() + "|" + escape(failure.message());
    }

    private static Failure failure(String text) {
        String[] part = text.split("\\|", 4);
        return new Failure(
                hash(part[0]).orElseThrow(),
                Failure.Reason.valueOf(part[1]),
                unescape(part[3]),
                Instant.parse(part[2]));
    }

    private static String hash(Optional<ContentHash> hash) {
        return hash.map(ContentHash::hex).orElse("");
    }

    private static Optional<ContentHash> hash(String text) {
        return text.isEmpty()
                ? Optional.empty()
                : Optional.of(
                        ContentHash.fromBytes(ByteString.copyFrom(HexFormat.of().parseHex(text))));
    }

    private static String time(Optional<Instant> time) {
        return time.map(Instant::toString).orElse("");
    }

    private static Optional<Instant> time(String text) {
        return text.isEmpty() ? Optional.empty() : Optional.of(Instant.parse(text));
    }

    private static <T> String list(Iterable<T> items, Function<T, String> write) {
        List<String> texts = new ArrayList<>();
        items.forEach(item -> texts.add(write.apply(item)));
        return String.join(",", texts);
    }

    private static <T> List<T> list(String text, Function<String, T> read) {
        return text.isEmpty()
                ? List.of()
                : Arrays.stream(text.split(",")).map(read).toList();
    }

    private static String escape(String text) {
        return URLEncoder.encode(text, StandardCharsets.UTF_8);
    }

    private static String unescape(String text) {
        return URLDecoder.decode(text, StandardCharsets.UTF_8);
    }
}
