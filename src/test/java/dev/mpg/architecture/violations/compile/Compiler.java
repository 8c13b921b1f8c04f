package dev.mpg.architecture.violations.compile;

import dev.mpg.architecture.violations.snapshot.KnowsTheCompiler;

public record Compiler(KnowsTheCompiler snapshot) {}
