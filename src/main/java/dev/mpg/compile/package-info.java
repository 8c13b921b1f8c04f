/**
 * TrafficConfig to Envoy resources. Pure: no client, gRPC, clock or thread may be used here.
 */
@NullMarked
package dev.mpg.compile;

import org.jspecify.annotations.NullMarked;
