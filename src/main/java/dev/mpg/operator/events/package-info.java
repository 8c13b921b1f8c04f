/** Kubernetes Events: what people are told of, and how it is written. */
@NullMarked
package dev.mpg.operator.events;

import org.jspecify.annotations.NullMarked;
