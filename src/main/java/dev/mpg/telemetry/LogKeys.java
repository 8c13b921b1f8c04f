package dev.mpg.telemetry;

/** The names under which log lines say what they are about: fields of the JSON form, and of the mapped diagnostic context. */
public final class LogKeys {
    /** Kind of resource that is being reconciled: proxy, scheduler. */
    public static final String CONTROLLER = "controller";

    /** Namespace of that resource. */
    public static final String NAMESPACE = "namespace";

    /** Name of that resource. */
    public static final String NAME = "name";

    /** Cluster id of the Proxy. */
    public static final String CLUSTER_ID = "clusterId";

    /** Version of a config, abbreviated. */
    public static final String VERSION = "version";

    /** A gateway's {@code node.id}. */
    public static final String GATEWAY = "gateway";

    /** 32 hexadecimal digits. */
    public static final String TRACE_ID = "traceId";

    /** 16 hexadecimal digits. */
    public static final String SPAN_ID = "spanId";

    private LogKeys() {}
}
