/**
 * The commands that need no cluster: what people's files say, compiled and judged as the operator does it. They read files,
 * ask nothing of a network, and change nothing.
 */
@NullMarked
package dev.mpg.cli.offline;

import org.jspecify.annotations.NullMarked;
