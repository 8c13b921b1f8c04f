/**
 * The custom resources as users write them, and their schemas. Shapes only: no decision is taken here, and nothing here
 * knows Envoy.
 */
@NullMarked
package dev.mpg.api;

import org.jspecify.annotations.NullMarked;
