package dev.mpg.operator.infrastructure.host;

import dev.mpg.operator.infrastructure.Infrastructure.Workload;
import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One process that is kept as it is wanted: started, replaced when it should be another, started again when it ends,
 * ended when it should not be.
 *
 * <p>What is wanted may be said from any thread, and {@link #workload()} read from any; all else happens on the loop of
 * the {@link Supervision}.
 */
final class SupervisedProcess {
    private static final Logger log = LoggerFactory.getLogger(SupervisedProcess.class);
    private static final Optional<Path> SETSID = onPath("setsid");

    /** What the process should be, given what this machine gives it. Called again and again: must be pure. */
    @FunctionalInterface
    interface Blueprint {
        ProcessSpec at(String address, ProcessFolder folder);
    }

    /** Told on the loop. */
    interface Observer {
        /** It started, ended or failed. */
        void changed(SupervisedProcess process);

        /**
         * It ended for good, and its folder is deleted.
         *
         * @return false when it is wanted again meanwhile: then it goes on
         */
        boolean gone(SupervisedProcess process);
    }

    private final Supervision supervision;
    private final LoopbackAddresses addresses;
    private final Observer observer;
    private final ProcessFolder folder;
    private final String owner;
    private final String name;
    private final Map<String, Integer> ports;

    /** Null while nobody asks for it: what runs then is left alone, what doesn't is not started. */
    private volatile @Nullable Blueprint wanted;

    private volatile boolean erase;
    private volatile Workload workload;
    private volatile @Nullable ProcessHandle running;

    // Only on the loop.
    private String address;
    private @Nullable ProcessRecord record;
    private Instant runningSince = Instant.EPOCH;
    private boolean ending;
    private @Nullable Future<?> kill;
    private @Nullable Future<?> restart;
    private int crashes;
    private @Nullable String failure;
    private @Nullable Future<?> settle;
    /** The hash of the spec that was started last, or was tried to. */
    private @Nullable String tried;

    /** One that never ran. It gets the lowest free address. */
    SupervisedProcess(
            Supervision supervision,
            LoopbackAddresses addresses,
            Observer observer,
            ProcessFolder folder,
            String owner,
            String name,
            Map<String, Integer> ports) {
        this(supervision, addresses, observer, folder, owner, name, ports, addresses.take(ports.values()));
    }

    private SupervisedProcess(
            Supervision supervision,
            LoopbackAddresses addresses,
            Observer observer,
            ProcessFolder folder,
            String owner,
            String name,
            Map<String, Integer> ports,
            String address) {
        this.supervision = supervision;
        this.addresses = addresses;
        this.observer = observer;
        this.folder = folder;
        this.owner = owner;
        this.name = name;
        this.ports = Map.copyOf(ports);
        this.address = address;
        this.workload = new Workload(name, false, address, ports, null);
    }

    /** One that an earlier operator started. It keeps its address and, if it still runs, goes on running. */
    static SupervisedProcess found(
            Supervision supervision,
            LoopbackAddresses addresses,
            Observer observer,
            ProcessFolder folder,
            ProcessRecord record,
            Map<String, Integer> ports) {
        addresses.keep(record.address());
        SupervisedProcess process = new SupervisedProcess(
                supervision, addresses, observer, folder, record.owner(), record.name(), ports, record.address());
        process.record = record;
        process.tried = record.specHash();
        record.identity().find().ifPresent(handle -> {
            process.runningSince = Instant.parse(record.startedAt());
            process.running = handle;
            process.publish();
            // Of a process that isn't this JVM's child the operating system tells the end, but not the status.
            var _ = handle.onExit()
                    .thenAcceptAsync(ended -> process.ended(ended, OptionalInt.empty()), supervision::run);
        });
        return process;
    }

    String name() {
        return name;
    }

    Workload workload() {
        return workload;
    }

    boolean isWanted() {
        return wanted != null;
    }

    /** Empty when it doesn't run. For the one who ends all, once the loop stands still. */
    Optional<ProcessHandle> running() {
        return Optional.ofNullable(running);
    }

    /** Makes it so, soon. */
    void want(Blueprint blueprint) {
        wanted = blueprint;
        supervision.run(this::converge);
    }

    /** Ends it and deletes what it kept, soon. */
    void remove() {
        wanted = null;
        erase = true;
        supervision.run(this::converge);
    }

    void limitLog() {
        try {
            folder.log().limit();
        } catch (IOException e) {
            log.atWarn().setCause(e).addKeyValue("process", name).log("Cannot shorten a log");
        }
    }

    private void converge() {
        Blueprint blueprint = wanted;
        if (running != null) {
            if (erase) {
                end();
            } else if (blueprint != null) {
                keepOrReplace(blueprint.at(address, folder));
            }
            return;
        }
        if (erase) {
            cancelRestart();
            if (!deleteFolder()) {
                return;
            }
            erase = false;
            if (observer.gone(this)) {
                addresses.release(address);
                return;
            }
            crashes = 0;
            blueprint = wanted;
        }
        if (blueprint != null) {
            startUnlessWaiting(blueprint);
        }
    }

    private void keepOrReplace(ProcessSpec spec) {
        if (record == null || !record.specHash().equals(spec.hash())) {
            end();
            return;
        }
        try {
            folder.writeFiles(spec.liveFiles());
        } catch (IOException e) {
            log.atError().setCause(e).addKeyValue("process", name).log("Cannot tell a process what changed");
        }
    }

    /** After a crash it starts when the wait is over, unless it is to be something else: that may work at once. */
    private void startUnlessWaiting(Blueprint blueprint) {
        boolean another = !blueprint.at(address, folder).hash().equals(tried);
        if (restart != null && !another) {
            return;
        }
        if (another) {
            crashes = 0;
            failure = null;
        }
        cancelRestart();
        start(blueprint);
    }

    private void start(Blueprint blueprint) {
        try {
            if (!LoopbackAddresses.isFree(address, ports.values())) {
                String before = address;
                address = addresses.take(ports.values());
                addresses.release(before);
                log.atWarn()
                        .addKeyValue("process", name)
                        .log("Someone else listens on {}: moved to {}", before, address);
            }
            ProcessSpec spec = blueprint.at(address, folder);
            tried = spec.hash();
            folder.writeFiles(spec.files());
            folder.writeFiles(spec.liveFiles());
            folder.log().create();
            folder.log().limit();
            long logStart = folder.log().size();
            if (supervision.isStopping()) {
                return;
            }
            Process process = builder(spec).start();
            running = process.toHandle(); // at once, so that whoever ends all ends it too
            runningSince = supervision.now();
            remember(process, spec, logStart);
            watch(process);
            settleLater();
            log.atInfo().addKeyValue("process", name).log("Started with pid {} on {}", process.pid(), address);
        } catch (IOException | RuntimeException e) {
            crashed("cannot be started: " + e.getMessage());
        }
        changed();
    }

    private ProcessBuilder builder(ProcessSpec spec) {
        List<String> command = new ArrayList<>();
        // In a session of its own: Ctrl-C in the terminal is for the operator, which decides what becomes of the rest.
        SETSID.ifPresent(setsid -> command.add(setsid.toString()));
        command.addAll(spec.command());
        return new ProcessBuilder(command)
                .directory(folder.path().toFile())
                .redirectInput(new File("/dev/null"))
                .redirectErrorStream(true)
                .redirectOutput(
                        ProcessBuilder.Redirect.appendTo(folder.log().file().toFile()));
    }

    private void remember(Process process, ProcessSpec spec, long logStart) throws IOException {
        ProcessIdentity identity = ProcessIdentity.of(process.toHandle());
        record = new ProcessRecord(
                owner,
                name,
                identity.pid(),
                identity.started(),
                runningSince.toString(),
                address,
                spec.hash(),
                logStart,
                spec.command());
        try {
            folder.writeRecord(record);
        } catch (IOException e) {
            process.destroyForcibly(); // the next operator would not know of it
            running = null;
            throw e;
        }
    }

    private void watch(Process child) {
        ProcessHandle handle = child.toHandle();
        var _ = child.onExit()
                .thenAcceptAsync(ended -> ended(handle, OptionalInt.of(ended.exitValue())), supervision::run);
    }

    /** What failed before is told until this has run well, as it may well fail again. */
    private void settleLater() {
        if (failure != null) {
            settle = supervision.runAfter(supervision.ranWell().toMillis(), () -> {
                settle = null;
                failure = null;
                changed();
            });
        }
    }

    private void end() {
        ProcessHandle handle = running;
        if (handle == null || ending) {
            return;
        }
        ending = true;
        handle.destroy();
        kill = supervision.runAfter(Supervision.GRACE.toMillis(), handle::destroyForcibly);
    }

    private void ended(ProcessHandle handle, OptionalInt status) {
        if (!handle.equals(running)) {
            return;
        }
        running = null;
        if (settle != null) {
            settle.cancel(false);
            settle = null;
        }
        if (ending) {
            ending = false;
            failure = null;
            if (kill != null) {
                kill.cancel(false);
                kill = null;
            }
            log.atInfo().addKeyValue("process", name).log("Ended");
        } else {
            Duration ran = Duration.between(runningSince, supervision.now());
            if (ran.compareTo(supervision.ranWell()) >= 0) {
                crashes = 0;
            }
            crashed(Failure.describe(status, lastLines(), addressesToListenOn()));
        }
        changed();
        converge();
    }

    private void crashed(String why) {
        failure = why;
        crashes++;
        if (wanted == null) {
            log.atWarn().addKeyValue("process", name).log("Crashed: {}", why);
            return;
        }
        long wait = supervision.backoff(crashes);
        log.atWarn().addKeyValue("process", name).log("Crashed, the next start is in {} ms: {}", wait, why);
        restart = supervision.runAfter(wait, () -> {
            restart = null;
            converge();
        });
    }

    private List<String> lastLines() {
        try {
            return folder.log().lastLines(record == null ? 0 : record.logStart(), Failure.LINES);
        } catch (IOException e) {
            return List.of("(its log cannot be read: " + e.getMessage() + ")");
        }
    }

    private List<String> addressesToListenOn() {
        return ports.values().stream()
                .sorted()
                .map(port -> address + ":" + port)
                .toList();
    }

    private void cancelRestart() {
        if (restart != null) {
            restart.cancel(false);
            restart = null;
        }
    }

    private boolean deleteFolder() {
        try {
            folder.delete();
            record = null;
            tried = null;
            failure = null;
            return true;
        } catch (IOException e) {
            failure = "its folder cannot be deleted: " + e.getMessage();
            log.atError().setCause(e).addKeyValue("process", name).log("Cannot delete {}", folder.path());
            changed();
            return false;
        }
    }

    private void changed() {
        publish();
        observer.changed(this);
    }

    private void publish() {
        workload = new Workload(name, running != null, address, ports, failure);
    }

    private static Optional<Path> onPath(String program) {
        String path = System.getenv("PATH");
        return Stream.of((path == null ? "" : path).split(File.pathSeparator, -1))
                .filter(folder -> !folder.isEmpty())
                .map(folder -> Path.of(folder, program))
                .filter(Files::isExecutable)
                .findFirst();
    }
}
