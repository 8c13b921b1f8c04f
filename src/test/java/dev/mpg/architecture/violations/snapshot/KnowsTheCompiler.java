package dev.mpg.architecture.violations.snapshot;

import dev.mpg.architecture.violations.compile.Compiler;

public final class KnowsTheCompiler {
    Compiler breakTheRule() {
        return new Compiler(this);
    }
}
