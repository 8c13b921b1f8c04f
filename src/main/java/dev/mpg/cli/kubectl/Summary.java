package dev.mpg.cli.kubectl;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Asked;
import dev.mpg.api.ProxyStatus.Gateways;
import dev.mpg.api.ProxyStatus.Phase;
import dev.mpg.api.ProxyStatus.Rollout;
import dev.mpg.api.ProxyStatus.Versions;
import io.fabric8.kubernetes.api.model.Condition;
import java.util.Collection;
import java.util.List;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** Where a Proxy's rollout stands, in a few words. */
final class Summary {
    private Summary() {}

    /** A row for each Proxy. */
    static List<Line> table(Collection<Proxy> proxies, boolean namespaces, int width) {
        Table table = namespaces
                ? new Table("NAMESPACE", "NAME", "TARGET", "STABLE", "GATEWAYS", "PHASE", "STEP", "WHY")
                : new Table("NAME", "TARGET", "STABLE", "GATEWAYS", "PHASE", "STEP", "WHY");
        for (Proxy proxy : proxies) {
            Line name = Line.of(proxy.getMetadata().getName(), Tone.STRONG);
            Optional<Versions> versions = status(proxy).map(ProxyStatus::versions);
            Line target = Line.of(versions.map(Versions::target).orElse("none"));
            Line stable = Line.of(versions.map(Versions::stable).orElse("none"));
            Line gateways = Line.of(gateways(proxy));
            Line step = Line.of(step(proxy).orElse(""));
            Line why = Line.of(shortly(proxy));
            if (namespaces) {
                Line namespace = Line.of(proxy.getMetadata().getNamespace());
                table.row(namespace, name, target, stable, gateways, phase(proxy), step, why);
            } else {
                table.row(name, target, stable, gateways, phase(proxy), step, why);
            }
        }
        return table.lines().stream().map(line -> line.clipped(width)).toList();
    }

    /** One line, for logs: what differs from one to the next is what happened. */
    static Line line(Proxy proxy) {
        Optional<Versions> versions = status(proxy).map(ProxyStatus::versions);
        Line line = Line.of(
                        proxy.getMetadata().getNamespace() + "/"
                                + proxy.getMetadata().getName(),
                        Tone.STRONG)
                .plus(" ")
                .plus(phase(proxy));
        if (step(proxy).isPresent()) {
            line = line.plus(" step " + step(proxy).get());
        }
        return line.plus(" " + gateways(proxy) + " gateways run "
                        + versions.map(Versions::target).orElse("none"))
                .plus(why(proxy).isEmpty() ? "" : ": " + why(proxy));
    }

    /** The phase's colour says whether somebody should look. */
    static Line phase(Proxy proxy) {
        return status(proxy)
                .map(ProxyStatus::rollout)
                .map(rollout -> Line.of(rollout.phase().name(), tone(rollout.phase())))
                .orElse(Line.of("Unknown", Tone.BUSY));
    }

    static Tone tone(Phase phase) {
        return switch (phase) {
            case Complete -> Tone.GOOD;
            case Pending, Progressing, Paused -> Tone.BUSY;
            case RollingBack, RolledBack, Failed -> Tone.BAD;
        };
    }

    private static String gateways(Proxy proxy) {
        return status(proxy).map(ProxyStatus::gateways).map(Gateways::summary).orElse("0/0");
    }

    private static Optional<String> step(Proxy proxy) {
        return status(proxy).map(ProxyStatus::rollout).flatMap(Summary::step);
    }

    private static Optional<String> step(Rollout rollout) {
        @Nullable Integer step = rollout.step();
        return step == null || rollout.phase() == Phase.Complete
                ? Optional.empty()
                : Optional.of(step + (rollout.steps() == null ? "" : "/" + rollout.steps()));
    }

    /** Why it isn't Programmed; empty when it is. */
    static String why(Proxy proxy) {
        if (status(proxy).isEmpty()) {
            return "no operator has looked at it yet";
        }
        if (!isCurrent(proxy)) {
            return "generation " + proxy.getMetadata().getGeneration() + " has not been looked at yet";
        }
        ProxyStatus status = status(proxy).get();
        return Ending.condition(status, "Accepted")
                .filter(condition -> condition.getStatus().equals("False"))
                .or(() -> Ending.condition(status, "Programmed")
                        .filter(condition -> !condition.getStatus().equals("True")))
                .map(condition -> why(condition, status))
                .orElse("");
    }

    /** As {@link #why}, without what the other columns say. */
    private static String shortly(Proxy proxy) {
        String why = why(proxy);
        return status(proxy)
                .filter(status -> isCurrent(proxy) && !why.isEmpty())
                .map(ProxyStatus::rollout)
                .flatMap(rollout -> failure(rollout).or(() -> waits(rollout)))
                .orElse(why);
    }

    private static Optional<String> failure(Rollout rollout) {
        return Optional.ofNullable(rollout.failure())
                .or(() -> Optional.ofNullable(rollout.failed()).stream()
                        .flatMap(List::stream)
                        .filter(failure -> failure.version().equals(rollout.target()))
                        .findFirst())
                .map(failure -> failure.reason() + ": " + failure.message());
    }

    private static Optional<String> waits(Rollout rollout) {
        return Optional.ofNullable(rollout.wave())
                .filter(wave -> rollout.phase() == Phase.Progressing)
                .flatMap(wave -> {
                    List<Asked> asked = Optional.ofNullable(wave.asked()).orElse(List.of());
                    return asked.isEmpty()
                            ? Optional.ofNullable(wave.ackedAt()).map(since -> "bake time")
                            : Optional.of("ACK of " + asked.getFirst().gateway()
                                    + (asked.size() > 1 ? " and " + (asked.size() - 1) + " more" : ""));
                });
    }

    private static String why(Condition condition, ProxyStatus status) {
        boolean waits = List.of("Pending", "Paused").contains(condition.getReason());
        return Optional.ofNullable(status.rollout())
                .filter(rollout -> waits && rollout.phase() != Phase.Complete)
                .map(Rollout::message)
                .orElseGet(condition::getMessage);
    }

    /** Whether status speaks of the spec as it is. */
    static boolean isCurrent(Proxy proxy) {
        return status(proxy)
                .map(status -> proxy.getMetadata().getGeneration().equals(status.observedGeneration()))
                .orElse(false);
    }

    private static Optional<ProxyStatus> status(Proxy proxy) {
        return Optional.ofNullable(proxy.getStatus());
    }
}
