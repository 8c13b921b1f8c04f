package dev.mpg.config;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.api.Proxy;
import dev.mpg.api.Scheduler;
import dev.mpg.config.SpecReader.Reading;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What users copy has to work. What the Proxies among the examples compile to is a golden case of the compiler. */
class ExamplesTest {
    static List<Path> examples() {
        return GoldenCases.list(Path.of("examples")).toList();
    }

    @ParameterizedTest
    @MethodSource("examples")
    void saysOnlyWhatExists(Path example) {
        String yaml = Manifests.text(example);
        if (yaml.contains("\nkind: Proxy\n")) {
            assertThat(Manifests.read(example)).isInstanceOf(Reading.Accepted.class);
        } else {
            assertThat(yaml).contains("\nkind: Scheduler\n");
            assertThat(Manifests.read(yaml, Scheduler.class).getSpec()).isNotNull();
        }
    }

    @Test
    void theShopIsServedByTheSchedulerAmongTheExamples() {
        Proxy shop = Manifests.read(Manifests.text(Path.of("examples/shop.yaml")), Proxy.class);
        Scheduler scheduler = Manifests.read(Manifests.text(Path.of("examples/scheduler.yaml")), Scheduler.class);

        assertThat(shop.getSpec().schedulerName()).isNull();
        assertThat(scheduler.getMetadata().getName()).isEqualTo("default");
    }
}
