/**
 * Reconcilers, one folder per kind, with status, events and infrastructure.
 */
@NullMarked
package dev.mpg.operator;

import org.jspecify.annotations.NullMarked;
