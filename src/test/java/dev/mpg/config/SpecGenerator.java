package dev.mpg.config;

import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.api.ProxySpec;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;

/**
 * Random specs: every field is sometimes absent, values come from few so that they collide, and {@code wildness}, a
 * probability, says how often a value is one that no schema would let in.
 */
public final class SpecGenerator {
    private static final ObjectMapper JSON = new ObjectMapper();

    private static final String[] NAMES = {"a", "b", "checkout", "checkout-next", "x1"};
    private static final String[] HOSTS = {"shop.example.com", "*.example.com", "SHOP.example.com", "localhost", "*.com"
    };
    private static final String[] PATHS = {"/", "/a", "/a/", "/a/b", "/a/b/", "/caf%C3%A9", "/-._~!$&'()*+,;=:@"};
    private static final String[] DURATIONS = {"0s", "3s", "500ms", "1h2m3s4ms", "99999h99999h99999h99999h"};
    private static final String[] ADDRESSES = {"10.0.0.1", "10.0.0.2", "::1", "2001:db8::1", "127.0.0.1"};
    private static final String[] ENVOY_RESOURCES = {
        "Listener", "RouteConfiguration", "VirtualHost", "Cluster", "ClusterLoadAssignment"
    };
    private static final String[] ENVOY_NAMES = {"a", "b", "checkout", "routes", "routes/*", "routes/localhost"};
    private static final String[] OPS = {"add", "remove", "replace", "move", "copy", "test"};
    private static final String[] POINTERS = {
        "",
        "/name",
        "/stat_prefix",
        "/alt_stat_name",
        "/connect_timeout",
        "/domains/-",
        "/x",
        "/address",
        "/endpoints/0"
    };
    private static final String[] ENVOY_VALUES = {"a", "1s", "routes"};
    private static final String[] WILD = {
        "",
        " ",
        "*",
        "/",
        "//",
        "/../",
        "?",
        "%",
        "%2F",
        "%ff",
        "\n",
        "\u0000",
        "é",
        "\ud83d\ude00",
        "\ud800",
        "-",
        ".",
        "::",
        "0",
        "-1s",
        "a".repeat(5000),
        "/" + "a".repeat(5000),
        "/" + "%41".repeat(5000),
        "1.1.1.1.1",
        "a.".repeat(5000)
    };

    private final Random random;
    private final double wildness;

    public SpecGenerator(long seed, double wildness) {
        this.random = new Random(seed);
        this.wildness = wildness;
    }

    public ProxySpec spec() {
        Fields spec = new Fields()
                .maybe("clusterId", () -> text(NAMES))
                .maybe("schedulerName", () -> text(NAMES))
                .maybe("gateway", () -> new Fields().maybe("replicas", () -> random.nextInt(5)).values)
                .maybe("listeners", () -> list(3, this::listener))
                .maybe("routes", () -> list(5, this::route))
                .maybe("backends", () -> list(5, this::backend))
                .maybe("envoyPatches", () -> list(2, this::envoyPatch));
        return JSON.convertValue(spec.values, ProxySpec.class);
    }

    private Map<String, Object> listener() {
        return new Fields()
                .must("name", () -> text(NAMES))
                .must("port", this::port)
                .maybe("protocol", () -> "HTTP")
                .values;
    }

    private Map<String, Object> route() {
        return new Fields()
                .must("name", () -> text(NAMES))
                .maybe("hostnames", () -> list(3, () -> text(HOSTS)))
                .maybe("matches", () -> list(3, () -> new Fields().maybe("path", this::path).values))
                .must("backendRefs", () -> list(3, this::backendRef))
                .maybe("timeouts", () -> new Fields().maybe("request", () -> text(DURATIONS)).values)
                .values;
    }

    private Map<String, Object> path() {
        return new Fields()
                .maybe("type", () -> random.nextBoolean() ? "Exact" : "PathPrefix")
                .must("value", () -> text(PATHS))
                .values;
    }

    private Map<String, Object> backendRef() {
        return new Fields()
                .must("name", () -> text(NAMES))
                .maybe("weight", () -> isWild() ? random.nextInt() : random.nextInt(4) * random.nextInt(333_333))
                .values;
    }

    private Map<String, Object> backend() {
        Fields backend = new Fields().must("name", () -> text(NAMES)).maybe("circuitBreaker", this::circuitBreaker);
        boolean isService = random.nextBoolean();
        if (isService || isWild()) {
            backend.must("service", this::service);
        }
        if (!isService || isWild()) {
            backend.must("endpoints", () -> list(3, this::endpoint));
        }
        return backend.values;
    }

    private Map<String, Object> service() {
        return new Fields().must("name", () -> text(NAMES)).must("port", this::port).values;
    }

    private Map<String, Object> endpoint() {
        return new Fields().must("host", () -> text(ADDRESSES)).must("port", this::port).values;
    }

    private Map<String, Object> circuitBreaker() {
        return new Fields()
                .maybe("maxConnections", this::limit)
                .maybe("maxPendingRequests", this::limit)
                .maybe("maxParallelRequests", this::limit)
                .maybe("maxParallelRetries", this::limit)
                .values;
    }

    private Map<String, Object> envoyPatch() {
        return new Fields()
                .must("type", () -> one(ENVOY_RESOURCES))
                .must("name", () -> text(ENVOY_NAMES))
                .must("operations", () -> list(3, this::operation))
                .values;
    }

    private Map<String, Object> operation() {
        return new Fields()
                .must("op", () -> one(OPS))
                .must("path", () -> text(POINTERS))
                .must("from", () -> text(POINTERS))
                .must("value", () -> text(ENVOY_VALUES))
                .values;
    }

    private int port() {
        return isWild() ? random.nextInt() : 1 + random.nextInt(65535);
    }

    private long limit() {
        return isWild() ? random.nextLong() : random.nextLong(4294967296L);
    }

    private String text(String[] values) {
        return one(isWild() ? WILD : values);
    }

    private String one(String[] values) {
        return values[random.nextInt(values.length)];
    }

    private boolean isWild() {
        return random.nextDouble() < wildness;
    }

    private <T> List<@Nullable T> list(int max, Supplier<T> entry) {
        List<@Nullable T> list = new ArrayList<>();
        for (int i = random.nextInt(max + 1); i > 0; i--) {
            list.add(isWild() ? null : entry.get());
        }
        return list;
    }

    /** An object's fields. */
    private final class Fields {
        private final Map<String, Object> values = new LinkedHashMap<>();

        Fields maybe(String name, Supplier<Object> value) {
            if (random.nextBoolean()) {
                values.put(name, value.get());
            }
            return this;
        }

        /** Is absent only where no schema was in force. */
        Fields must(String name, Supplier<Object> value) {
            if (!isWild()) {
                values.put(name, value.get());
            }
            return this;
        }
    }
}
