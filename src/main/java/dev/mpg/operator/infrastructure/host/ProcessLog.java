package dev.mpg.operator.infrastructure.host;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.List;

/**
 * What a process said, and its predecessors: a file that it appends to.
 *
 * @param file where
 */
record ProcessLog(Path file) {
    private static final long LIMIT = 10L << 20;
    private static final int TAIL_BYTES = 8 << 10;

    /** Makes an empty one unless there is one. */
    void create() throws IOException {
        OwnerOnly.createFile(file);
    }

    /** In bytes; 0 when there is none. */
    long size() throws IOException {
        return Files.exists(file) ? Files.size(file) : 0;
    }

    /** Sets a log aside, as {@code log.1}, that has become long. A process that still writes goes on at the beginning. */
    void limit() throws IOException {
        if (size() <= LIMIT) {
            return;
        }
        Files.copy(file, file.resolveSibling(file.getFileName() + ".1"), StandardCopyOption.REPLACE_EXISTING);
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.WRITE)) {
            channel.truncate(0);
        }
    }

    /** The last lines that aren't blank, at most {@code count}, of what was written after {@code start}. */
    List<String> lastLines(long start, int count) throws IOException {
        if (size() == 0) {
            return List.of();
        }
        try (FileChannel channel = FileChannel.open(file, StandardOpenOption.READ)) {
            long size = channel.size();
            long from = Math.max(start > size ? 0 : start, size - TAIL_BYTES);
            ByteBuffer tail = ByteBuffer.allocate((int) (size - from));
            while (tail.hasRemaining() && channel.read(tail, from + tail.position()) >= 0) {
                // A read may give less than was asked for.
            }
            List<String> lines = StandardCharsets.UTF_8
                    .decode(tail.flip())
                    .toString()
                    .lines()
                    .filter(line -> !line.isBlank())
                    .toList();
            return lines.subList(Math.max(0, lines.size() - count), lines.size());
        }
    }
}
