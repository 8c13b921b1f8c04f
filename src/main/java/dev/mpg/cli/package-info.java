/**
 * The commands of {@code mpg}.
 */
@NullMarked
package dev.mpg.cli;

import org.jspecify.annotations.NullMarked;
