package dev.mpg.operator.infrastructure.host;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Optional;

/**
 * Tells a process from all others, also from a later one that got the same id. Survives the JVM that made it.
 *
 * @param pid the operating system's process id
 * @param started when it started, in words that only ever are compared. On Linux the boot and the clock ticks since then:
 *     the instant that Java derives from them moves whenever the machine's clock is set. Elsewhere that instant
 */
record ProcessIdentity(long pid, String started) {
    private static final Path PROC = Path.of("/proc");
    private static final int STATE = 0;
    private static final int START_TICKS = 19;

    /** Of a process that just was started; one that has ended already has no start, and never {@link #find is found}. */
    static ProcessIdentity of(ProcessHandle process) {
        return new ProcessIdentity(process.pid(), started(process).orElse("never"));
    }

    /** The process, if it still runs. */
    Optional<ProcessHandle> find() {
        return ProcessHandle.of(pid)
                .filter(ProcessHandle::isAlive)
                .filter(process -> started(process).filter(started::equals).isPresent());
    }

    private static Optional<String> started(ProcessHandle process) {
        if (!Files.isDirectory(PROC.resolve("self"))) {
            return process.info().startInstant().map(Object::toString);
        }
        try {
            String stat = Files.readString(PROC.resolve(process.pid() + "/stat"));
            // The second field is the program's name in parentheses, and may itself hold spaces and parentheses.
            String[] fields = stat.substring(stat.lastIndexOf(')') + 2).split(" ", -1);
            boolean ended = fields[STATE].equals("Z") || fields[STATE].equals("X");
            String boot =
                    Files.readString(PROC.resolve("sys/kernel/random/boot_id")).strip();
            return ended ? Optional.empty() : Optional.of(boot + "/" + fields[START_TICKS]);
        } catch (IOException e) {
            return Optional.empty(); // gone meanwhile
        }
    }
}
