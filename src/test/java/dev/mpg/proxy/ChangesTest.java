package dev.mpg.proxy;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.atomic.AtomicReference;
import java.util.concurrent.locks.LockSupport;
import org.junit.jupiter.api.Test;

class ChangesTest {
    @Test
    void changesWhileOneIsToldBecomeOne() throws InterruptedException {
        List<String> told = new CopyOnWriteArrayList<>();
        CountDownLatch telling = new CountDownLatch(1);
        CountDownLatch release = new CountDownLatch(1);
        try (Changes changes = new Changes("changes", clusterId -> {
            telling.countDown();
            awaitUninterruptibly(release);
            told.add(clusterId);
        })) {
            changes.note("shop");
            telling.await();
            for (int i = 0; i < 1_000; i++) {
                changes.note("shop");
                changes.note("blog");
            }
            release.countDown();
            await().untilAsserted(() -> assertThat(told).containsExactly("shop", "shop", "blog"));
        }
    }

    @Test
    void aChangeAfterThePauseIsToldAtOnce() {
        List<Long> told = new CopyOnWriteArrayList<>();
        Duration round = Duration.ofMillis(100);
        try (Changes changes = new Changes("changes", clusterId -> {
            if (told.isEmpty()) {
                LockSupport.parkNanos(round.toNanos());
            }
            told.add(System.nanoTime());
        })) {
            changes.note("shop");
            await().until(() -> told.size() == 1);
            // The pause is over: five times what the round took.
            await().until(() -> System.nanoTime() - told.getFirst() > 6 * round.toNanos());
            long noted = System.nanoTime();
            changes.note("shop");
            await().until(() -> told.size() == 2);
            assertThat(told.get(1) - noted)
                    .as("far less than the pause that the first round would ask for, had it to be waited for again")
                    .isLessThan(4 * round.toNanos());
        }
    }

    @Test
    void whatIsNotedWhileTellingWaitsForThePause() {
        List<Long> told = new CopyOnWriteArrayList<>();
        AtomicReference<Changes> self = new AtomicReference<>();
        Duration round = Duration.ofMillis(20);
        try (Changes changes = new Changes("changes", clusterId -> {
            if (told.isEmpty()) {
                self.get().note("shop");
                LockSupport.parkNanos(round.toNanos());
            }
            told.add(System.nanoTime());
        })) {
            self.set(changes);
            changes.note("shop");
            await().until(() -> told.size() == 2);
            assertThat(told.get(1) - told.getFirst()).isGreaterThanOrEqualTo(4 * round.toNanos());
        }
    }

    @Test
    void aFailureDoesNotEndIt() {
        List<String> told = new CopyOnWriteArrayList<>();
        try (Changes changes = new Changes("changes", clusterId -> {
            told.add(clusterId);
            throw new IllegalStateException("no Master");
        })) {
            changes.note("shop");
            await().untilAsserted(() -> assertThat(told).containsExactly("shop"));
            changes.note("shop");
            await().untilAsserted(() -> assertThat(told).containsExactly("shop", "shop"));
        }
    }

    private static void awaitUninterruptibly(CountDownLatch latch) {
        try {
            latch.await();
        } catch (InterruptedException e) {
            throw new IllegalStateException(e);
        }
    }
}
