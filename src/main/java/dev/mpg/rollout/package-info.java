/**
 * How a version reaches a fleet: what gateways report, and what to do next. {@link dev.mpg.rollout.Rollout} is where to begin.
 * Pure: no client, gRPC, clock or thread may be used here.
 */
@NullMarked
package dev.mpg.rollout;

import org.jspecify.annotations.NullMarked;
