/** Runs a real Prometheus and a real Jaeger for tests that look at what the tiers tell of themselves. */
@NullMarked
package dev.mpg.observability;

import org.jspecify.annotations.NullMarked;
