package dev.mpg.operator.scheduler;

import dev.mpg.api.SchedulerStatus;
import dev.mpg.placement.Settlement;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a Scheduler decided. Immutable.
 *
 * @param stayed decisions about placed Proxies by which they stayed
 */
record Totals(long planned, long forced, long coldConnects, long stayed) {
    static final Totals NONE = new Totals(0, 0, 0, 0);

    /** What an earlier operator wrote down. */
    static Totals of(@Nullable SchedulerStatus status) {
        if (status == null) {
            return NONE;
        }
        var migrations = status.migrations();
        return new Totals(
                migrations == null ? 0 : migrations.planned(),
                migrations == null ? 0 : migrations.forced(),
                status.coldConnects() == null ? 0 : status.coldConnects(),
                0);
    }

    Totals plus(Totals other) {
        return new Totals(
                planned + other.planned,
                forced + other.forced,
                coldConnects + other.coldConnects,
                stayed + other.stayed);
    }

    /** The share of decisions about placed Proxies by which they stayed; empty when there was none. */
    Optional<Double> stayedRatio() {
        long decisions = stayed + planned + forced;
        return decisions == 0 ? Optional.empty() : Optional.of((double) stayed / decisions);
    }

    Totals plus(Settlement settled) {
        return new Totals(
                planned + settled.plannedMigrations(),
                forced + settled.forcedMigrations(),
                coldConnects + settled.coldConnects(),
                stayed + settled.affinityHits());
    }
}
