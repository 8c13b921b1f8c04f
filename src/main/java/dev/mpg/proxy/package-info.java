/**
 * The proxy process: takes config from the Master, keeps it on disk, serves it to gateways; its debug endpoints.
 */
@NullMarked
package dev.mpg.proxy;

import org.jspecify.annotations.NullMarked;
