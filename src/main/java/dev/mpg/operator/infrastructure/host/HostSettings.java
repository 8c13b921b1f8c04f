package dev.mpg.operator.infrastructure.host;

import dev.mpg.gateway.HostPort;
import java.nio.file.Path;
import java.util.Optional;

/**
 * How processes run on this machine.
 *
 * @param state the folder that keeps everything about them; made when missing
 * @param envoy Envoy's program file
 * @param instanceCommand what runs a proxy instance
 * @param instanceNetwork first two numbers of the instances' loopback addresses. Operators that share a machine are best
 *     given different ones; with the same, each avoids the addresses on which it finds another's processes
 * @param gatewayNetwork the same for gateways
 * @param keepRunning whether the processes outlive the operator, to be found by the next one
 * @param collector where gateways send their spans, over OTLP/gRPC without TLS; empty: nowhere
 */
public record HostSettings(
        Path state,
        Path envoy,
        InstanceCommand instanceCommand,
        String instanceNetwork,
        String gatewayNetwork,
        boolean keepRunning,
        Optional<HostPort> collector) {

    public static final String DEFAULT_INSTANCE_NETWORK = "127.79";
    public static final String DEFAULT_GATEWAY_NETWORK = "127.80";

    /** With the default networks, and processes that end with the operator. */
    public HostSettings(Path state, Path envoy, InstanceCommand instanceCommand) {
        this(state, envoy, instanceCommand, DEFAULT_INSTANCE_NETWORK, DEFAULT_GATEWAY_NETWORK, false, Optional.empty());
    }

    public HostSettings withNetworks(String instances, String gateways) {
        return new HostSettings(state, envoy, instanceCommand, instances, gateways, keepRunning, collector);
    }

    public HostSettings withKeepRunning(boolean keep) {
        return new HostSettings(state, envoy, instanceCommand, instanceNetwork, gatewayNetwork, keep, collector);
    }

    public HostSettings withCollector(Optional<HostPort> other) {
        return new HostSettings(state, envoy, instanceCommand, instanceNetwork, gatewayNetwork, keepRunning, other);
    }
}
