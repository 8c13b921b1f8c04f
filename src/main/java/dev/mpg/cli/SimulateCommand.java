package dev.mpg.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.mpg.placement.PlacementPolicy;
import dev.mpg.placement.Scenario;
import dev.mpg.placement.Simulation;
import dev.mpg.placement.Simulation.Average;
import dev.mpg.placement.Strategy;
import java.io.PrintWriter;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code mpg simulate}. */
@Command(
        name = "simulate",
        description = {
            "Compares the policies by which a Scheduler places Proxies, on this machine, without a cluster.",
            "Tasks run on cores that have a cache each, as gateways are served by proxy instances that hold their"
                    + " config. At every event a task is scheduled again, or ends and another begins. A policy is good"
                    + " when tasks find their data in the cache, seldom migrate, and load is even.",
            "Without options it runs the workload of a published comparison, and shows its numbers too."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        usageHelpWidth = 80,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExamples:%n",
        footer = {
            "  mpg simulate                              # as published: 3 cores",
            "  mpg simulate --churn 0.2                  # each fifth event a new task",
            "  mpg simulate --cores 10 --tasks 1000 --cache 90 --events 5000",
            "  mpg simulate --policy Random,AffinityLeastLoaded --runs 1 --seed 7",
            "  mpg simulate -o svg >policies.svg",
            "",
            "How to read it:",
            "  CACHE MISSES   events whose task was not in its core's cache",
            "  MIGRATIONS     tasks that went to another core, in all events",
            "  LOAD SD        standard deviation of tasks per core: the root of its mean",
            "                 square, 0 is even",
            "  PEAK/AVG       tasks on the fullest core, divided by the average",
            "In parentheses: the standard error of the mean of all runs."
        })
final class SimulateCommand implements Callable<Integer> {
    /** What was published, of a workload that isn't told. */
    private static final List<Published> PUBLISHED =
            List.of(new Published("random", 38.2, 142, 9.7), new Published("affinity, least loaded", 21.5, 23, 2.1));

    /** Forms of output. */
    enum Format {
        table,
        json,
        svg
    }

    private record Published(String policy, double missPercent, int migrations, double loadDeviation) {}

    @Spec
    private @Nullable CommandSpec spec;

    @Option(names = "--cores", paramLabel = "N", defaultValue = "3", description = "Cores (default: 3).")
    private int cores;

    @Option(
            names = "--tasks",
            paramLabel = "N",
            defaultValue = "424",
            description = "Tasks at any time (default: 424).")
    private int tasks;

    @Option(
            names = "--cache",
            paramLabel = "N",
            defaultValue = "262",
            description = "Tasks that a core's cache holds; the least recently used go (default: 262).")
    private int cache;

    @Option(names = "--events", paramLabel = "N", defaultValue = "213", description = "Measured events (default: 213).")
    private int events;

    @Option(
            names = "--warm-up",
            paramLabel = "N",
            description = "Events before those (default: 2 for each core and task).")
    private @Nullable Integer warmUp;

    @Option(
            names = "--churn",
            paramLabel = "PART",
            defaultValue = "0",
            description = "Part of the events at which a task ends and another begins, 0 to 1 (default: 0).")
    private double churn;

    @Option(
            names = "--policy",
            paramLabel = "POLICY",
            split = ",",
            description = "Which to compare: ${COMPLETION-CANDIDATES} (default: all).")
    private List<Strategy> strategies =
            List.of(Strategy.Random, Strategy.RoundRobin, Strategy.LeastLoaded, Strategy.AffinityLeastLoaded);

    @Option(
            names = "--max-load-factor",
            paramLabel = "F",
            defaultValue = "1.25",
            description = "How much of the average load a core may have with AffinityLeastLoaded (default: 1.25).")
    private double maxLoadFactor;

    @Option(names = "--runs", paramLabel = "N", defaultValue = "400", description = "Runs to average (default: 400).")
    private int runs;

    @Option(
            names = "--seed",
            paramLabel = "N",
            defaultValue = "1",
            description = "Of the first run; equal seeds give equal numbers (default: 1).")
    private long seed;

    @Option(
            names = {"-o", "--output"},
            paramLabel = "FORMAT",
            defaultValue = "table",
            description = "table, json, or svg: a chart (default: table).")
    private Format format = Format.table;

    @Override
    public Integer call() {
        if (spec == null) {
            throw new IllegalStateException("picocli has not set the command's spec");
        }
        Scenario scenario;
        Map<Strategy, Average> results = new LinkedHashMap<>();
        try {
            if (runs < 1) {
                throw new IllegalArgumentException("runs is at least 1, not " + runs);
            }
            scenario = new Scenario(
                    cores,
                    tasks,
                    cache,
                    events,
                    warmUp == null ? (int) Math.min(Integer.MAX_VALUE, 2L * cores * tasks) : warmUp,
                    churn);
            PlacementPolicy policy = PlacementPolicy.DEFAULT.withMaxLoadFactor(maxLoadFactor);
            for (Strategy strategy : strategies) {
                results.put(strategy, Simulation.average(scenario, policy.withStrategy(strategy), runs, seed));
            }
        } catch (IllegalArgumentException e) {
            throw new ParameterException(spec.commandLine(), e.getMessage(), e);
        }
        PrintWriter out = spec.commandLine().getOut();
        switch (format) {
            case table -> table(scenario, results).forEach(out::println);
            case json -> out.println(json(scenario, results).toPrettyString());
            case svg -> out.print(chart(scenario, results).svg());
        }
        out.flush();
        return CommandLine.ExitCode.OK;
    }

    private List<String> table(Scenario scenario, Map<Strategy, Average> results) {
        List<String> lines = new ArrayList<>();
        lines.add(title(scenario) + ";");
        lines.add("mean of " + runs + (runs == 1 ? " run" : " runs") + " from seed " + seed
                + ", standard errors in parentheses.");
        lines.add("");
        lines.add("POLICY                    CACHE MISSES      MIGRATIONS       LOAD SD  PEAK/AVG");
        results.forEach((strategy, result) -> lines.add(String.format(
                Locale.ROOT,
                "%-24s %6.1f%% (%.1f) %9.1f (%.1f) %7.1f (%.1f) %9.2f",
                strategy,
                100 * result.mean().missRate(),
                100 * result.missRateError(),
                result.mean().migrations(),
                result.migrationsError(),
                result.loadDeviation(),
                result.loadDeviationError(),
                result.mean().peakToAverage())));
        if (churn == 0) {
            lines.add("by formula:");
            lines.add(row(
                    "random",
                    scenario.randomMissRate() * 100,
                    scenario.randomMigrations(),
                    Math.sqrt(scenario.randomLoadVariance())));
            lines.add(row("perfect affinity", scenario.affinityMissRate() * 100, 0, evenDeviation(scenario)));
        }
        if (scenario.equals(Scenario.BUILT_IN)) {
            lines.add("published, not measured here:");
            PUBLISHED.forEach(
                    row -> lines.add(row(row.policy(), row.missPercent(), row.migrations(), row.loadDeviation())));
        }
        return lines;
    }

    private static String row(String name, double missPercent, double migrations, double loadDeviation) {
        return String.format(
                Locale.ROOT, "  %-22s %6.1f%%       %9.1f       %7.1f", name, missPercent, migrations, loadDeviation);
    }

    /** Of loads that differ by 1 at most. */
    private static double evenDeviation(Scenario scenario) {
        double more = (double) (scenario.tasks() % scenario.cores()) / scenario.cores();
        return Math.sqrt(more * (1 - more));
    }

    private static String title(Scenario scenario) {
        return String.format(
                Locale.ROOT,
                "%d cores, %d tasks, %d in each cache, %d events, churn %s",
                scenario.cores(),
                scenario.tasks(),
                scenario.cache(),
                scenario.events(),
                scenario.churn());
    }

    private ObjectNode json(Scenario scenario, Map<Strategy, Average> results) {
        ObjectNode document = JsonNodeFactory.instance.objectNode();
        document.putObject("scenario")
                .put("cores", scenario.cores())
                .put("tasks", scenario.tasks())
                .put("cache", scenario.cache())
                .put("events", scenario.events())
                .put("warmUp", scenario.warmUp())
                .put("churn", scenario.churn())
                .put("maxLoadFactor", maxLoadFactor);
        document.put("runs", runs).put("seed", seed);
        ArrayNode policies = document.putArray("policies");
        results.forEach((strategy, result) -> policies.addObject()
                .put("policy", strategy.name())
                .put("missRate", result.mean().missRate())
                .put("missRateError", result.missRateError())
                .put("migrations", result.mean().migrations())
                .put("migrationsError", result.migrationsError())
                .put("loadDeviation", result.loadDeviation())
                .put("loadDeviationError", result.loadDeviationError())
                .put("peakToAverage", result.mean().peakToAverage()));
        if (scenario.equals(Scenario.BUILT_IN)) {
            ArrayNode published = document.putArray("published");
            PUBLISHED.forEach(row -> published
                    .addObject()
                    .put("policy", row.policy())
                    .put("missRate", row.missPercent() / 100)
                    .put("migrations", row.migrations())
                    .put("loadDeviation", row.loadDeviation()));
        }
        return document;
    }

    private SimulationChart chart(Scenario scenario, Map<Strategy, Average> results) {
        SimulationChart chart = new SimulationChart(title(scenario));
        results.forEach((strategy, result) -> chart.row(
                strategy.name(),
                strategy == Strategy.AffinityLeastLoaded ? SimulationChart.Tone.Ours : SimulationChart.Tone.Other,
                100 * result.mean().missRate(),
                result.mean().migrations(),
                result.loadDeviation()));
        if (scenario.equals(Scenario.BUILT_IN)) {
            PUBLISHED.forEach(row -> chart.row(
                    "published: " + row.policy(),
                    SimulationChart.Tone.Published,
                    row.missPercent(),
                    row.migrations(),
                    row.loadDeviation()));
        }
        return chart;
    }
}
