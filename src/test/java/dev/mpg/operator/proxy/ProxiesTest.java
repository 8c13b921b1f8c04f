package dev.mpg.operator.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Proxy;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;

class ProxiesTest {
    private static Proxy proxy(String name, String created) {
        Proxy proxy = Fixtures.proxy(1, null);
        proxy.getMetadata().setName(name);
        proxy.getMetadata().setCreationTimestamp(created);
        return proxy;
    }

    private static String holder(String hasIt, Proxy... proxies) {
        return Stream.of(proxies)
                .min(Proxies.precedence(proxy -> proxy.getMetadata().getName().equals(hasIt)))
                .orElseThrow()
                .getMetadata()
                .getName();
    }

    @Test
    void the_older_proxy_has_the_cluster_id_whoever_runs_it_now() {
        assertThat(holder("new", proxy("old", "2026-01-01T00:00:00Z"), proxy("new", "2026-01-01T00:00:01Z")))
                .isEqualTo("old");
    }

    @Test
    void of_two_created_in_one_second_the_one_that_has_it_keeps_it() {
        Proxy first = proxy("zz", "2026-01-01T00:00:00Z");
        Proxy second = proxy("aa", "2026-01-01T00:00:00Z");
        assertThat(holder("zz", first, second)).isEqualTo("zz");
        assertThat(holder("zz", second, first)).isEqualTo("zz");
    }

    @Test
    void of_two_that_nobody_has_served_yet_the_name_decides() {
        Proxy first = proxy("zz", "2026-01-01T00:00:00Z");
        Proxy second = proxy("aa", "2026-01-01T00:00:00Z");
        assertThat(List.of(holder("", first, second), holder("", second, first)))
                .containsOnly("aa");
    }
}
