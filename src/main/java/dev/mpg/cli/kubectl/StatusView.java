package dev.mpg.cli.kubectl;

import dev.mpg.api.Proxy;
import dev.mpg.api.ProxySpec;
import dev.mpg.api.ProxyStatus;
import dev.mpg.api.ProxyStatus.Asked;
import dev.mpg.api.ProxyStatus.Failure;
import dev.mpg.api.ProxyStatus.Gateways;
import dev.mpg.api.ProxyStatus.Phase;
import dev.mpg.api.ProxyStatus.Rejection;
import dev.mpg.api.ProxyStatus.Rollout;
import dev.mpg.api.ProxyStatus.Running;
import dev.mpg.api.ProxyStatus.Standing;
import dev.mpg.api.ProxyStatus.Versions;
import dev.mpg.api.ProxyStatus.Wave;
import dev.mpg.api.Scheduler;
import dev.mpg.api.SchedulerStatus;
import dev.mpg.cli.text.Words;
import dev.mpg.config.GatewayDuration;
import io.fabric8.kubernetes.api.model.Condition;
import io.fabric8.kubernetes.api.model.IntOrString;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/** All that an operator on call wants to know of one Proxy: tiers, instances, gateways, versions, and what to do. */
final class StatusView {
    private static final int LABEL = 11;
    private static final int BAR = 40;
    private static final int FAILURES_SHOWN = 3;
    private static final int NAMES_SHOWN = 8;

    private final Proxy proxy;
    private final ProxyStatus status;
    private final Optional<Scheduler> scheduler;
    private final Instant now;
    private final int width;
    private final List<Line> lines = new ArrayList<>();

    private StatusView(Proxy proxy, ProxyStatus status, Optional<Scheduler> scheduler, Instant now, int width) {
        this.proxy = proxy;
        this.status = status;
        this.scheduler = scheduler;
        this.now = now;
        this.width = width;
    }

    /**
     * What is true of a Proxy.
     *
     * @param scheduler whose proxy instances serve it; empty when it isn't known
     * @param now the time by which ages are counted
     * @param width that no line exceeds, in characters
     */
    static List<Line> lines(Proxy proxy, Optional<Scheduler> scheduler, Instant now, int width) {
        ProxyStatus none = new ProxyStatus(null, null, null, null, null, null, null, null, null, null, null, null);
        ProxyStatus status = Optional.ofNullable(proxy.getStatus()).orElse(none);
        StatusView view = new StatusView(proxy, status, scheduler, now, width);
        view.header();
        view.tiers();
        view.fleet();
        view.progress();
        view.rejections();
        view.failures();
        view.conditions();
        view.next();
        return view.lines.stream().map(line -> line.clipped(width)).toList();
    }

    private void header() {
        Line title = Line.of(
                        "Proxy " + proxy.getMetadata().getNamespace() + "/"
                                + proxy.getMetadata().getName(),
                        Tone.STRONG)
                .plus("   ")
                .plus(Summary.phase(proxy));
        if (rollout().map(Rollout::step).isPresent() && phase() != Phase.Complete) {
            title = title.plus(" step " + rollout().get().step() + " of "
                    + rollout().map(Rollout::steps).map(String::valueOf).orElse("?"));
        }
        String cluster = Optional.ofNullable(status.clusterId())
                .map(id -> "cluster " + id + " · ")
                .orElse("");
        lines.add(title.plus(
                "   " + cluster + "generation " + proxy.getMetadata().getGeneration()
                        + Age.textSince(proxy.getMetadata().getCreationTimestamp(), now)
                                .map(age -> " · age " + age)
                                .orElse(""),
                Tone.FAINT));
        if (proxy.getStatus() == null) {
            lines.add(Line.of("No operator has looked at it yet: is mpg operator running?", Tone.BUSY));
        } else if (!Summary.isCurrent(proxy)) {
            lines.add(Line.of(
                    "This is about generation " + status.observedGeneration() + ": the operator has not looked at "
                            + proxy.getMetadata().getGeneration() + " yet.",
                    Tone.BUSY));
        }
        Optional<String> refused = Ending.condition(status, "Accepted")
                .filter(condition -> condition.getStatus().equals("False"))
                .map(condition -> "The spec is not accepted, and what ran before goes on: " + condition.getMessage());
        if (refused.isPresent()) {
            Words.wrap(refused.get(), width).forEach(line -> lines.add(Line.of(line, Tone.BAD)));
        } else {
            rollout()
                    .map(Rollout::message)
                    .ifPresent(message -> Words.wrap(message, width).forEach(line -> lines.add(Line.of(line, tone()))));
        }
        lines.add(Line.EMPTY);
    }

