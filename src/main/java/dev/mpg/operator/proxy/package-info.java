/** Reconciles Proxy: gathers what is there, decides with pure functions, publishes to the Master, runs the fleet, writes status. */
@NullMarked
package dev.mpg.operator.proxy;

import org.jspecify.annotations.NullMarked;
