/**
 * TrafficConfig: the immutable model between Kubernetes and Envoy, in which each part knows the object and field it came
 * from; its validation and route matching. Pure: no client, gRPC, clock or thread may be used here.
 */
@NullMarked
package dev.mpg.config;

import org.jspecify.annotations.NullMarked;
