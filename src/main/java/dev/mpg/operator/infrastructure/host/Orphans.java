package dev.mpg.operator.infrastructure.host;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Optional;
import java.util.Set;
import java.util.function.Predicate;
import java.util.stream.Stream;

/**
 * Processes that an operator started but had no time to write down, because it was killed. Nobody would ever end them, and
 * they have the addresses of those that should run.
 */
final class Orphans {
    private Orphans() {}

    /**
     * Those that were started in one of the folders, name it in their arguments, and are not known. Both, because a person
     * may well be in a folder, or look at the log in it from elsewhere.
     *
     * @param known processes that are written down; what they have started themselves is theirs
     * @return none where there is no {@code /proc} of Linux
     */
    static List<ProcessHandle> find(Set<Path> folders, Set<ProcessHandle> known) throws IOException {
        Path proc = Path.of("/proc");
        if (folders.isEmpty() || !Files.isDirectory(proc.resolve("self"))) {
            return List.of();
        }
        try (Stream<Path> processes = Files.list(proc)) {
            return processes
                    .filter(process ->
                            Character.isDigit(process.getFileName().toString().charAt(0)))
                    .filter(process -> isStartedIn(folders, process))
                    .flatMap(process -> ProcessHandle.of(
                            Long.parseLong(process.getFileName().toString()))
                            .stream())
                    .filter(Predicate.not(process -> belongsTo(known, process)))
                    .toList();
        }
    }

    private static boolean isStartedIn(Set<Path> folders, Path process) {
        try {
            Path folder = Files.readSymbolicLink(process.resolve("cwd"));
            // Not ProcessHandle.Info, which cuts arguments at one memory page: a Java class path alone can be longer.
            return folders.contains(folder)
                    && Files.readString(process.resolve("cmdline"), StandardCharsets.ISO_8859_1)
                            .contains(asRead(folder));
        } catch (IOException e) {
            return false; // gone meanwhile, or someone else's
        }
    }

    private static String asRead(Path folder) {
        return new String((folder + "/").getBytes(StandardCharsets.UTF_8), StandardCharsets.ISO_8859_1);
    }

    private static boolean belongsTo(Set<ProcessHandle> known, ProcessHandle process) {
        return Stream.iterate(Optional.of(process), Optional::isPresent, each -> each.flatMap(ProcessHandle::parent))
                .flatMap(Optional::stream)
                .anyMatch(known::contains);
    }
}
