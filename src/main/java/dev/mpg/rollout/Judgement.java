package dev.mpg.rollout;

/** What the analysis of a wave's traffic found. */
public sealed interface Judgement {
    /** Why, for people, with figures. */
    String message();

    /** Enough traffic, and it did not get worse. */
    record Clear(String message) implements Judgement {}

    /** The cohort's traffic got worse. */
    record Regressed(String message) implements Judgement {}

    /** Too little traffic to say anything. */
    record TooLittle(String message) implements Judgement {}
}
