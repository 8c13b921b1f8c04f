package dev.mpg.telemetry;

import io.micrometer.core.instrument.Gauge;
import io.micrometer.core.instrument.MeterRegistry;
import io.micrometer.core.instrument.binder.MeterBinder;
import java.lang.management.ManagementFactory;
import jdk.management.VirtualThreadSchedulerMXBean;

/**
 * How busy the carriers of virtual threads are, read when asked. Micrometer's own binder records with Flight Recorder, which
 * writes files and takes memory all the time.
 */
final class VirtualThreads implements MeterBinder {
    @Override
    public void bindTo(MeterRegistry registry) {
        VirtualThreadSchedulerMXBean scheduler =
                ManagementFactory.getPlatformMXBean(VirtualThreadSchedulerMXBean.class);
        Gauge.builder(
                        "jvm.threads.virtual.mounted",
                        scheduler,
                        VirtualThreadSchedulerMXBean::getMountedVirtualThreadCount)
                .description("Virtual threads that run on a carrier now")
                .register(registry);
        Gauge.builder(
                        "jvm.threads.virtual.queued",
                        scheduler,
                        VirtualThreadSchedulerMXBean::getQueuedVirtualThreadCount)
                .description("Virtual threads that could run and wait for a carrier")
                .register(registry);
        Gauge.builder("jvm.threads.virtual.carriers", scheduler, VirtualThreadSchedulerMXBean::getPoolSize)
                .description("Platform threads that carry virtual threads")
                .register(registry);
    }
}
