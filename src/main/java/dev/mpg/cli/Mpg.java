package dev.mpg.cli;

import dev.mpg.cli.kubectl.KubectlMpg;
import dev.mpg.cli.offline.CompileCommand;
import dev.mpg.cli.offline.DiffCommand;
import dev.mpg.cli.offline.ExplainCommand;
import dev.mpg.cli.offline.ValidateCommand;
import java.io.PrintWriter;
import java.util.Arrays;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.logging.Level;
import java.util.logging.Logger;
import org.jspecify.annotations.Nullable;
import org.slf4j.bridge.SLF4JBridgeHandler;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The command {@code mpg}: the entry point of every process of ours. */
@Command(
        name = "mpg",
        description = "Delivers traffic config to Envoy fleets: Master, Proxy, Gateway.",
        versionProvider = Version.class,
        mixinStandardHelpOptions = true,
        // One line for each command, in the order in which a newcomer meets them.
        subcommands = {
            OperatorCommand.class,
            ProxyCommand.class,
            ValidateCommand.class,
            ExplainCommand.class,
            DiffCommand.class,
            CompileCommand.class,
            SimulateCommand.class
        },
        usageHelpWidth = 110,
        optionListHeading = "%nOptions:%n",
        commandListHeading = "%nCommands:%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "  0:it did what was asked, or was asked to stop",
            "  1:it failed; one line on stderr says why",
            "  2:the command line is wrong",
            "143:a signal ended it (SIGTERM), after it cleaned up"
        },
        footerHeading = "%nExample:%n",
        footer = {
            "  Serve config from a Master to Envoys on this machine, and look at it:",
            "",
            "    mpg proxy --instance default-0 --master 127.0.0.1:18100 \\",
            "        --xds-address 127.0.0.1:18000 --debug-address 127.0.0.1:18001 --data-dir /var/lib/mpg",
            "    curl 'http://127.0.0.1:18001/debug/config/status?format=text'",
            "",
            "  Look at config in files, as the operator would:",
            "",
            "    mpg validate -f examples/",
            "    mpg explain -f examples/shop.yaml http://shop.example.com/checkout/1",
            "",
            "  kubectl mpg shows rollouts and steers them: put bin/ on the PATH.",
            "",
            "  Every option of operator and proxy can come from the environment: --data-dir is MPG_DATA_DIR.",
            "  MPG_LOG_LEVEL is TRACE, DEBUG, INFO (default), WARN or ERROR. Logs go to stderr,",
            "  a readable line each or, with MPG_LOG_FORMAT=json, an object each."
        })
public final class Mpg implements Runnable {
    // java.util.logging forgets the level of a logger that nobody holds.
    private static final Logger GRPC = Logger.getLogger("io.grpc");

    /** As src/main/resources/logback.xml has them. */
    private static final List<String> LOG_FORMATS = List.of("console", "json");

    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = "--verbose",
            scope = ScopeType.INHERIT,
            description = "When it fails, show the stack trace too.",
            defaultValue = "${env:MPG_VERBOSE:-false}")
    private boolean verbose;

    private Mpg() {}

    /**
     * Runs the command and ends the process with its exit code. After the word {@code kubectl} it is the plugin, whose help
     * says {@code kubectl mpg}.
     */
    public static void main(String[] args) {
        Optional<String> wrong = wrongLogFormat(System.getenv());
        if (wrong.isPresent()) {
            System.err.println("mpg: " + wrong.get());
            System.exit(CommandLine.ExitCode.USAGE);
        }
        GRPC.setLevel(Level.WARNING);
        SLF4JBridgeHandler.removeHandlersForRootLogger();
        SLF4JBridgeHandler.install();
        boolean plugin = args.length > 0 && args[0].equals("kubectl");
        System.exit(
                plugin
                        ? KubectlMpg.commandLine().execute(Arrays.copyOfRange(args, 1, args.length))
                        : commandLine().execute(args));
    }

    /** With a form that there isn't, nothing at all would be logged. */
    static Optional<String> wrongLogFormat(Map<String, String> environment) {
        return Optional.ofNullable(environment.get("MPG_LOG_FORMAT"))
                .filter(format -> !LOG_FORMATS.contains(format))
                .map(format -> "MPG_LOG_FORMAT is '" + format + "', not " + String.join(" or ", LOG_FORMATS));
    }

    static CommandLine commandLine() {
        Mpg mpg = new Mpg();
        CommandLine commands = new CommandLine(mpg);
        commands.setParameterExceptionHandler(Mpg::wrongUsage);
        commands.setExecutionExceptionHandler(mpg::failure);
        commands.setCaseInsensitiveEnumValuesAllowed(true);
        return commands;
    }

    @Override
    public void run() {
        if (spec != null) {
            spec.commandLine().usage(spec.commandLine().getOut());
        }
    }

    private static int wrongUsage(ParameterException e, String[] args) {
        CommandLine command = e.getCommandLine();
        PrintWriter err = command.getErr();
        err.println("mpg: " + e.getMessage());
        if (!CommandLine.UnmatchedArgumentException.printSuggestions(e, err)) {
            err.println("See " + command.getCommandSpec().qualifiedName() + " --help");
        }
        err.flush();
        return CommandLine.ExitCode.USAGE;
    }

    private int failure(Exception e, CommandLine command, @Nullable ParseResult parsed) {
        PrintWriter err = command.getErr();
        if (verbose) {
            e.printStackTrace(err);
        }
        String message = e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        err.println("mpg: " + message.replaceAll("\\s*\\R\\s*", " "));
        err.flush();
        return command.getCommandSpec().exitCodeOnExecutionException();
    }
}
