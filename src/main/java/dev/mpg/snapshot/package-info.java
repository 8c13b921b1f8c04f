/**
 * Resources, snapshots, their versions and the differences between them; the hashes that name them, and what hashes rank.
 * Pure: content in, content out; no client, gRPC, clock or thread may be used here.
 */
@NullMarked
package dev.mpg.snapshot;

import org.jspecify.annotations.NullMarked;
