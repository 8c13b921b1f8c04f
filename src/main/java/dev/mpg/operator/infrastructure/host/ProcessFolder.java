package dev.mpg.operator.infrastructure.host;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.DirectoryNotEmptyException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.Comparator;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Stream;

/**
 * All that one process has on disk: {@code process.json}, the files it reads, its log, and {@code data}, which is its own.
 *
 * @param path absolute
 */
record ProcessFolder(Path path) {
    /** Takes what later versions may add, and nothing less than it knows. */
    private static final ObjectMapper JSON = new ObjectMapper()
            .enable(SerializationFeature.INDENT_OUTPUT)
            .disable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_MISSING_CREATOR_PROPERTIES)
            .enable(DeserializationFeature.FAIL_ON_NULL_CREATOR_PROPERTIES);

    Path file(String name) {
        return path.resolve(name);
    }

    Path data() {
        return path.resolve("data");
    }

    ProcessLog log() {
        return new ProcessLog(path.resolve("log"));
    }

    /**
     * The process that was started last; empty when none was.
     *
     * @throws IOException when {@code process.json} can't be read or understood
     */
    Optional<ProcessRecord> readRecord() throws IOException {
        try {
            return Optional.of(JSON.readValue(Files.readString(recordFile()), ProcessRecord.class));
        } catch (NoSuchFileException e) {
            return Optional.empty();
        } catch (JsonProcessingException e) {
            throw new IOException(recordFile() + " does not say what an operator writes there", e);
        }
    }

    void writeRecord(ProcessRecord record) throws IOException {
        write(recordFile(), JSON.writeValueAsString(record));
    }

    private Path recordFile() {
        return path.resolve("process.json");
    }

    /** Makes the folder with these files in it. Each is replaced as a whole, and only when its content differs. */
    void writeFiles(Map<String, String> files) throws IOException {
        OwnerOnly.createFolders(data());
        for (Map.Entry<String, String> entry : files.entrySet()) {
            Path file = file(entry.getKey());
            if (!Files.exists(file) || !Files.readString(file).equals(entry.getValue())) {
                write(file, entry.getValue());
            }
        }
    }

    private void write(Path file, String content) throws IOException {
        Path draft = file.resolveSibling(file.getFileName() + ".new");
        try (FileChannel channel = OwnerOnly.open(
                draft, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
            ByteBuffer bytes = StandardCharsets.UTF_8.encode(content);
            while (bytes.hasRemaining()) {
                channel.write(bytes);
            }
            channel.force(true);
        }
        Files.move(draft, file, StandardCopyOption.ATOMIC_MOVE);
    }

    /** Deletes the folder with everything in it, and the one that it is in when that has become empty. */
    void delete() throws IOException {
        if (Files.exists(path)) {
            try (Stream<Path> below = Files.walk(path)) {
                for (Path file : below.sorted(Comparator.reverseOrder()).toList()) {
                    Files.deleteIfExists(file);
                }
            } catch (UncheckedIOException e) {
                throw e.getCause();
            }
        }
        Path parent = path.getParent();
        if (parent != null) {
            try {
                Files.deleteIfExists(parent);
            } catch (DirectoryNotEmptyException e) {
                // Others of the same fleet or pool are still there.
            }
        }
    }
}
