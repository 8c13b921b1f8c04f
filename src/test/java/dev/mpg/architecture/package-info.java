/** Which package may depend on what, and tests that keep it so. */
@NullMarked
package dev.mpg.architecture;

import org.jspecify.annotations.NullMarked;
