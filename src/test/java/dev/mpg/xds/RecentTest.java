package dev.mpg.xds;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

class RecentTest {
    private final List<String> computed = Collections.synchronizedList(new ArrayList<>());

    private Integer length(String key) {
        computed.add(key);
        return key.length();
    }

    @Test
    void computesAKeyOnce() {
        Recent<String, Integer> recent = new Recent<>(2, this::length);
        assertThat(recent.get("abc")).isEqualTo(3);
        assertThat(recent.get("abc")).isEqualTo(3);
        assertThat(computed).containsExactly("abc");
    }

    @Test
    void forgetsTheLeastRecentlyUsed() {
        Recent<String, Integer> recent = new Recent<>(2, this::length);
        List.of("a", "b", "a", "c", "a", "b").forEach(recent::get);
        assertThat(computed).containsExactly("a", "b", "c", "b");
    }

    @Test
    void keepsTheLastWhateverItWeighs() {
        Recent<String, Integer> recent = new Recent<>(10, 5, String::length, this::length);
        List.of("much too long", "much too long", "ab", "cd", "ab", "xyz", "cd").forEach(recent::get);
        assertThat(computed).containsExactly("much too long", "ab", "cd", "xyz", "cd");
    }

    @Test
    void computesOnceAlsoForThreadsThatComeTogether() {
        CountDownLatch all = new CountDownLatch(4);
        Recent<String, Integer> recent = new Recent<>(2, this::length);
        List<CompletableFuture<Integer>> futures = IntStream.range(0, 4)
                .mapToObj(i -> CompletableFuture.supplyAsync(
                        () -> {
                            all.countDown();
                            try {
                                all.await();
                            } catch (InterruptedException e) {
                                throw new AssertionError(e);
                            }
                            return recent.get("key");
                        },
                        Thread::startVirtualThread))
                .toList();
        assertThat(futures).allSatisfy(future -> assertThat(future.join()).isEqualTo(3));
        assertThat(computed).containsExactly("key");
    }
}
