package dev.mpg.operator.infrastructure.host;

import dev.mpg.gateway.Bootstrap;
import dev.mpg.gateway.HostPort;
import dev.mpg.gateway.XdsServers;
import dev.mpg.operator.infrastructure.Infrastructure;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Clock;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.Executors;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.stream.Collectors;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Proxy instances and gateways as processes of this machine. Each has a loopback address of its own, so that all instances
 * serve on the same ports and all gateways of a fleet can have the ports that the Proxy's listeners name.
 *
 * <p>What runs, and where, is kept in a state folder. An operator that finds processes there takes them over when they
 * are as they should be, and replaces them when not. Thread-safe.
 */
public final class HostInfrastructure implements Infrastructure {
    private static final Logger log = LoggerFactory.getLogger(HostInfrastructure.class);

    private static final String XDS_SERVERS = "xds-servers.json";
    private static final String BOOTSTRAP = "bootstrap.json";

    private final HostSettings settings;
    private final String envoy;
    private final Supervision supervision;
    private final StateFolder state;
    private final LoopbackAddresses instanceAddresses;
    private final LoopbackAddresses gatewayAddresses;
    private final List<ChangeListener> listeners = new CopyOnWriteArrayList<>();

    /** Guarded by this. */
    private final Map<Group, Map<String, SupervisedProcess>> processes = new HashMap<>();

    private boolean closed;

    /**
     * Takes over what runs.
     *
     * @throws IOException when the state folder can't be used, for example because another operator uses it
     */
    public HostInfrastructure(HostSettings settings) throws IOException {
        this(
                settings,
                new Supervision(
                        Executors.newSingleThreadScheduledExecutor(Thread.ofPlatform()
                                .daemon()
                                .name("host-infrastructure")
                                .factory()),
                        Clock.systemUTC(),
                        Supervision.defaultBackoff(),
                        Supervision.RAN_WELL));
    }

    /**
     * @param supervision it is stopped with this
     */
    HostInfrastructure(HostSettings settings, Supervision supervision) throws IOException {
        this.settings = settings;
        this.envoy = withoutLinks(settings.envoy());
        this.supervision = supervision;
        this.instanceAddresses = new LoopbackAddresses(settings.instanceNetwork());
        this.gatewayAddresses = new LoopbackAddresses(settings.gatewayNetwork());
        this.state = StateFolder.open(settings.state());
        try {
            takeOver(state.entries());
        } catch (IOException | RuntimeException e) {
            supervision.stop();
            state.close();
            throw e;
        }
        limitLogsLater();
    }

    /**
     * A link to another version of the program must make another command, so that the processes of the old one are
     * replaced. A missing program is no reason not to start: each gateway's failure will tell.
     */
    private static String withoutLinks(Path program) throws IOException {
        return (Files.exists(program) ? program.toRealPath() : program.toAbsolutePath()).toString();
    }

    private synchronized void takeOver(List<StateFolder.Entry> entries) throws IOException {
        Map<StateFolder.Entry, Optional<ProcessRecord>> found = new LinkedHashMap<>();
        entries.forEach(entry -> found.put(entry, record(entry)));
        List<ProcessHandle> orphans = Orphans.find(
                entries.stream().map(entry -> entry.folder().path()).collect(Collectors.toSet()),
                found.values().stream()
                        .flatMap(Optional::stream)
                        .flatMap(record -> record.identity().find().stream())
                        .collect(Collectors.toSet()));
        if (!orphans.isEmpty()) {
            log.info(
                    "An earlier operator started processes and was killed before it wrote them down: ending {}",
                    orphans);
            endAll(orphans);
        }
        found.forEach(this::takeOver);
    }

    private static Optional<ProcessRecord> record(StateFolder.Entry entry) {
        try {
            return entry.folder().readRecord();
        } catch (IOException e) {
            log.atError()
                    .setCause(e)
                    .addKeyValue("process", entry.name())
                    .log("Cannot read which process was started last; it is started anew");
            return Optional.empty();
        }
    }

    private void takeOver(StateFolder.Entry entry, Optional<ProcessRecord> record) {
        Group group = new Group(entry.kind(), entry.owner());
        SupervisedProcess process = record.map(known -> SupervisedProcess.found(
                        supervision,
                        addresses(entry.kind()),
                        new Members(group),
                        entry.folder(),
                        known,
                        entry.kind().ports()))
                .orElseGet(() -> create(group, entry.name()));
        members(group).put(entry.name(), process);
    }

