package dev.mpg.e2e;

import java.util.Map;
import java.util.TreeMap;

/** What a process counted, by sample name with its labels. */
record Metrics(Map<String, Double> samples) {

    /** Those of the process at {@code host:port}. */
    static Metrics of(String address) {
        Map<String, Double> samples = new TreeMap<>();
        Http.get("http://" + address + "/metrics")
                .lines()
                .filter(line -> !line.startsWith("#"))
                .forEach(line -> {
                    int value = line.lastIndexOf(' ');
                    samples.put(line.substring(0, value), Double.valueOf(line.substring(value + 1)));
                });
        return new Metrics(samples);
    }

    /** Sum of all samples of this metric, 0 when there is none. */
    double sum(String name) {
        return samples.entrySet().stream()
                .filter(sample ->
                        sample.getKey().equals(name) || sample.getKey().startsWith(name + "{"))
                .mapToDouble(Map.Entry::getValue)
                .sum();
    }

    /** Bytes of resources that were sent to gateways. */
    double resourceBytes() {
        return sum("mpg_xds_resource_bytes_total");
    }

    /** Resources that were sent to gateways. */
    double resources() {
        return sum("mpg_xds_resources_total");
    }
}
