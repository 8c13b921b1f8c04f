/** MPG Operator: delivers traffic config to Envoy fleets through three tiers, Master, Proxy and Gateway. */
@NullMarked
package dev.mpg;

import org.jspecify.annotations.NullMarked;
