package dev.mpg.architecture.violations.compile;

final class UsesAThread {
    Thread breakTheRule() {
        return new Thread(() -> {});
    }
}
