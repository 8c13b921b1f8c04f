/**
 * What each cluster should run: publishes it to proxy instances and gathers their reports.
 */
@NullMarked
package dev.mpg.master;

import org.jspecify.annotations.NullMarked;
