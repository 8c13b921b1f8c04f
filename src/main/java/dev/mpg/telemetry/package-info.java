/**
 * Metrics, traces and logs, and where they are served.
 */
@NullMarked
package dev.mpg.telemetry;

import org.jspecify.annotations.NullMarked;