    private void tiers() {
        Line master = Line.EMPTY;
        Optional<Versions> versions = Optional.ofNullable(status.versions());
        master = version(master, "desired", versions.map(Versions::desired));
        master = version(master, "target", versions.map(Versions::target));
        master = version(master, "stable", versions.map(Versions::stable));
        row("MASTER", master);
        List<String> instances = orEmpty(status.instances());
        if (instances.isEmpty()) {
            row("PROXY", Line.of("no proxy instance serves it", Tone.BAD));
        }
        Map<String, SchedulerStatus.Instance> known = new HashMap<>();
        scheduler
                .map(Scheduler::getStatus)
                .map(SchedulerStatus::instances)
                .ifPresent(all -> all.forEach(instance -> known.put(instance.name(), instance)));
        for (int i = 0; i < instances.size(); i++) {
            row(i == 0 ? "PROXY" : "", instance(instances.get(i), Optional.ofNullable(known.get(instances.get(i)))));
        }
    }

    private Line version(Line line, String role, Optional<String> version) {
        return line.plus(role + " ", Tone.FAINT)
                .plus(version.orElse("none"), version.map(this::tone).orElse(Tone.FAINT))
                .plus("   ");
    }

    /** Versions keep their colour wherever they are shown. */
    private Tone tone(String version) {
        Optional<Versions> versions = Optional.ofNullable(status.versions());
        if (versions.map(Versions::stable).filter(version::equals).isPresent()) {
            return Tone.GOOD;
        }
        boolean failed = rollout().map(Rollout::failed).stream()
                .flatMap(List::stream)
                .anyMatch(failure -> failure.version().startsWith(version));
        return failed ? Tone.BAD : Tone.BUSY;
    }

    private static Line instance(String name, Optional<SchedulerStatus.Instance> instance) {
        return instance.map(known -> Line.of(known.ready() ? "● " : "✘ ", known.ready() ? Tone.GOOD : Tone.BAD)
                        .plus(name)
                        .plus(known.ready() ? "   connected" : "   not connected to the Master; it serves what it has")
                        .plus(known.xdsAddress() == null ? "" : "   xDS " + known.xdsAddress(), Tone.FAINT))
                .orElse(Line.of(name));
    }

    private void fleet() {
        Gateways gateways = Optional.ofNullable(status.gateways()).orElse(new Gateways(0, 0, 0, 0, "0/0"));
        List<Running> groups = orEmpty(status.fleet());
        if (gateways.total() == 0) {
            row("GATEWAYS", Line.of("none is connected", Tone.FAINT));
            return;
        }
        String target =
                Optional.ofNullable(status.versions()).map(Versions::target).orElse("");
        Line bar =
                groups.isEmpty() ? Line.EMPTY : FleetBar.of(groups, target, BAR).plus("  ");
        row(
                "GATEWAYS",
                bar.plus(gateways.current() + " of " + gateways.total(), Tone.STRONG)
                        .plus(" run the target")
                        .plus(gateways.rejected() == 0 ? "" : ", " + gateways.rejected() + " refused it", Tone.BAD)
                        .plus(elsewhere(groups, target)));
        int count = groups.stream()
                .mapToInt(group -> Integer.toString(group.count()).length())
                .max()
                .orElse(1);
        for (Running group : groups) {
            row("", group(group, target, count));
        }
    }

    /** How many run stable although it isn't the target, and how many aren't there. */
    private String elsewhere(List<Running> groups, String target) {
        String stable = Optional.ofNullable(status.versions())
                .map(Versions::stable)
                .filter(version -> !version.equals(target))
                .orElse("");
        int onStable = groups.stream()
                .filter(group -> group.state() == Standing.Current && stable.equals(group.version()))
                .mapToInt(Running::count)
                .sum();
        int away = groups.stream()
                .filter(group -> group.state() == Standing.Away)
                .mapToInt(Running::count)
                .sum();
        return (onStable == 0 ? "" : ", " + onStable + " stable") + (away == 0 ? "" : ", " + away + " away");
    }

