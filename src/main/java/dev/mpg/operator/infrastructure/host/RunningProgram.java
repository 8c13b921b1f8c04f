package dev.mpg.operator.infrastructure.host;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ContentHash;
import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * The program that runs here, so that it can be run once more: the same Java, the same class path.
 *
 * @param java the Java launcher
 * @param classPath its entries, absolute
 * @param build tells one build from another on the same class path, so that instances of an old build are replaced
 */
record RunningProgram(Path java, String classPath, String build) {
    private static final String MAIN_CLASS = "dev.mpg.cli.Mpg";

    private static final String LOG_CONFIGURATION = "logback.configurationFile";

    /**
     * Protobuf's use of sun.misc.Unsafe and gRPC's native libraries are known and not worth a warning in each log. The
     * rest fits an instance, which is small, into a laptop beside many others.
     */
    private static final List<String> FLAGS = List.of(
            "--sun-misc-unsafe-memory-access=allow",
            "--enable-native-access=ALL-UNNAMED",
            "-XX:+UseSerialGC",
            "-Xmx256m",
            "-XX:+ExitOnOutOfMemoryError");

    static RunningProgram find() {
        List<Path> entries = Stream.of(System.getProperty("java.class.path").split(File.pathSeparator, -1))
                .filter(entry -> !entry.isEmpty())
                .map(entry -> Path.of(entry).toAbsolutePath())
                .toList();
        Path java = ProcessHandle.current()
                .info()
                .command()
                .map(Path::of)
                .orElseGet(() -> Path.of(System.getProperty("java.home"), "bin", "java"));
        return new RunningProgram(
                java,
                entries.stream().map(Path::toString).collect(Collectors.joining(File.pathSeparator)),
                build(entries));
    }

    List<String> command(String... arguments) {
        List<String> command = new ArrayList<>();
        command.add(java.toString());
        command.addAll(FLAGS);
        command.add("-Dmpg.build=" + build);
        // Whoever says how this process logs, means its instances, too.
        Optional.ofNullable(System.getProperty(LOG_CONFIGURATION))
                .ifPresent(file -> command.add("-D" + LOG_CONFIGURATION + "=" + file));
        command.addAll(List.of("-cp", classPath, MAIN_CLASS));
        command.addAll(List.of(arguments));
        return List.copyOf(command);
    }

    /** A hash over when each file of the class path was written and how long it is. */
    private static String build(List<Path> entries) {
        StringBuilder files = new StringBuilder();
        for (Path entry : entries) {
            if (!Files.exists(entry)) {
                continue;
            }
            try (Stream<Path> below = Files.walk(entry)) {
                for (Path file : below.filter(Files::isRegularFile).sorted().toList()) {
                    files.append(file)
                            .append('\0')
                            .append(Files.size(file))
                            .append('\0')
                            .append(Files.getLastModifiedTime(file).toMillis())
                            .append('\n');
                }
            } catch (IOException e) {
                throw new UncheckedIOException("cannot read the class path at " + entry, e);
            }
        }
        return ContentHash.of(ByteString.copyFromUtf8(files.toString())).abbreviated();
    }
}
