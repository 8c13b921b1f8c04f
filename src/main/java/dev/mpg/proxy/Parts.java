package dev.mpg.proxy;

import com.google.errorprone.annotations.CanIgnoreReturnValue;
import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** What a process is made of, ended in the reverse of the order in which it was started. Not thread-safe. */
final class Parts implements AutoCloseable {
    private static final Logger log = LoggerFactory.getLogger(Parts.class);

    private final Deque<AutoCloseable> parts = new ArrayDeque<>();

    /** Adds a part that runs. */
    @CanIgnoreReturnValue
    <T extends AutoCloseable> T add(T part) {
        parts.push(part);
        return part;
    }

    /** Ends all of them; one that fails to end keeps none of the others. */
    @Override
    public void close() {
        while (!parts.isEmpty()) {
            try {
                parts.pop().close();
            } catch (InterruptedException e) {
                Thread.currentThread().interrupt();
            } catch (Exception e) {
                log.warn("a part of the process did not end cleanly", e);
            }
        }
    }
}
