/** Where proxy instances and gateways run. What should run is decided elsewhere; here it is made so, and watched. */
@NullMarked
package dev.mpg.operator.infrastructure;

import org.jspecify.annotations.NullMarked;
