/** What makes a resource be looked at again, and when all have been looked at once. */
@NullMarked
package dev.mpg.operator.triggers;

import org.jspecify.annotations.NullMarked;
