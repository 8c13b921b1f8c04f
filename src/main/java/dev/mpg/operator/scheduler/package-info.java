/** Reconciles Scheduler: runs its pool of proxy instances and tells how they are. */
@NullMarked
package dev.mpg.operator.scheduler;

import org.jspecify.annotations.NullMarked;
