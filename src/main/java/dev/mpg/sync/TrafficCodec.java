package dev.mpg.sync;

import dev.mpg.rollout.Counts;
import dev.mpg.rollout.Traffic;
import dev.mpg.sync.v1.Requests;
import java.util.HashMap;

/** A wave's traffic as it travels. Pure. */
final class TrafficCodec {
    private TrafficCodec() {}

    static dev.mpg.sync.v1.Traffic encode(String clusterId, int wave, Traffic traffic) {
        return dev.mpg.sync.v1.Traffic.newBuilder()
                .setClusterId(clusterId)
                .setWave(wave)
                .setCohort(encode(traffic.cohort()))
                .setRest(encode(traffic.rest()))
                .setBefore(encode(traffic.before()))
                .setAfter(encode(traffic.after()))
                .putAllErrorsByBackend(traffic.errorsByBackend())
                .build();
    }

    private static Requests encode(Counts counts) {
        return Requests.newBuilder()
                .setRequests(counts.requests())
                .setErrors(counts.errors())
                .setDropped(counts.dropped())
                .build();
    }

    /**
     * Reads it.
     *
     * @throws IllegalArgumentException when the counts can't be
     */
    static Traffic decode(dev.mpg.sync.v1.Traffic message) {
        return new Traffic(
                decode(message.getCohort()),
                decode(message.getRest()),
                decode(message.getBefore()),
                decode(message.getAfter()),
                new HashMap<>(message.getErrorsByBackendMap()));
    }

    private static Counts decode(Requests requests) {
        return new Counts(requests.getRequests(), requests.getErrors(), requests.getDropped());
    }
}
