package dev.mpg.xds;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

class NamesTest {
    private static final Names ABC = Names.of(List.of("c", "a", "b", "a"));

    @Test
    void isASortedSet() {
        assertThat(ABC.list()).containsExactly("a", "b", "c");
        assertThat(ABC.contains("b")).isTrue();
        assertThat(ABC.contains("d")).isFalse();
        assertThat(ABC).isEqualTo(Names.of(List.of("a", "b", "c"))).hasSameHashCodeAs(Names.of(List.of("a", "b", "c")));
    }

    @Test
    void growsAndShrinks() {
        assertThat(ABC.plus(List.of("d", "a")).list()).containsExactly("a", "b", "c", "d");
        assertThat(ABC.minus(List.of("b", "x")).list()).containsExactly("a", "c");
        assertThat(ABC.minus(List.of("a", "b", "c"))).isSameAs(Names.NONE);
        assertThat(ABC.filter(name -> !name.equals("a")).list()).containsExactly("b", "c");
    }

    @Test
    void staysTheSameWhenNothingChanges() {
        assertThat(ABC.plus(List.of())).isSameAs(ABC);
        assertThat(ABC.minus(List.of("x"))).isSameAs(ABC);
    }

    @Test
    void containsAllOfASubset() {
        assertThat(ABC.containsAll(Names.of(List.of("a", "c")))).isTrue();
        assertThat(ABC.containsAll(Names.of(List.of("a", "d")))).isFalse();
        assertThat(Names.NONE.containsAll(Names.NONE)).isTrue();
    }
}
