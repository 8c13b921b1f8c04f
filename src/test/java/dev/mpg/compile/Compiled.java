package dev.mpg.compile;

import dev.mpg.config.TrafficConfig;
import dev.mpg.snapshot.Snapshot;

/** Configs that compile. */
public final class Compiled {
    private Compiled() {}

    /** What the config compiles to; fails the test when it doesn't. */
    public static Snapshot snapshot(TrafficConfig config) {
        return switch (Compiler.compile(config)) {
            case Compilation.Compiled(Snapshot snapshot) -> snapshot;
            case Compilation.Refused refused -> throw new AssertionError("refused: " + refused.problems());
        };
    }
}
