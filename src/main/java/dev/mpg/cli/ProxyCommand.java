package dev.mpg.cli;

import dev.mpg.proxy.ProxyProcess;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.Callable;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** {@code mpg proxy}. */
@Command(
        name = "proxy",
        description = {
            "Runs a proxy instance: takes config from the Master, keeps it on disk, serves it to gateways.",
            "Without the Master it serves what it has, also after its own restart."
        },
        mixinStandardHelpOptions = true,
        versionProvider = Version.class,
        usageHelpWidth = 110,
        sortOptions = false,
        optionListHeading = "%nOptions:%n",
        footerHeading = "%nExample:%n",
        footer = {
            "  mpg proxy --instance default-0 --master 127.0.0.1:18100 \\",
            "      --xds-address 127.0.0.1:18000 --debug-address 127.0.0.1:18001 --data-dir /var/lib/mpg",
            "  curl 'http://127.0.0.1:18001/debug/config/status?format=text'   # what every gateway runs",
            "  curl 'http://127.0.0.1:18001/readyz'                            # can it serve, and if not, why"
        })
final class ProxyCommand implements Callable<Integer> {
    /** As the name of a Kubernetes pod. */
    private static final Pattern INSTANCE = Pattern.compile("[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?");

    private static final Pattern ADDRESSES = Pattern.compile("[^\\s,]+:\\d{1,5}(?:,[^\\s,]+:\\d{1,5})*");

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--instance",
            required = true,
            paramLabel = "NAME",
            defaultValue = "${env:MPG_INSTANCE}",
            description = "Name of this instance, <scheduler>-<ordinal>. Environment: MPG_INSTANCE.")
    private String instance = "";

    @Option(
            names = "--master",
            required = true,
            paramLabel = "HOST:PORT[,…]",
            defaultValue = "${env:MPG_MASTER}",
            description = "Where the Master serves ConfigSync; of several operators, all: it finds the one that leads."
                    + " Environment: MPG_MASTER.")
    private String master = "";

    @Option(
            names = "--xds-address",
            paramLabel = "IP:PORT",
            defaultValue = "${env:MPG_XDS_ADDRESS:-127.0.0.1:18000}",
            converter = SocketAddressConverter.class,
            description = "Where gateways reach it (default: 127.0.0.1:18000). Environment: MPG_XDS_ADDRESS.")
    private @Nullable InetSocketAddress xdsAddress;

    @Option(
            names = "--debug-address",
            paramLabel = "IP:PORT",
            defaultValue = "${env:MPG_DEBUG_ADDRESS:-127.0.0.1:18001}",
            converter = SocketAddressConverter.class,
            description =
                    "Where people and probes reach it (default: 127.0.0.1:18001). Environment: MPG_DEBUG_ADDRESS.")
    private @Nullable InetSocketAddress debugAddress;

    @Option(
            names = "--data-dir",
            required = true,
            paramLabel = "DIR",
            defaultValue = "${env:MPG_DATA_DIR}",
            description =
                    "Folder where it keeps config, its own alone; made if there is none. Environment: MPG_DATA_DIR.")
    private @Nullable Path dataFolder;

    @Option(
            names = "--advertised-host",
            paramLabel = "HOST",
            defaultValue = "${env:MPG_ADVERTISED_HOST}",
            description = "Host that the Master gives to gateways; needed when it listens on 0.0.0.0 or [::]"
                    + " (default: the IP of each address). Environment: MPG_ADVERTISED_HOST.")
    private @Nullable String advertisedHost;

    @Mixin
    private TelemetryOptions telemetry = new TelemetryOptions();

    @Override
    public Integer call() throws InterruptedException {
        try (ProxyProcess process = ProxyProcess.start(options())) {
            Runtime.getRuntime().addShutdownHook(new Thread(process::close, "shutdown"));
            process.awaitClose();
        }
        return CommandLine.ExitCode.OK;
    }

    private ProxyProcess.Options options() {
        if (!INSTANCE.matcher(instance).matches()) {
            throw wrong("--instance", instance, "lower-case letters, digits, - and ., such as default-0");
        }
        if (!ADDRESSES.matcher(master).matches()) {
            throw wrong(
                    "--master", master, "HOST:PORT, such as 127.0.0.1:18100, or several of them with commas between");
        }
        InetSocketAddress xds = given("--xds-address", xdsAddress);
        InetSocketAddress debug = given("--debug-address", debugAddress);
        requireHostFor("--xds-address", xds);
        requireHostFor("--debug-address", debug);
        return new ProxyProcess.Options(
                instance,
                master,
                xds,
                debug,
                given("--data-dir", dataFolder),
                Optional.ofNullable(advertisedHost),
                telemetry.apply());
    }

    private void requireHostFor(String option, InetSocketAddress address) {
        if (advertisedHost == null && address.getAddress().isAnyLocalAddress()) {
            throw new ParameterException(
                    command(),
                    "--advertised-host is needed because of " + option
                            + ": an address that stands for all of the machine's leads nobody here; in a pod, give its IP");
        }
    }

    private <T> T given(String option, @Nullable T value) {
        if (value == null) {
            throw new ParameterException(command(), option + " is needed");
        }
        return value;
    }

    private ParameterException wrong(String option, String value, String right) {
        return new ParameterException(command(), option + " is '" + value + "', not " + right);
    }

    private CommandLine command() {
        if (spec == null) {
            throw new IllegalStateException("the command was not made by picocli");
        }
        return spec.commandLine();
    }
}
