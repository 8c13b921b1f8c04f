package dev.mpg.operator.scheduler;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import java.util.Collection;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.IntStream;

/** The proxy instances that a Scheduler asks for. */
public final class Pool {
    private static final int DEFAULT_SIZE = 1;
    private static final String DEFAULT_NAME = "default";

    private static final Pattern ORDINAL = Pattern.compile("\\d{1,4}");

    private Pool() {}

    /** The Scheduler whose pool should serve a Proxy. */
    public static String schedulerName(Proxy proxy) {
        String name = proxy.getSpec().schedulerName();
        return name == null ? DEFAULT_NAME : name;
    }

    /** How many there should be. */
    public static int size(Scheduler scheduler) {
        var spec = scheduler.getSpec();
        return spec == null || spec.instances() == null ? DEFAULT_SIZE : spec.instances();
    }

    /** Their names, {@code <scheduler>-<ordinal>}. */
    public static List<String> instances(Scheduler scheduler) {
        return IntStream.range(0, size(scheduler))
                .mapToObj(ordinal -> scheduler.getMetadata().getName() + "-" + ordinal)
                .toList();
    }

    /** Those of these instances that belong, or did, to this pool. */
    static List<String> of(String scheduler, Collection<String> instances) {
        return instances.stream()
                .filter(name -> name.startsWith(scheduler + "-")
                        && ORDINAL.matcher(name.substring(scheduler.length() + 1))
                                .matches())
                .toList();
    }

    /** The Scheduler of an instance; empty when the name says none. */
    static String scheduler(String instance) {
        return instance.substring(0, Math.max(0, instance.lastIndexOf('-')));
    }

    /** The place of an instance in its pool. */
    static int ordinal(String instance) {
        return Integer.parseInt(instance.substring(instance.lastIndexOf('-') + 1));
    }
}
