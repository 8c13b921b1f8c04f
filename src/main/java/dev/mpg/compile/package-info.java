/**
 * TrafficConfig to Envoy resources, and from a resource that Envoy refused back to the spec. Pure: no client, gRPC, clock or thread may be used here.
 */
@NullMarked
package dev.mpg.compile;

import org.jspecify.annotations.NullMarked;
