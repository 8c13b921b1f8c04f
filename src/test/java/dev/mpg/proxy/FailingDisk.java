package dev.mpg.proxy;

import com.google.protobuf.ByteString;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;

/** A disk that fails at a chosen step, the way a kill, a power failure or a full volume would. */
final class FailingDisk implements Disk {
    /** The process is gone. */
    static final class Killed extends Error {
        private static final long serialVersionUID = 1;
    }

    enum Failure {
        /** The process ends before the step, or in the middle of a write. */
        KILL,
        /** As KILL, and what was not forced to the device is lost. */
        POWER,
        /** The step throws, and leaves a part of a write. So does every later step. */
        FULL,
        /** As FULL, but later steps work. */
        ONCE
    }

    private final Failure failure;
    private int stepsLeft;
    private final List<String> steps = new ArrayList<>();
    private final Deque<Undo> unforced = new ArrayDeque<>();

    /** What brings back a file as it was before a step that is not durable yet. */
    private record Undo(Path folder, Restore restore) {}

    private interface Restore {
        void run() throws IOException;
    }

    FailingDisk(Failure failure, int stepsLeft) {
        this.failure = failure;
        this.stepsLeft = stepsLeft;
    }

    /** Never fails; its steps are counted. */
    static FailingDisk healthy() {
        return new FailingDisk(Failure.KILL, Integer.MAX_VALUE);
    }

    List<String> steps() {
        return steps;
    }

    /** From now on every step fails. */
    void fill() {
        stepsLeft = 0;
    }

    void heal() {
        stepsLeft = Integer.MAX_VALUE;
    }

    private boolean fails(String step) {
        steps.add(step);
        int left = stepsLeft--;
        return failure == Failure.ONCE ? left == 0 : left <= 0;
    }

    private void fail() throws IOException {
        if (failure == Failure.FULL || failure == Failure.ONCE) {
            throw new IOException("No space left on device");
        }
        if (failure == Failure.POWER) {
            while (!unforced.isEmpty()) {
                unforced.pop().restore().run();
            }
        }
        throw new Killed();
    }

    @Override
    public void write(Path file, ByteString content) throws IOException {
        if (fails("write " + file.getFileName())) {
            Files.write(file, content.substring(0, content.size() / 2).toByteArray());
            fail();
        }
        REAL.write(file, content);
    }

    @Override
    public void rename(Path from, Path to) throws IOException {
        if (fails("rename " + to.getFileName())) {
            fail();
        }
        remember(to);
        REAL.rename(from, to);
    }

    @Override
    public void force(Path folder) throws IOException {
        if (fails("force " + folder.getFileName())) {
            fail();
        }
        unforced.removeIf(undo -> undo.folder().equals(folder));
        REAL.force(folder);
    }

    @Override
    public void delete(Path file) throws IOException {
        if (fails("delete " + file.getFileName())) {
            fail();
        }
        if (Files.exists(file)) {
            remember(file);
        }
        REAL.delete(file);
    }

    private void remember(Path file) throws IOException {
        Path folder = file.resolve("..").normalize();
        if (Files.exists(file)) {
            byte[] before = Files.readAllBytes(file);
            unforced.push(new Undo(folder, () -> Files.write(file, before)));
        } else {
            Path lost = file.resolveSibling(file.getFileName() + TEMPORARY);
            unforced.push(new Undo(folder, () -> {
                if (Files.exists(file)) {
                    Files.move(file, lost, StandardCopyOption.REPLACE_EXISTING);
                }
            }));
        }
    }
}