    private Line group(Running group, String target, int digits) {
        String version = Optional.ofNullable(group.version()).orElse("");
        boolean current = group.state() == Standing.Current;
        String state = switch (group.state()) {
            case Current -> "run";
            case Pending -> "await";
            case Rejected -> "refused";
            case Away -> "away";
        };
        Tone tone = switch (group.state()) {
            case Current -> version.equals(target) ? Tone.GOOD : Tone.PLAIN;
            case Pending -> Tone.BUSY;
            case Rejected -> Tone.BAD;
            case Away -> Tone.FAINT;
        };
        Line line = Line.of(FleetBar.sign(group, target) + " ", tone)
                .plus(" ".repeat(digits - Integer.toString(group.count()).length()) + group.count() + " " + state, tone)
                .padded(digits + 11)
                .plus(version, version.isEmpty() ? Tone.PLAIN : tone(version))
                .plus(role(version, current), Tone.FAINT)
                .padded(digits + 33);
        return line.plus(names(group.names(), group.count(), width - LABEL - line.width()), Tone.FAINT);
    }

    /** What the version is to the fleet. */
    private String role(String version, boolean current) {
        Optional<Versions> versions = Optional.ofNullable(status.versions());
        if (version.isEmpty()) {
            return "";
        }
        if (versions.map(Versions::stable).filter(version::equals).isPresent()) {
            return " stable";
        }
        if (versions.map(Versions::target).filter(version::equals).isPresent()) {
            return " target";
        }
        return current ? " other" : "";
    }

    /** As many names as there is room for, and how many are left out. */
    private static String names(List<String> names, int count, int room) {
        StringBuilder text = new StringBuilder();
        for (int i = 0; i < names.size(); i++) {
            int left = count - i;
            String rest = left > 1 ? " and " + (left - 1) + " more" : "";
            if (i > 0 && text.length() + 1 + names.get(i).length() + rest.length() > room) {
                return text + " and " + left + " more";
            }
            text.append(i == 0 ? "" : " ").append(names.get(i));
        }
        int left = count - names.size();
        return left > 0 ? text + " and " + left + " more" : text.toString();
    }

    private void progress() {
        Optional<Rollout> rollout = rollout();
        if (rollout.isEmpty() || phase() == Phase.Complete) {
            return;
        }
        Optional<Wave> wave = Optional.ofNullable(rollout.get().wave());
        if (wave.isPresent()) {
            lines.add(Line.EMPTY);
            steps(wave.get());
            if (phase() == Phase.Progressing) {
                row("WAITS FOR", waits(wave.get()));
            }
        }
        if (!orEmpty(rollout.get().returning()).isEmpty()) {
            List<String> returning = orEmpty(rollout.get().returning());
            row(
                    "GOING BACK",
                    Line.of(returning.size() + " to ACK stable: ", Tone.BUSY)
                            .plus(names(returning, returning.size(), width - LABEL - 22)));
        }
        if (Boolean.TRUE.equals(rollout.get().promoted())) {
            row("PROMOTED", Line.of("the whole fleet gets it at once, without bake times", Tone.BUSY));
        }
        if (rollout.get().pausedBy() != null) {
            row("PAUSED", Line.of("‖ by " + rollout.get().pausedBy() + ": no wave grows", Tone.BUSY));
        }
    }

    /** The steps, as far as the spec is the one that is being rolled out. */
    private void steps(Wave wave) {
        List<String> shares = shares();
        int steps = rollout().map(Rollout::steps).orElse(0);
        if (orEmpty(wave.cohort()).isEmpty() || shares.size() != steps) {
            row("ROLLOUT", step(wave, wave.step() + 1, steps));
            return;
        }
        for (int i = 0; i < steps; i++) {
            Line line = i == wave.step()
                    ? step(wave, i + 1, 0)
                    : Line.of(
                            (i < wave.step() ? "✔" : "·") + " step " + (i + 1) + "  " + share(shares.get(i)),
                            i < wave.step() ? Tone.GOOD : Tone.FAINT);
            row(i == 0 ? "ROLLOUT" : "", line);
        }
    }

