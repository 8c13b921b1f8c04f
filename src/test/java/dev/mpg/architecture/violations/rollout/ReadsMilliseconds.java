package dev.mpg.architecture.violations.rollout;

final class ReadsMilliseconds {
    long breakTheRule() {
        return System.currentTimeMillis();
    }
}
