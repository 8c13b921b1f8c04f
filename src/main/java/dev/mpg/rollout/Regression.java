package dev.mpg.rollout;

/**
 * What the analysis of traffic holds against a wave. Immutable.
 *
 * @param wave the {@linkplain Wave#number() number} of the wave whose traffic was judged. Of any other it says nothing
 * @param message what got worse, with figures
 */
public record Regression(int wave, String message) {}
