/** What the operator measures of its reconciles and of its calls to the API server. */
@NullMarked
package dev.mpg.operator.metrics;

import org.jspecify.annotations.NullMarked;
