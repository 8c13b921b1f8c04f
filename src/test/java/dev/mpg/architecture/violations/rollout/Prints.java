package dev.mpg.architecture.violations.rollout;

final class Prints {
    void breakTheRule() {
        System.out.println();
    }
}
