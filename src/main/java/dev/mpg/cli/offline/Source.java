package dev.mpg.cli.offline;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileVisitOption;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * A text that was read.
 *
 * @param file how findings call it
 */
record Source(String file, String text) {
    /** Of one file, in bytes. */
    static final int MAX_BYTES = 16 << 20;

    private static final String STDIN = "-";
    private static final List<String> ENDINGS = List.of(".yaml", ".yml", ".json");

    /** What of a command line can't be read; the message says what to do. */
    static final class UnreadableException extends Exception {
        private static final long serialVersionUID = 1L;
        private final transient Finding finding;

        UnreadableException(String file, String found, String remedy) {
            super(found);
            this.finding = Finding.ofFile(file, null, found, remedy);
        }

        Finding finding() {
            return finding;
        }
    }

    /** The files that this argument names: a file, the YAML and JSON files in a folder and below it by name, or {@code -}. */
    static List<String> files(String argument) throws UnreadableException {
        Path path = Path.of(argument);
        if (argument.equals(STDIN) || !Files.isDirectory(path)) {
            return List.of(argument);
        }
        try (Stream<Path> walk = Files.walk(path, new FileVisitOption[0])) {
            List<String> files = walk.filter(file -> isOneOfOurs(path.relativize(file)) && Files.isRegularFile(file))
                    .sorted()
                    .map(Path::toString)
                    .toList();
            if (files.isEmpty()) {
                throw new UnreadableException(
                        argument,
                        "there is no file in this folder that ends with " + String.join(", ", ENDINGS),
                        "name another folder or a file");
            }
            return files;
        } catch (IOException | java.io.UncheckedIOException e) {
            throw new UnreadableException(argument, why(e), "make the folder one that can be read");
        }
    }

    /** What begins with a dot belongs to tools. */
    private static boolean isOneOfOurs(Path file) {
        for (Path part : file) {
            if (part.toString().startsWith(".") && !part.toString().isEmpty()) {
                return false;
            }
        }
        String name = file.toString().toLowerCase(Locale.ROOT);
        return ENDINGS.stream().anyMatch(name::endsWith);
    }

    /** @param stdin what {@code -} stands for */
    static Source read(String file, InputStream stdin) throws UnreadableException {
        String name = file.equals(STDIN) ? "stdin" : file;
        byte[] bytes;
        try {
            if (file.equals(STDIN)) {
                bytes = stdin.readNBytes(MAX_BYTES + 1);
            } else {
                try (InputStream in = Files.newInputStream(Path.of(file))) {
                    bytes = in.readNBytes(MAX_BYTES + 1);
                }
            }
        } catch (NoSuchFileException e) {
            throw new UnreadableException(name, "there is no such file or folder", "correct its name");
        } catch (IOException e) {
            throw new UnreadableException(name, why(e), "make it one that can be read");
        }
        if (bytes.length > MAX_BYTES) {
            throw new UnreadableException(
                    name, "it is larger than " + (MAX_BYTES >> 20) + " MiB", "split it into several files");
        }
        try {
            String text = StandardCharsets.UTF_8
                    .newDecoder()
                    .decode(ByteBuffer.wrap(bytes))
                    .toString();
            return new Source(name, text.startsWith("\uFEFF") ? text.substring(1) : text);
        } catch (CharacterCodingException e) {
            throw new UnreadableException(name, "it is no text in UTF-8", "save it as UTF-8");
        }
    }

    private static String why(Exception e) {
        return "it cannot be read: "
                + (e instanceof AccessDeniedException
                        ? "permission denied"
                        : Optional.ofNullable(e.getMessage())
                                .orElse(e.getClass().getSimpleName()));
    }

    /** All of these arguments' texts; what can't be read is added to the findings. */
    static List<Source> readAll(List<String> arguments, InputStream stdin, List<Finding> findings) {
        List<Source> sources = new ArrayList<>();
        for (String argument : arguments) {
            try {
                for (String file : files(argument)) {
                    try {
                        sources.add(read(file, stdin));
                    } catch (UnreadableException e) {
                        findings.add(e.finding());
                    }
                }
            } catch (UnreadableException e) {
                findings.add(e.finding());
            }
        }
        return sources;
    }
}
