/**
 * The xDS server engine: delta and state-of-the-world streams to gateways. It knows snapshots, not Kubernetes.
 *
 * <p>{@link dev.mpg.xds.Session} and what it uses is the protocol: requests and targets in, responses out, no gRPC, no
 * threads. {@link dev.mpg.xds.AdsStream} is the shell around one gRPC stream, {@link dev.mpg.xds.Fleet} the streams of one
 * cluster, {@link dev.mpg.xds.XdsServer} the door.
 */
@NullMarked
package dev.mpg.xds;

import org.jspecify.annotations.NullMarked;
