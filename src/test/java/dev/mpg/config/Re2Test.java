package dev.mpg.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.google.re2j.PatternSyntaxException;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class Re2Test {
    @ParameterizedTest
    @ValueSource(
            strings = {
                "a{1000}",
                "(a{100}){10}",
                "[0-9a-f]{8}-[0-9a-f]{400}-[0-9a-f]{400}",
                "(a{900}|b{900})c{900}",
                "[({]{1000}[]{]{1000}",
                "[[:alpha:]({]{1000}",
                "\\({1000}\\{2000}",
                "\\Q({9999}\\E",
                "a{,5}{x}"
            })
    void whatIsRepeatedAThousandTimesIsTaken(String regex) {
        assertThat(Re2.compile(regex).programSize()).isPositive();
    }

    /** Each short text would make a program of millions of steps. */
    @ParameterizedTest
    @ValueSource(
            strings = {
                "(a{100}){11}",
                "((a{50}){50}){50}",
                "(((((a{1,99}){99}){99}){99}){99}){99}",
                "(?:(?i)x|(a{40}b)){26}",
                "(a{500,}b){3}",
                "([)]{100}){11}",
                "(\\Q(\\E{100}){11}"
            })
    void whatIsRepeatedMoreOftenIsRefusedBeforeItTakesMemory(String regex) {
        assertThatThrownBy(() -> Re2.compile(regex))
                .isInstanceOf(PatternSyntaxException.class)
                .hasMessageContaining("repeated more than 1000 times");
    }
}
