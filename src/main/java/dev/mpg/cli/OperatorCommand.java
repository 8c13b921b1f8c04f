package dev.mpg.cli;

import dev.mpg.gateway.HostPort;
import dev.mpg.operator.ApiServerProbe;
import dev.mpg.operator.OperatorProcess;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.infrastructure.host.HostInfrastructure;
import dev.mpg.operator.infrastructure.host.HostSettings;
import dev.mpg.operator.infrastructure.host.InstanceCommand;
import dev.mpg.operator.infrastructure.host.MasterAddress;
import dev.mpg.telemetry.ProcessMetrics;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.Arrays;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;

/** {@code mpg operator}. */
@Command(
        name = "operator",
        description = {
            "Runs the operator: reconciles Proxy and Scheduler resources, and is the Master of proxy instances.",
            "The API server is that of the current kubeconfig (KUBECONFIG), or the cluster that it runs in."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        usageHelpWidth = 110,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExample:%n",
        footer = {
            "  kubectl apply --server-side -f crds/",
            "  mpg operator --infrastructure host --state-dir /var/lib/mpg --envoy /usr/local/bin/envoy",
            "  curl http://127.0.0.1:18200/readyz      # has it looked at everything yet"
        })
final class OperatorCommand implements Callable<Integer> {
    /** Where proxy instances and gateways run. */
    enum Where {
        /** As processes on this machine. */
        host
    }

    @Option(
            names = "--infrastructure",
            paramLabel = "WHERE",
            defaultValue = "${env:MPG_INFRASTRUCTURE:-host}",
            description = "Where proxy instances and gateways run. host: as processes on this machine."
                    + " Environment: MPG_INFRASTRUCTURE.")
    private Where where = Where.host;

    @Option(
            names = "--state-dir",
            required = true,
            paramLabel = "DIR",
            defaultValue = "${env:MPG_STATE_DIR}",
            description = "Folder for logs, process ids and what proxy instances keep; made if there is none."
                    + " Environment: MPG_STATE_DIR.")
    private Path state = Path.of("");

    @Option(
            names = "--envoy",
            paramLabel = "FILE",
            defaultValue = "${env:MPG_ENVOY:-envoy}",
            description = "Envoy's program (default: envoy, on the PATH). Environment: MPG_ENVOY.")
    private String envoy = "envoy";

    @Option(
            names = "--sync-address",
            paramLabel = "IP:PORT",
            defaultValue = "${env:MPG_SYNC_ADDRESS}",
            converter = SocketAddressConverter.class,
            description = "Where proxy instances connect (default: a loopback address of its own, kept in the state"
                    + " folder). Environment: MPG_SYNC_ADDRESS.")
    private @Nullable InetSocketAddress syncAddress;

    @Option(
            names = "--http-address",
            paramLabel = "IP:PORT",
            defaultValue = "${env:MPG_HTTP_ADDRESS:-127.0.0.1:18200}",
            converter = SocketAddressConverter.class,
            description = "Where /healthz, /readyz and /metrics are (default: 127.0.0.1:18200)."
                    + " Environment: MPG_HTTP_ADDRESS.")
    private InetSocketAddress httpAddress = new InetSocketAddress(InetAddress.getLoopbackAddress(), 18_200);

    @Option(
            names = "--keep-running",
            defaultValue = "${env:MPG_KEEP_RUNNING:-false}",
            description = "Leave proxy instances and gateways running when the operator ends; the next one adopts them."
                    + " Environment: MPG_KEEP_RUNNING.")
    private boolean keepRunning;

    @Override
    public Integer call() throws IOException, InterruptedException {
        Path program = envoyProgram();
        Config config = new ConfigBuilder().build();
        ApiServerProbe.check(config);
        InetSocketAddress sync = syncAddress == null ? MasterAddress.of(state) : syncAddress;
        try (KubernetesClient client =
                        new KubernetesClientBuilder().withConfig(config).build();
                ProcessMetrics metrics = new ProcessMetrics();
                OperatorProcess operator = new OperatorProcess(
                        client,
                        infrastructure(program, sync),
                        sync,
                        httpAddress,
                        metrics.registry(),
                        Clock.systemUTC())) {
            Runtime.getRuntime().addShutdownHook(new Thread(operator::close, "shutdown"));
            operator.start();
            operator.awaitClose();
        }
        return CommandLine.ExitCode.OK;
    }

    private Infrastructure infrastructure(Path program, InetSocketAddress sync) throws IOException {
        HostPort master = new HostPort(sync.getAddress().getHostAddress(), sync.getPort());
        return switch (where) {
            case host ->
                new HostInfrastructure(
                        new HostSettings(state.toAbsolutePath(), program, InstanceCommand.thisProgram(master))
                                .withKeepRunning(keepRunning));
        };
    }

    private Path envoyProgram() throws IOException {
        if (envoy.contains(File.separator)) {
            return executable(Path.of(envoy));
        }
        String path = System.getenv().getOrDefault("PATH", "");
        return Arrays.stream(path.split(File.pathSeparator, -1))
                .map(folder -> Path.of(folder, envoy))
                .filter(Files::isExecutable)
                .findFirst()
                .orElseThrow(() ->
                        new IOException("there is no program '" + envoy + "' on the PATH: give Envoy's with --envoy"));
    }

    private static Path executable(Path program) throws IOException {
        if (!Files.isExecutable(program)) {
            throw new IOException("--envoy: " + program + " is not a program");
        }
        return program.toAbsolutePath();
    }
}
