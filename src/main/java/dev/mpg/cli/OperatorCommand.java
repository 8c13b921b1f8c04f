package dev.mpg.cli;

import dev.mpg.gateway.HostPort;
import dev.mpg.operator.ApiCallSpans;
import dev.mpg.operator.ApiServerProbe;
import dev.mpg.operator.OperatorProcess;
import dev.mpg.operator.infrastructure.Infrastructure;
import dev.mpg.operator.infrastructure.host.HostInfrastructure;
import dev.mpg.operator.infrastructure.host.HostSettings;
import dev.mpg.operator.infrastructure.host.InstanceCommand;
import dev.mpg.operator.infrastructure.host.MasterAddress;
import dev.mpg.operator.leader.LeaderElection;
import dev.mpg.operator.leader.LeaderOnlyWrites;
import dev.mpg.operator.leader.LeaseTerms;
import dev.mpg.operator.metrics.ApiCallMetrics;
import dev.mpg.telemetry.ProcessMetrics;
import dev.mpg.telemetry.Tracing;
import io.fabric8.kubernetes.client.Config;
import io.fabric8.kubernetes.client.ConfigBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientBuilder;
import java.io.File;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import java.util.UUID;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

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

    @Spec
    private @Nullable CommandSpec spec;

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
            names = "--masters",
            paramLabel = "HOST:PORT[,…]",
            split = ",",
            defaultValue = "${env:MPG_MASTERS}",
            converter = HostPortConverter.class,
            description =
                    "Where proxy instances find the operators: the --sync-address of each, in the same order for all"
                            + " (default: the one of this operator). Environment: MPG_MASTERS.")
    private List<HostPort> masters = List.of();

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

    @Option(
            names = "--leader-elect",
            defaultValue = "${env:MPG_LEADER_ELECT:-false}",
            description =
                    "There are several operators: the one that holds the Lease mpg-operator leads, the others stand"
                            + " by. Give it to each of them. Environment: MPG_LEADER_ELECT.")
    private boolean leaderElect;

    @Option(
            names = "--lease-namespace",
            paramLabel = "NAMESPACE",
            defaultValue = "${env:MPG_LEASE_NAMESPACE}",
            description = "Namespace of the Lease, the same for all operators (default: that of the pod, else default)."
                    + " Environment: MPG_LEASE_NAMESPACE.")
    private @Nullable String leaseNamespace;

    @Option(
            names = "--lease-duration",
            paramLabel = "SECONDS",
            defaultValue = "${env:MPG_LEASE_DURATION:-15}",
            description =
                    "How long after a crash of the leader another one leads (default: 15). One that cannot renew the"
                            + " Lease for two thirds of it ends. Environment: MPG_LEASE_DURATION.")
    private int leaseSeconds = 15;

    @Option(
            names = "--gateway-collector",
            paramLabel = "HOST:PORT",
            defaultValue = "${env:MPG_GATEWAY_COLLECTOR}",
            converter = HostPortConverter.class,
            description =
                    "Where the gateways that it runs send the spans of requests: an OpenTelemetry collector that takes"
                            + " OTLP/gRPC without TLS (default: nowhere). Environment: MPG_GATEWAY_COLLECTOR.")
    private @Nullable HostPort gatewayCollector;

    @Mixin
    private TelemetryOptions telemetry = new TelemetryOptions();

    @Override
    public Integer call() throws IOException, InterruptedException {
        double sampling = telemetry.apply();
        LeaseTerms terms = terms();
        Path program = envoyProgram();
        Config config = new ConfigBuilder().build();
        ApiServerProbe.check(config);
        InetSocketAddress sync = syncAddress == null ? MasterAddress.of(state) : syncAddress;
        Optional<LeaderElection> election = leaderElect
                ? Optional.of(new LeaderElection(config, claim(), terms, Clock.systemUTC()))
                : Optional.empty();
        try (ProcessMetrics metrics = new ProcessMetrics();
                Tracing tracing = Tracing.start("mpg-operator", hostName(), sampling, metrics.registry());
                KubernetesClient client = client(config, election, tracing, metrics);
                OperatorProcess operator = new OperatorProcess(
                        client,
                        () -> infrastructure(program, sync),
                        election,
                        OperatorCommand::halt,
                        sync,
                        httpAddress,
                        metrics.registry(),
                        tracing,
                        Clock.systemUTC())) {
            Runtime.getRuntime().addShutdownHook(new Thread(operator::close, "shutdown"));
            operator.start();
            operator.awaitClose();
        }
        return CommandLine.ExitCode.OK;
    }

    private static KubernetesClient client(
            Config config, Optional<LeaderElection> election, Tracing tracing, ProcessMetrics metrics) {
        return new KubernetesClientBuilder()
                .withConfig(config)
                .withHttpClientBuilderConsumer(http -> {
                    http.addOrReplaceInterceptor("spans", new ApiCallSpans(tracing.tracer()));
                    http.addOrReplaceInterceptor("metrics", new ApiCallMetrics(metrics.registry()));
                    election.ifPresent(
                            of -> http.addOrReplaceInterceptor("leader-only-writes", new LeaderOnlyWrites(of::leads)));
                })
                .build();
    }

    private LeaderElection.Claim claim() throws IOException {
        String namespace = leaseNamespace == null || leaseNamespace.isEmpty() ? namespaceOfPod() : leaseNamespace;
        return new LeaderElection.Claim(namespace, "mpg-operator", hostName() + "_" + UUID.randomUUID());
    }

    private static String hostName() {
        try {
            return InetAddress.getLocalHost().getHostName();
        } catch (UnknownHostException e) {
            return "localhost";
        }
    }

    /** Not the kubeconfig's, which may differ from one operator to the next: then each would lead. */
    private static String namespaceOfPod() throws IOException {
        Path file = Path.of(Config.KUBERNETES_NAMESPACE_PATH);
        return Files.exists(file) ? Files.readString(file).strip() : "default";
    }

    private LeaseTerms terms() {
        try {
            return LeaseTerms.of(Duration.ofSeconds(leaseSeconds));
        } catch (IllegalArgumentException e) {
            throw new ParameterException(command(), "--lease-duration: " + e.getMessage());
        }
    }

    /**
     * Ends this process as {@code kill -9} would, for which all is made: nothing more is decided or written, and proxy
     * instances and gateways go on.
     */
    private static void halt(String why) {
        System.err.println("mpg: this operator doesn't lead any more: " + why
                + "; what it runs goes on. Start it again to stand by");
        Runtime.getRuntime().halt(CommandLine.ExitCode.SOFTWARE);
    }

    private CommandLine command() {
        if (spec == null) {
            throw new IllegalStateException("the command was not made by picocli");
        }
        return spec.commandLine();
    }

    private Infrastructure infrastructure(Path program, InetSocketAddress sync) throws IOException {
        List<HostPort> addresses =
                masters.isEmpty() ? List.of(new HostPort(sync.getAddress().getHostAddress(), sync.getPort())) : masters;
        return switch (where) {
            case host ->
                new HostInfrastructure(new HostSettings(
                                state.toAbsolutePath(),
                                program,
                                InstanceCommand.thisProgram(addresses, telemetry.debugMode()))
                        .withCollector(Optional.ofNullable(gatewayCollector))
                        .withKeepRunning(keepRunning || leaderElect));
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
