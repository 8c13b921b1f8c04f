package dev.mpg.proxy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where corrupt files of the store are kept for people to look at: the last {@value #KEPT}, at most {@value #MAX_BYTES}
 * bytes, named {@code <number>-<file name>} in the order in which they were found.
 */
final class Quarantine {
    static final int KEPT = 16;
    static final long MAX_BYTES = 64L << 20;

    private static final Logger log = LoggerFactory.getLogger(Quarantine.class);

    private final Path folder;
    private final Disk disk;
    private final long maxBytes;
    private int count;
    private long bytes;

    Quarantine(Path folder, Disk disk) {
        this(folder, disk, MAX_BYTES);
    }

    Quarantine(Path folder, Disk disk, long maxBytes) {
        this.folder = folder;
        this.disk = disk;
        this.maxBytes = maxBytes;
    }

    /**
     * Moves a file here. What it held counts as not held, and is fetched again.
     *
     * @throws IOException when that failed: the file may be where it was
     */
    void add(Path file, String reason) throws IOException {
        Files.createDirectories(folder);
        List<Path> kept = kept();
        int next = kept.isEmpty() ? 1 : number(kept.getLast()) + 1;
        Path place = folder.resolve("%06d-%s".formatted(next, file.getFileName()));
        disk.rename(file, place);
        log.error("{} is corrupt: {}; moved to {}; what it held is fetched from the Master again", file, reason, place);
        bound();
    }

    /** Deletes the oldest until the rest is within the bounds, and counts what is left. */
    void bound() throws IOException {
        int files = 0;
        long sum = 0;
        for (Path file : kept().reversed()) {
            long size = Files.size(file);
            if (files == KEPT || sum + size > maxBytes) {
                disk.delete(file);
            } else {
                files++;
                sum += size;
            }
        }
        count = files;
        bytes = sum;
    }

    /** How many files are kept. */
    int count() {
        return count;
    }

    /** Size of all of them. */
    long bytes() {
        return bytes;
    }

    private List<Path> kept() throws IOException {
        if (Files.notExists(folder)) {
            return List.of();
        }
        try (Stream<Path> files = Files.list(folder)) {
            return files.filter(file -> number(file) >= 0).sorted().toList();
        }
    }

    private static int number(Path file) {
        String name = String.valueOf(file.getFileName());
        int dash = name.indexOf('-');
        try {
            return dash < 0 ? -1 : Integer.parseInt(name, 0, dash, 10);
        } catch (NumberFormatException e) {
            return -1;
        }
    }
}
