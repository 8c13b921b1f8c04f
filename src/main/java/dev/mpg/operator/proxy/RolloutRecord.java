package dev.mpg.operator.proxy;

import com.google.protobuf.ByteString;
import dev.mpg.api.ProxyStatus;
import dev.mpg.rollout.Failure;
import dev.mpg.rollout.RolloutState;
import dev.mpg.rollout.Share;
import dev.mpg.rollout.Wave;
import dev.mpg.snapshot.ContentHash;
import java.time.Instant;
import java.util.Collection;
import java.util.HexFormat;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/** A rollout's state as it is kept in a Proxy's status, and back. Pure. */
final class RolloutRecord {
    private RolloutRecord() {}

    /**
     * What to write down.
     *
     * @param steps how many steps the policy has
     * @param message what it waits for, or why it ended, in words
     */
    static ProxyStatus.Rollout write(RolloutState state, int steps, String message) {
        return new ProxyStatus.Rollout(
                ProxyStatus.Phase.valueOf(state.phase().name()),
                state.wave().map(wave -> Math.min(wave.step() + 1, steps)).orElse(null),
                state.wave().map(wave -> steps).orElse(null),
                message,
                hex(state.stable()),
                hex(state.target()),
                state.wave().map(RolloutRecord::write).orElse(null),
                state.waves(),
                state.promoted() ? true : null,
                state.failure().map(RolloutRecord::write).orElse(null),
                orAbsent(state.failed().stream().map(RolloutRecord::write).toList()),
                orAbsent(state.returning()),
                state.pausedBy().orElse(null),
                orAbsent(state.obeyed()),
                text(state.emptySince()));
    }

    private static ProxyStatus.Wave write(Wave wave) {
        return new ProxyStatus.Wave(
                wave.number(),
                wave.step(),
                wave.share().toString(),
                orAbsent(wave.cohort()),
                wave.openedAt().toString(),
                orAbsent(wave.asked().entrySet().stream()
                        .map(asked -> new ProxyStatus.Asked(
                                asked.getKey(), asked.getValue().toString()))
                        .toList()),
                orAbsent(wave.excused()),
                text(wave.ackedAt()));
    }

    private static ProxyStatus.Failure write(Failure failure) {
        return new ProxyStatus.Failure(
                failure.version().hex(),
                failure.reason().name(),
                failure.message(),
                failure.at().toString());
    }

    /**
     * What was written down.
     *
     * @throws IllegalArgumentException when nobody wrote it so
     */
    static RolloutState read(ProxyStatus.Rollout record) {
        try {
            return new RolloutState(
                    hash(record.stable()),
                    hash(record.target()),
                    Optional.ofNullable(record.wave()).map(RolloutRecord::read),
                    Optional.ofNullable(record.waves()).orElse(0),
                    Boolean.TRUE.equals(record.promoted()),
                    Optional.ofNullable(record.failure()).map(RolloutRecord::read),
                    orEmpty(record.failed()).stream().map(RolloutRecord::read).toList(),
                    Set.copyOf(orEmpty(record.returning())),
                    Optional.ofNullable(record.pausedBy()),
                    orEmpty(record.obeyed()),
                    time(record.emptySince()));
        } catch (RuntimeException e) {
            throw new IllegalArgumentException("status.rollout is not what an operator writes: " + e.getMessage(), e);
        }
    }

    private static Wave read(ProxyStatus.Wave record) {
        Map<String, Instant> asked = new TreeMap<>();
        orEmpty(record.asked()).forEach(entry -> asked.put(entry.gateway(), Instant.parse(entry.since())));
        return new Wave(
                record.number(),
                record.step(),
                Share.parse(record.gateways()),
                orEmpty(record.cohort()),
                Instant.parse(record.openedAt()),
                asked,
                Set.copyOf(orEmpty(record.excused())),
                time(record.ackedAt()));
    }

    private static Failure read(ProxyStatus.Failure record) {
        return new Failure(
                hash(record.version()).orElseThrow(),
                Failure.Reason.valueOf(record.reason()),
                record.message(),
                Instant.parse(record.at()));
    }

    private static @Nullable String hex(Optional<ContentHash> hash) {
        return hash.map(ContentHash::hex).orElse(null);
    }

    private static Optional<ContentHash> hash(@Nullable String hex) {
        return Optional.ofNullable(hex)
                .map(text ->
                        ContentHash.fromBytes(ByteString.copyFrom(HexFormat.of().parseHex(text))));
    }

    private static @Nullable String text(Optional<Instant> time) {
        return time.map(Instant::toString).orElse(null);
    }

    private static Optional<Instant> time(@Nullable String text) {
        return Optional.ofNullable(text).map(Instant::parse);
    }

    /** The API server may or may not keep an empty list, and what was written should be equal to what is read. */
    private static <T> @Nullable List<T> orAbsent(Collection<T> list) {
        return list.isEmpty() ? null : List.copyOf(list);
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
