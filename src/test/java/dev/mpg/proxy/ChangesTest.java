package dev.mpg.proxy;

import static dev.mpg.sync.Patience.await;
import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.CountDownLatch;
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
