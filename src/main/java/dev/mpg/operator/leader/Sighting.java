package dev.mpg.operator.leader;

import io.fabric8.kubernetes.api.model.coordination.v1.LeaseSpec;
import java.time.Duration;
import java.util.Objects;
import java.util.Optional;
import org.jspecify.annotations.Nullable;

/**
 * What a candidate has seen of the Lease. How old a claim is goes by when the candidate first saw it, on its own monotonic
 * clock: the times that the Lease tells come from another machine's clock, which may be wrong.
 *
 * @param spec what it says; null while there is none
 * @param firstSeen nanoseconds of the candidate's clock
 */
record Sighting(@Nullable LeaseSpec spec, long firstSeen) {

    /** This is seen now; the same as before is as old as it was. */
    static Sighting of(@Nullable LeaseSpec spec, @Nullable Sighting earlier, long now) {
        return earlier != null && Objects.equals(earlier.spec, spec) ? earlier : new Sighting(spec, now);
    }

    Optional<String> holder() {
        return spec == null
                        || spec.getHolderIdentity() == null
                        || spec.getHolderIdentity().isEmpty()
                ? Optional.empty()
                : Optional.of(spec.getHolderIdentity());
    }

    /** Whether anyone may take it: nobody holds it, or its holder has said nothing for as long as it claimed it. */
    boolean isFree(long now) {
        return holder().isEmpty() || now - firstSeen >= duration().toNanos();
    }

    private Duration duration() {
        return spec == null || spec.getLeaseDurationSeconds() == null
                ? Duration.ZERO
                : Duration.ofSeconds(spec.getLeaseDurationSeconds());
    }
}
