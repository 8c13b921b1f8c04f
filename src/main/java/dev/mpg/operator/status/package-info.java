/** Conditions, in the one way they are written. */
@NullMarked
package dev.mpg.operator.status;

import org.jspecify.annotations.NullMarked;
