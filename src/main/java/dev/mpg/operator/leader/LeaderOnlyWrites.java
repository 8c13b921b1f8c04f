package dev.mpg.operator.leader;

import io.fabric8.kubernetes.client.KubernetesClientException;
import io.fabric8.kubernetes.client.http.BasicBuilder;
import io.fabric8.kubernetes.client.http.HttpRequest;
import io.fabric8.kubernetes.client.http.Interceptor;
import java.util.function.BooleanSupplier;

/**
 * Lets a client's requests that change something through only while this operator leads, so that one that was paused and
 * doesn't know yet that it lost its lease overwrites nothing of its successor's. Thread-safe.
 */
public final class LeaderOnlyWrites implements Interceptor {
    private final BooleanSupplier leads;

    /**
     * @param leads see {@link LeaderElection#leads}
     */
    public LeaderOnlyWrites(BooleanSupplier leads) {
        this.leads = leads;
    }

    @Override
    public void before(BasicBuilder builder, HttpRequest request, RequestTags tags) {
        boolean reads = request.method().equals("GET") || request.method().equals("HEAD");
        if (!reads && !leads.getAsBoolean()) {
            throw new KubernetesClientException("only the leader writes, and this operator doesn't lead: "
                    + request.method() + " " + request.uri());
        }
    }
}