    /** The open step; says of how many where the others aren't shown. */
    private Line step(Wave wave, int number, int steps) {
        List<String> cohort = orEmpty(wave.cohort());
        Line line = Line.of("▶ step " + number + "  " + share(wave.gateways()), Tone.BUSY)
                .plus(steps > 0 ? " (of " + steps + ")" : "", Tone.FAINT)
                .plus(Age.textSince(wave.openedAt(), now)
                        .map(age -> "  for " + age)
                        .orElse(""))
                .plus("  ");
        return cohort.isEmpty()
                ? line.plus("every gateway")
                : line.plus(cohort.size() == 1 ? "1 gateway: " : cohort.size() + " gateways: ")
                        .plus(names(cohort, cohort.size(), width - LABEL - line.width() - 13), Tone.FAINT);
    }

    /** A share of the fleet, or a number of gateways. */
    private static String share(String share) {
        return share.endsWith("%") ? share : "max. " + share;
    }

    /** What stands between this wave and the next. */
    private Line waits(Wave wave) {
        List<Asked> asked = orEmpty(wave.asked());
        if (!asked.isEmpty()) {
            Line line = Line.of("ACK of ", Tone.BUSY);
            for (int i = 0; i < Math.min(asked.size(), NAMES_SHOWN); i++) {
                line = line.plus(i == 0 ? "" : ", ")
                        .plus(asked.get(i).gateway())
                        .plus(
                                Age.textSince(asked.get(i).since(), now)
                                        .map(age -> " (" + age + ")")
                                        .orElse(""),
                                Tone.FAINT);
            }
            return line.plus(asked.size() > NAMES_SHOWN ? " and " + (asked.size() - NAMES_SHOWN) + " more" : "")
                    .plus(ackTimeout().map(limit -> "; timeout " + limit).orElse(""), Tone.FAINT);
        }
        Optional<Duration> baked = Age.since(wave.ackedAt(), now);
        Optional<Duration> bake = bake(wave.step());
        if (baked.isPresent() && bake.isPresent()) {
            Duration left = bake.get().minus(baked.get());
            return Line.of("bake time: ", Tone.BUSY)
                    .plus(
                            left.isPositive()
                                    ? Age.text(left.plusMillis(999)) + " of " + Age.text(bake.get()) + " left"
                                    : "over, " + Age.text(bake.get()));
        }
        return baked.map(since -> Line.of("bake time: all ACKed " + Age.text(since) + " ago", Tone.BUSY))
                .orElse(Line.of("gateways of this wave to connect", Tone.BUSY));
    }

    private Optional<String> ackTimeout() {
        return Optional.ofNullable(proxy.getSpec().rollout()).map(ProxySpec.Rollout::ackTimeout);
    }

    private List<ProxySpec.Step> specSteps() {
        return orEmpty(Optional.ofNullable(proxy.getSpec().rollout())
                .map(ProxySpec.Rollout::steps)
                .orElse(null));
    }

    /** Each step's share of the fleet; the last is always the whole. */
    private List<String> shares() {
        List<String> shares = new ArrayList<>();
        specSteps().stream()
                .map(ProxySpec.Step::gateways)
                .map(IntOrString::getValue)
                .forEach(share -> shares.add(share.toString()));
        if (shares.isEmpty()) {
            shares.add("1");
        }
        if (!shares.getLast().equals("100%")) {
            shares.add("100%");
        }
        return shares;
    }

    private Optional<Duration> bake(int step) {
        return step < specSteps().size()
                ? Optional.ofNullable(specSteps().get(step).bake()).flatMap(GatewayDuration::parse)
                : Optional.empty();
    }

    private void rejections() {
        for (Rejection rejection : orEmpty(status.rejections())) {
            lines.add(Line.EMPTY);
            row(
                    "REFUSED",
                    Line.of("✘ " + rejection.resource(), Tone.BAD)
                            .plus(" of " + rejection.version() + " by " + rejection.gateway()
                                    + (rejection.gateways() > 1
                                            ? " and " + (rejection.gateways() - 1) + " more gateways"
                                            : "")));
            if (rejection.object() != null || rejection.field() != null) {
                row(
                        "  from",
                        Line.of(Optional.ofNullable(rejection.object())
                                        .map(object -> object + " ")
                                        .orElse(""))
                                .plus(Optional.ofNullable(rejection.field()).orElse(""), Tone.STRONG));
            }
            paragraph("  Envoy", rejection.message(), Tone.BAD);
        }
    }