    @Override
    public List<Workload> ensurePool(String scheduler, int instances) {
        Map<String, SupervisedProcess.Blueprint> wanted = new LinkedHashMap<>();
        for (int ordinal = 0; ordinal < instances; ordinal++) {
            String name = scheduler + "-" + ordinal;
            wanted.put(name, (address, folder) -> instance(name, address, folder));
        }
        return ensure(new Group(Kind.INSTANCE, scheduler), wanted);
    }

    @Override
    public List<Workload> ensureFleet(Fleet fleet) {
        List<HostPort> xdsServers =
                fleet.xdsAddresses().stream().map(HostPort::parse).toList();
        Map<String, SupervisedProcess.Blueprint> wanted = new LinkedHashMap<>();
        for (int ordinal = 0; ordinal < fleet.replicas(); ordinal++) {
            String name = fleet.proxyName() + "-" + ordinal;
            wanted.put(name, (address, folder) -> gateway(name, fleet.clusterId(), xdsServers, address, folder));
        }
        Group group = new Group(Kind.GATEWAY, fleet.clusterId());
        return xdsServers.isEmpty() ? ensureNoMore(group, List.copyOf(wanted.keySet())) : ensure(group, wanted);
    }

    private ProcessSpec instance(String name, String address, ProcessFolder folder) {
        return new ProcessSpec(
                settings.instanceCommand()
                        .of(new InstanceCommand.Instance(
                                name,
                                new HostPort(address, Kind.INSTANCE.port("xds")),
                                new HostPort(address, Kind.INSTANCE.port("debug")),
                                folder.data())),
                Map.of(),
                Map.of());
    }

    private ProcessSpec gateway(
            String name, String clusterId, List<HostPort> xdsServers, String address, ProcessFolder folder) {
        Bootstrap bootstrap = new Bootstrap(
                name,
                clusterId,
                Optional.of(address),
                new HostPort(address, Kind.GATEWAY.port("admin")),
                new XdsServers.InFile(folder.file(XDS_SERVERS)),
                settings.collector());
        List<String> command = List.of(
                envoy,
                "-c",
                folder.file(BOOTSTRAP).toString(),
                // Nothing is handed over to a successor, so no shared memory, which would stay after a crash.
                "--disable-hot-restart",
                "--log-level",
                "warning",
                "--concurrency",
                "1",
                // How long connections last whose listener is gone; Envoy's default is 10 minutes.
                "--drain-time-s",
                "30");
        return new ProcessSpec(
                command,
                Map.of(BOOTSTRAP, bootstrap.toJson()),
                Map.of(XDS_SERVERS, XdsServers.fileContent(xdsServers)));
    }

    private synchronized List<Workload> ensure(Group group, Map<String, SupervisedProcess.Blueprint> wanted) {
        requireOpen();
        removeAllBut(group, List.copyOf(wanted.keySet()));
        List<Workload> workloads = new ArrayList<>();
        wanted.forEach((name, blueprint) -> {
            SupervisedProcess process = members(group).computeIfAbsent(name, missing -> create(group, missing));
            process.want(blueprint);
            workloads.add(process.workload());
        });
        return workloads;
    }

    /** Of these, those that are there stay as they are. */
    private synchronized List<Workload> ensureNoMore(Group group, List<String> names) {
        requireOpen();
        removeAllBut(group, names);
        Map<String, SupervisedProcess> members = processes.getOrDefault(group, Map.of());
        return names.stream()
                .map(name -> {
                    SupervisedProcess process = members.get(name);
                    return process == null ? new Workload(name, false, null, Map.of(), null) : process.workload();
                })
                .toList();
    }

    @Override
    public void removePool(String scheduler) {
        remove(new Group(Kind.INSTANCE, scheduler));
    }

    @Override
    public void removeFleet(String clusterId) {
        remove(new Group(Kind.GATEWAY, clusterId));
    }

    private synchronized void remove(Group group) {
        requireOpen();
        removeAllBut(group, List.of());
    }

