package dev.mpg.cli.kubectl;

import io.fabric8.kubernetes.client.KubernetesClientException;
import java.io.PrintWriter;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Option;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.ParseResult;
import picocli.CommandLine.ScopeType;
import picocli.CommandLine.Spec;

/** The kubectl plugin's entry point: {@code kubectl mpg}. */
@Command(
        name = "kubectl mpg",
        description = {
            "Rollouts of traffic config: who runs which version, who refused what and why, and how to put it back.",
            "Talks to the API server, with your kubeconfig and your rights; trace asks the operator or Jaeger, too."
        },
        subcommands = {
            StatusCommand.class,
            HistoryCommand.class,
            DiffCommand.class,
            TraceCommand.class,
            UndoCommand.class,
            ControlCommand.Pause.class,
            ControlCommand.Resume.class,
            ControlCommand.Promote.class,
            ControlCommand.Abort.class
        },
        usageHelpWidth = 100,
        optionListHeading = "%nOptions:%n",
        commandListHeading = "%nCommands:%n",
        exitCodeListHeading = "%nExit codes:%n",
        exitCodeList = {
            "0:it did what was asked",
            "1:it failed, or the rollout did; one line on stderr says why",
            "2:the command line is wrong"
        },
        footerHeading = "%nExamples:%n",
        footer = {
            "  kubectl mpg status                        # a line for each Proxy of the namespace",
            "  kubectl mpg status shop --watch           # a rollout, live",
            "  kubectl mpg status shop --until-done      # in a pipeline: exits 1 when it fails",
            "  kubectl mpg history shop                  # versions, who wanted them, what came of them",
            "  kubectl mpg diff shop stable target       # what is being rolled out",
            "  kubectl mpg trace shop                    # where the last change spent its time, to each gateway's ACK",
            "  kubectl mpg undo shop --dry-run           # what putting it back would change",
            "  kubectl mpg undo shop                     # put it back"
        })
public final class KubectlMpg implements Runnable {
    @Spec
    private @Nullable CommandSpec spec;

    @Option(
            names = {"-h", "--help"},
            usageHelp = true,
            description = "Show this help.")
    @SuppressWarnings("UnusedVariable") // picocli looks at the option, not at the field
    private boolean help;

    @Option(
            names = "--verbose",
            scope = ScopeType.INHERIT,
            description = "When it fails, show the stack trace too.",
            defaultValue = "${env:MPG_VERBOSE:-false}")
    private boolean verbose;

    private final Terminal terminal;

    private KubectlMpg(Terminal terminal) {
        this.terminal = terminal;
    }

    /** The plugin, with the output of this process. */
    public static CommandLine commandLine() {
        return commandLine(Terminal.ofProcess());
    }

    static CommandLine commandLine(Terminal terminal) {
        KubectlMpg mpg = new KubectlMpg(terminal);
        CommandLine commands = new CommandLine(mpg, new Commands(terminal));
        commands.setOut(terminal.out());
        commands.setErr(terminal.err());
        commands.setParameterExceptionHandler(KubectlMpg::wrongUsage);
        commands.setExecutionExceptionHandler(mpg::failure);
        commands.setCaseInsensitiveEnumValuesAllowed(true);
        return commands;
    }

    /** Gives each command the terminal. */
    private record Commands(Terminal terminal) implements CommandLine.IFactory {
        @Override
        public <K> K create(Class<K> type) throws Exception {
            try {
                return type.cast(type.getDeclaredConstructor(Terminal.class).newInstance(terminal));
            } catch (NoSuchMethodException e) {
                return CommandLine.defaultFactory().create(type);
            }
        }
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
        err.println("error: " + e.getMessage());
        if (!CommandLine.UnmatchedArgumentException.printSuggestions(e, err)) {
            err.println("See " + command.getCommandSpec().qualifiedName() + " --help");
        }
        err.flush();
        return CommandLine.ExitCode.USAGE;
    }

    private int failure(Exception e, CommandLine command, @Nullable ParseResult parsed) {
        if (verbose) {
            e.printStackTrace(command.getErr());
        }
        String message = switch (e) {
            case KubernetesClientException refused -> Cluster.explain(refused);
            case Exception other when other.getMessage() != null -> other.getMessage();
            default -> e.getClass().getSimpleName();
        };
        terminal.remark("error: " + message);
        return CommandLine.ExitCode.SOFTWARE;
    }
}
