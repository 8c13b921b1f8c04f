package dev.mpg.sync;

import dev.mpg.snapshot.Cohort;

/** Cohorts as they travel and lie on disk. Pure. */
public final class CohortCodec {
    private CohortCodec() {}

    public static dev.mpg.sync.v1.Cohort encode(Cohort cohort) {
        return dev.mpg.sync.v1.Cohort.newBuilder()
                .setWave(cohort.wave())
                .addAllGateways(cohort.gateways())
                .build();
    }

    public static Cohort decode(dev.mpg.sync.v1.Cohort message) {
        return new Cohort(message.getWave(), message.getGatewaysList());
    }
}
