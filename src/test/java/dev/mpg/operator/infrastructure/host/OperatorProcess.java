package dev.mpg.operator.infrastructure.host;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/** A program that keeps one instance running until it is ended, as the operator does. */
final class OperatorProcess {
    static final InstanceCommand LASTING = _ -> List.of("sleep", "1000");
    static final String INSTANCES = "127.183";
    static final String GATEWAYS = "127.184";

    private OperatorProcess() {}

    /** Takes the state folder, Envoy's program file, and whether to keep the instance running. */
    public static void main(String... arguments) throws IOException, InterruptedException {
        HostInfrastructure infrastructure =
                new HostInfrastructure(settings(Path.of(arguments[0]), Path.of(arguments[1]))
                        .withKeepRunning(Boolean.parseBoolean(arguments[2])));
        Runtime.getRuntime().addShutdownHook(new Thread(infrastructure::close));
        infrastructure.ensurePool("default", 1);
        Thread.currentThread().join();
    }

    static HostSettings settings(Path state, Path envoy) {
        return new HostSettings(state, envoy, LASTING).withNetworks(INSTANCES, GATEWAYS);
    }
}