    private void failures() {
        rollout().map(Rollout::failure).ifPresent(failure -> failure("STOPPED", failure));
        List<Failure> failed =
                orEmpty(rollout().map(Rollout::failed).orElse(null)).reversed();
        for (int i = 0; i < Math.min(FAILURES_SHOWN, failed.size()); i++) {
            failure(i == 0 ? "FAILED" : "", failed.get(i));
        }
        if (failed.size() > FAILURES_SHOWN) {
            row("", Line.of("and " + (failed.size() - FAILURES_SHOWN) + " earlier ones", Tone.FAINT));
        }
    }

    private void failure(String label, Failure failure) {
        if (!label.isEmpty()) {
            lines.add(Line.EMPTY);
        }
        row(
                label,
                Line.of("✘ " + Revision.abbreviated(failure.version()) + " " + failure.reason(), Tone.BAD)
                        .plus(
                                Age.textSince(failure.at(), now)
                                        .map(age -> " " + age + " ago")
                                        .orElse(""),
                                Tone.FAINT));
        paragraph("", failure.message(), Tone.PLAIN);
    }

    private void conditions() {
        List<Condition> conditions = orEmpty(status.conditions());
        if (!conditions.isEmpty()) {
            lines.add(Line.EMPTY);
        }
        for (int i = 0; i < conditions.size(); i++) {
            Condition condition = conditions.get(i);
            boolean holds = condition.getStatus().equals("True");
            boolean wrong = !holds && !condition.getType().equals("Progressing");
            boolean waits = wrong && List.of("Pending", "Paused").contains(condition.getReason());
            Tone tone = waits ? Tone.BUSY : wrong ? Tone.BAD : holds ? Tone.GOOD : Tone.FAINT;
            row(
                    i == 0 ? "CONDITIONS" : "",
                    Line.of(waits ? "◐ " : wrong ? "✘ " : holds ? "✔ " : "· ", tone)
                            .plus(condition.getType() + "=" + condition.getStatus())
                            .padded(20)
                            .plus(condition.getReason() + " ")
                            .padded(36)
                            .plus(
                                    Age.textSince(condition.getLastTransitionTime(), now)
                                            .map(age -> "for " + age)
                                            .orElse(""),
                                    Tone.FAINT));
            if (wrong) {
                paragraph("", condition.getMessage(), Tone.FAINT);
            }
        }
    }

    /** What a person can do now. */
    private void next() {
        List<String> commands = switch (phase()) {
            case Progressing -> List.of("promote", "pause", "abort");
            case Paused -> List.of("resume", "promote", "abort");
            case RolledBack -> List.of("diff stable target", "undo", "resume");
            case Failed -> List.of("history", "resume");
            case Pending, RollingBack, Complete -> List.of();
        };
        if (commands.isEmpty() || proxy.getStatus() == null) {
            return;
        }
        lines.add(Line.EMPTY);
        String object = " -n " + proxy.getMetadata().getNamespace() + " "
                + proxy.getMetadata().getName();
        for (int i = 0; i < commands.size(); i++) {
            String[] words = commands.get(i).split(" ", 2);
            row(
                    i == 0 ? "YOU CAN" : "",
                    Line.of("kubectl mpg " + words[0] + object + (words.length > 1 ? " " + words[1] : ""), Tone.INFO)
                            .padded(48)
                            .plus(" " + meaning(words[0]), Tone.FAINT));
        }
    }

    private static String meaning(String command) {
        return switch (command) {
            case "promote" -> "all gateways at once, no bake";
            case "pause" -> "no wave grows";
            case "abort" -> "back to stable";
            case "resume" -> "go on, or try again";
            case "undo" -> "the spec as it was";
            case "history" -> "all versions";
            default -> "what changed";
        };
    }

    private void row(String label, Line line) {
        lines.add(Line.of(label, Tone.FAINT).padded(LABEL).plus(line));
    }

    private void paragraph(String label, String text, Tone tone) {
        List<String> wrapped = Words.wrap(text, width - LABEL - 2);
        for (int i = 0; i < wrapped.size(); i++) {
            row(i == 0 ? label : "", Line.of("  " + wrapped.get(i), tone));
        }
    }

    private Tone tone() {
        return rollout().map(rollout -> Summary.tone(rollout.phase())).orElse(Tone.PLAIN);
    }

    private Phase phase() {
        return rollout().map(Rollout::phase).orElse(Phase.Pending);
    }

    private Optional<Rollout> rollout() {
        return Optional.ofNullable(status.rollout());
    }

    private static <T> List<T> orEmpty(@Nullable List<T> list) {
        return list == null ? List.of() : list;
    }
}