    private void removeAllBut(Group group, List<String> names) {
        processes.getOrDefault(group, Map.of()).forEach((name, process) -> {
            if (!names.contains(name)) {
                process.remove();
            }
        });
    }

    @Override
    public List<String> fleets() {
        return owners(Kind.GATEWAY);
    }

    @Override
    public List<String> pools() {
        return owners(Kind.INSTANCE);
    }

    private synchronized List<String> owners(Kind kind) {
        return processes.entrySet().stream()
                .filter(entry ->
                        entry.getKey().kind() == kind && !entry.getValue().isEmpty())
                .map(entry -> entry.getKey().owner())
                .sorted()
                .toList();
    }

    @Override
    public void onChange(ChangeListener listener) {
        listeners.add(listener);
    }

    @Override
    public Set<Integer> reservedPorts() {
        return Set.copyOf(Kind.GATEWAY.ports().values());
    }

    /** Waits until all have ended, at most some seconds; with {@code keepRunning} is {@link #release}. */
    @Override
    public void close() {
        end(settings.keepRunning());
    }

    @Override
    public void release() {
        end(true);
    }

    private void end(boolean keepRunning) {
        synchronized (this) {
            if (closed) {
                return;
            }
            closed = true;
        }
        supervision.stop();
        if (!keepRunning) {
            endAll(all().stream().flatMap(process -> process.running().stream()).toList());
        }
        state.close();
    }

    private static void endAll(List<ProcessHandle> running) {
        running.forEach(ProcessHandle::destroy);
        if (awaitEnd(running)) {
            return;
        }
        running.forEach(ProcessHandle::destroyForcibly);
        if (!awaitEnd(running)) {
            log.warn(
                    "Not all processes have ended: {}",
                    running.stream().filter(ProcessHandle::isAlive).toList());
        }
    }

    private static boolean awaitEnd(List<ProcessHandle> running) {
        CompletableFuture<?>[] ends =
                running.stream().map(ProcessHandle::onExit).toArray(CompletableFuture<?>[]::new);
        try {
            CompletableFuture.allOf(ends).get(Supervision.GRACE.toMillis(), TimeUnit.MILLISECONDS);
            return true;
        } catch (TimeoutException | ExecutionException e) {
            return false;
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return false;
        }
    }

    private void limitLogsLater() {
        var _ = supervision.runAfter(TimeUnit.MINUTES.toMillis(1), () -> {
            all().forEach(SupervisedProcess::limitLog);
            limitLogsLater();
        });
    }

    private synchronized List<SupervisedProcess> all() {
        return processes.values().stream()
                .flatMap(members -> members.values().stream())
                .toList();
    }

    private void requireOpen() {
        if (closed) {
            throw new IllegalStateException("the infrastructure is closed");
        }
    }

    private SupervisedProcess create(Group group, String name) {
        return new SupervisedProcess(
                supervision,
                addresses(group.kind()),
                new Members(group),
                state.folder(group.kind(), group.owner(), name),
                group.owner(),
                name,
                group.kind().ports());
    }

    private LoopbackAddresses addresses(Kind kind) {
        return switch (kind) {
            case INSTANCE -> instanceAddresses;
            case GATEWAY -> gatewayAddresses;
        };
    }

    /** By name. */
    private Map<String, SupervisedProcess> members(Group group) {
        return processes.computeIfAbsent(group, missing -> new TreeMap<>());
    }

    /** A pool or a fleet. */
    private record Group(Kind kind, String owner) {}

    /** Passes on what happens to the processes of one group, and forgets those that are gone. */
    private final class Members implements SupervisedProcess.Observer {
        private final Group group;

        Members(Group group) {
            this.group = group;
        }

        @Override
        public void changed(SupervisedProcess process) {
            for (ChangeListener listener : listeners) {
                switch (group.kind()) {
                    case INSTANCE -> listener.poolChanged(group.owner());
                    case GATEWAY -> listener.fleetChanged(group.owner());
                }
            }
        }

        @Override
        public boolean gone(SupervisedProcess process) {
            synchronized (HostInfrastructure.this) {
                if (process.isWanted()) {
                    return false;
                }
                Map<String, SupervisedProcess> members = members(group);
                members.remove(process.name());
                if (members.isEmpty()) {
                    processes.remove(group);
                }
            }
            changed(process);
            return true;
        }
    }
}
