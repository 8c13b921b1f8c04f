/**
 * ConfigSync, both ends: manifests and blobs down, reports up. It knows content and hashes, not what is in them.
 */
@NullMarked
package dev.mpg.sync;

import org.jspecify.annotations.NullMarked;
