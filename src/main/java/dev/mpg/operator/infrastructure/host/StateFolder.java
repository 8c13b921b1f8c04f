package dev.mpg.operator.infrastructure.host;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URLDecoder;
import java.nio.channels.FileChannel;
import java.nio.channels.FileLock;
import java.nio.channels.OverlappingFileLockException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * Where everything about the processes of one operator is: {@code processes/<kind>/<owner>/<name>}. Locked while it is
 * open, because two operators would each start and end the same processes.
 */
final class StateFolder implements AutoCloseable {
    private static final String PLAIN = "abcdefghijklmnopqrstuvwxyz0123456789-_.";
    private static final int LONGEST_FILE_NAME = 255;

    private final Path path;
    private final FileChannel lock;

    private StateFolder(Path path, FileChannel lock) {
        this.path = path;
        this.lock = lock;
    }

    /**
     * @param folder made when missing. Its {@code processes} are closed to other users in any case
     * @throws IOException when it can't be, or another operator has it open
     */
    static StateFolder open(Path folder) throws IOException {
        OwnerOnly.createFolders(folder);
        Path path = folder.toRealPath();
        FileChannel channel = OwnerOnly.open(path.resolve("lock"), StandardOpenOption.CREATE, StandardOpenOption.WRITE);
        try {
            if (tryLock(channel) != null) {
                OwnerOnly.createOrCloseFolder(path.resolve("processes"));
                return new StateFolder(path, channel);
            }
        } catch (IOException e) {
            channel.close();
            throw e;
        }
        channel.close();
        throw new IOException("another operator is using " + path + ": end it, or give this one another state folder");
    }

    private static @Nullable FileLock tryLock(FileChannel channel) throws IOException {
        try {
            return channel.tryLock();
        } catch (OverlappingFileLockException e) {
            return null; // this very JVM has it
        }
    }

    /** All that is there. */
    List<Entry> entries() throws IOException {
        List<Entry> entries = new ArrayList<>();
        for (Kind kind : Kind.values()) {
            for (Path owner : folders(path.resolve("processes").resolve(kind.folder()))) {
                for (Path process : folders(owner)) {
                    entries.add(new Entry(kind, decode(owner), decode(process), new ProcessFolder(process)));
                }
            }
        }
        return entries;
    }

    private static List<Path> folders(Path in) throws IOException {
        if (!Files.isDirectory(in)) {
            return List.of();
        }
        try (Stream<Path> children = Files.list(in)) {
            return children.filter(Files::isDirectory).sorted().toList();
        }
    }

    /** Where this process's things are, whether they are there or not. */
    ProcessFolder folder(Kind kind, String owner, String name) {
        return new ProcessFolder(path.resolve("processes")
                .resolve(kind.folder())
                .resolve(encode(owner))
                .resolve(encode(name)));
    }

    /**
     * A name as a file's name: what could lead elsewhere, or differs only in case, is percent-encoded.
     *
     * @throws IllegalArgumentException when it is empty or too long
     */
    static String encode(String name) {
        StringBuilder encoded = new StringBuilder();
        for (byte character : name.getBytes(StandardCharsets.UTF_8)) {
            boolean plain = PLAIN.indexOf(character) >= 0 && !(character == '.' && encoded.isEmpty());
            if (plain) {
                encoded.append((char) character);
            } else {
                encoded.append(String.format(Locale.ROOT, "%%%02X", character));
            }
        }
        if (encoded.isEmpty() || encoded.length() > LONGEST_FILE_NAME) {
            throw new IllegalArgumentException("'" + name + "' is too short or too long to name a process");
        }
        return encoded.toString();
    }

    private static String decode(Path folder) {
        return URLDecoder.decode(String.valueOf(folder.getFileName()), StandardCharsets.UTF_8);
    }

    /** Lets another operator use it. */
    @Override
    public void close() {
        try {
            lock.close();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** One process's folder. */
    record Entry(Kind kind, String owner, String name, ProcessFolder folder) {}
}
