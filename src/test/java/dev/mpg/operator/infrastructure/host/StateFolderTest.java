package dev.mpg.operator.infrastructure.host;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIOException;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class StateFolderTest {
    @TempDir
    private Path folder;

    @ParameterizedTest
    @ValueSource(
            strings = {"eu-west-1", "edge.shop", "..", ".", "../../etc", "/etc", "a/b", "A", "a b", "ü", "100%", "a\0b"
            })
    void everyNameStaysWithinAndComesBack(String name) throws IOException {
        try (StateFolder state = StateFolder.open(folder)) {
            Path path = state.folder(Kind.GATEWAY, name, "shop-0").path();
            Files.createDirectories(path);
            Path gateways = folder.toRealPath().resolve("processes/gateways");
            assertThat(path.normalize()).isEqualTo(path).startsWith(gateways);
            assertThat(gateways.relativize(path).getNameCount()).isEqualTo(2);
            assertThat(state.entries()).extracting(StateFolder.Entry::owner).containsExactly(name);
        }
    }

    @Test
    void namesThatDifferInCaseOnlyAreDifferentFiles() {
        assertThat(StateFolder.encode("Shop")).isEqualTo("%53hop");
    }

    @ParameterizedTest
    @ValueSource(ints = {0, 256})
    void refusesWhatIsNoFileName(int length) {
        assertThatIllegalArgumentException().isThrownBy(() -> StateFolder.encode("x".repeat(length)));
    }

    @Test
    void belongsToOneOperatorAtATime() throws IOException {
        try (StateFolder _ = StateFolder.open(folder)) {
            assertThatIOException()
                    .isThrownBy(() -> StateFolder.open(folder))
                    .withMessageContaining("another operator is using")
                    .withMessageContaining("another state folder");
        }
        StateFolder.open(folder).close();
    }
}
