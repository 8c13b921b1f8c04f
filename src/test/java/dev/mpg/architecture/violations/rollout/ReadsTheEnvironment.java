package dev.mpg.architecture.violations.rollout;

final class ReadsTheEnvironment {
    boolean breakTheRule() {
        return System.getenv().isEmpty();
    }
}
