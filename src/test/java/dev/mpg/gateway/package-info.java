@NullMarked
package dev.mpg.gateway;

import org.jspecify.annotations.NullMarked;
