package dev.mpg.proxy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Where corrupt files of the store are kept for people to look at: the last {@value #KEPT}, named
 * {@code <number>-<file name>} in the order in which they were found.
 */
final class Quarantine {
    static final int KEPT = 16;

    private static final Logger log = LoggerFactory.getLogger(Quarantine.class);

    private final Path folder;
    private final Disk disk;
    private int next;
    private int count;

    Quarantine(Path folder, Disk disk) throws IOException {
        this.folder = Files.createDirectories(folder);
        this.disk = disk;
        List<Path> kept = kept();
        this.next = kept.isEmpty() ? 1 : number(kept.getLast()) + 1;
        this.count = kept.size();
    }

    /** Moves a file here. What it held counts as not held, and is fetched again. */
    void add(Path file, String reason) throws IOException {
        Path place = folder.resolve("%06d-%s".formatted(next++, file.getFileName()));
        disk.rename(file, place);
        log.error("{} is corrupt: {}; moved to {}; what it held is fetched from the Master again", file, reason, place);
        List<Path> kept = kept();
        for (Path old : kept.subList(0, Math.max(0, kept.size() - KEPT))) {
            disk.delete(old);
        }
        count = Math.min(kept.size(), KEPT);
    }

    /** How many files are kept. */
    int count() {
        return count;
    }

    private List<Path> kept() throws IOException {
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
