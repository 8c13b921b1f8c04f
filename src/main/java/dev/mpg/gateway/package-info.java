/**
 * Envoy's bootstrap: what a gateway is started with. Everything else reaches it through xDS; who starts it is the
 * infrastructure's affair.
 */
@NullMarked
package dev.mpg.gateway;

import org.jspecify.annotations.NullMarked;
