package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.file.AccessDeniedException;
import java.nio.file.FileAlreadyExistsException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;

/**
 * The steps by which the store changes its folder. Between any two of them the process may be killed or the power may
 * fail; what is on disk then must load. Tests interrupt it at each step.
 */
interface Disk {
    /** Ends the name of a file that is being written. One that is left over belongs to a write that was cut short. */
    String TEMPORARY = ".tmp";

    /** The steps as the operating system does them. */
    Disk REAL = new Disk() {
        @Override
        public void write(Path file, ByteString content) throws IOException {
            try (FileChannel channel = FileChannel.open(
                    file, StandardOpenOption.CREATE, StandardOpenOption.TRUNCATE_EXISTING, StandardOpenOption.WRITE)) {
                for (ByteBuffer chunk : content.asReadOnlyByteBufferList()) {
                    while (chunk.hasRemaining()) {
                        channel.write(chunk);
                    }
                }
                channel.force(true);
            }
        }

        @Override
        public void rename(Path from, Path to) throws IOException {
            Files.move(from, to, StandardCopyOption.ATOMIC_MOVE, StandardCopyOption.REPLACE_EXISTING);
        }

        @Override
        public void force(Path folder) throws IOException {
            try (FileChannel channel = FileChannel.open(folder, StandardOpenOption.READ)) {
                channel.force(true);
            }
        }

        @Override
        public void delete(Path file) throws IOException {
            Files.deleteIfExists(file);
        }
    };

    /** Writes a file and forces its content to the device. */
    void write(Path file, ByteString content) throws IOException;

    /** Renames a file, in place of one that is there. Atomic, durable only after {@link #force}. */
    void rename(Path from, Path to) throws IOException;

    /** Makes what was renamed into and deleted from a folder durable. */
    void force(Path folder) throws IOException;

    /** Deletes a file, if it is there. */
    void delete(Path file) throws IOException;

    /**
     * Puts a file in place such that whoever reads it, also after a crash, finds the old content or the new one, whole. After
     * the return the new one, unless the power fails before {@link #force}.
     *
     * @throws UncheckedIOException when that failed: then the old content is in place, or, when only the outcome of the
     *     rename is unknown, the new one
     */
    default void place(Path folder, String name, ByteString content) {
        Path file = folder.resolve(name);
        Path temporary = folder.resolve(name + TEMPORARY);
        try {
            write(temporary, content);
            rename(temporary, file);
        } catch (IOException e) {
            deleteQuietly(temporary, e);
            throw failed("write " + file, e);
        }
    }

    /**
     * As {@link #place}, for good.
     *
     * @throws UncheckedIOException when that failed: then the old content is in place, or, when only its durability could
     *     not be confirmed, the new one
     */
    default void replace(Path folder, String name, ByteString content) {
        place(folder, name, content);
        try {
            force(folder);
        } catch (IOException e) {
            throw failed("write " + folder.resolve(name), e);
        }
    }

    /** Frees what a failed write used; that this may fail too is told along with the first failure. */
    private void deleteQuietly(Path file, IOException cause) {
        try {
            delete(file);
        } catch (IOException e) {
            cause.addSuppressed(e);
        }
    }

    /** The failure of a step, in words that say what to do. */
    static UncheckedIOException failed(String what, IOException cause) {
        return new UncheckedIOException(
                "could not " + what + ": " + reason(cause)
                        + "; the config held before stays in place; check that the volume of the data folder has free space"
                        + " and that this user may write there",
                cause);
    }

    /** What went wrong, in words: the messages of some of Java's exceptions are only the file's name. */
    static String reason(IOException e) {
        return switch (e) {
            case AccessDeniedException denied -> "access to " + denied.getFile() + " is denied";
            case FileAlreadyExistsException exists -> exists.getFile() + " is no folder";
            case NoSuchFileException missing -> missing.getFile() + " is missing";
            default -> e.getMessage() == null ? e.getClass().getSimpleName() : e.getMessage();
        };
    }
}
