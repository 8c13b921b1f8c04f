/**
 * Which proxy instances serve which Proxy. Pure: no client, gRPC, clock or thread may be used here.
 */
@NullMarked
package dev.mpg.placement;

import org.jspecify.annotations.NullMarked;
