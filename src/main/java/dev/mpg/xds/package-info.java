/**
 * The xDS server engine: delta and state-of-the-world streams to gateways. It knows snapshots, not Kubernetes.
 */
@NullMarked
package dev.mpg.xds;

import org.jspecify.annotations.NullMarked;
