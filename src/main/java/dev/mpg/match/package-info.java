/**
 * What a gateway does with a request, found from the Envoy resources of a snapshot as Envoy would find it. Pure: no client,
 * gRPC, clock or thread may be used here.
 */
@NullMarked
package dev.mpg.match;

import org.jspecify.annotations.NullMarked;
