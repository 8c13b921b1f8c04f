package dev.mpg.operator.infrastructure.host;

import dev.mpg.gateway.HostPort;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Collectors;

/** What runs a proxy instance. Equal arguments must give an equal command: another one replaces the running process. */
@FunctionalInterface
public interface InstanceCommand {

    /** The program and its arguments. */
    List<String> of(Instance instance);

    /**
     * This program, asked to be a proxy instance of whichever Master leads of those at these addresses.
     *
     * @param debugMode whether it logs each step
     */
    static InstanceCommand thisProgram(List<HostPort> masters, boolean debugMode) {
        RunningProgram program = RunningProgram.find();
        String addresses = masters.stream().map(HostPort::toString).collect(Collectors.joining(","));
        return instance -> program.command(
                "proxy",
                "--instance",
                instance.name(),
                "--master",
                addresses,
                "--xds-address",
                instance.xds().toString(),
                "--debug-address",
                instance.debug().toString(),
                "--data-dir",
                instance.data().toString(),
                "--debug-mode=" + debugMode);
    }

    /**
     * One proxy instance.
     *
     * @param name its name
     * @param xds where it serves gateways
     * @param debug where it serves its debug endpoints
     * @param data a folder for what it keeps
     */
    record Instance(String name, HostPort xds, HostPort debug, Path data) {}
}
