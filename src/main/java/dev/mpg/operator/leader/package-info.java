/** Which of several operators leads: a Lease, and what keeps one that lost it from writing. */
@NullMarked
package dev.mpg.operator.leader;

import org.jspecify.annotations.NullMarked;
