/**
 * {@code kubectl mpg}: what people see of a rollout and ask of it, through the API server alone. What a command shows is
 * made by pure classes from what it read; only commands talk to the API server.
 */
@NullMarked
package dev.mpg.cli.kubectl;

import org.jspecify.annotations.NullMarked;
