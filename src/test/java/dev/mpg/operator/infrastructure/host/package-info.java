@NullMarked
package dev.mpg.operator.infrastructure.host;

import org.jspecify.annotations.NullMarked;
