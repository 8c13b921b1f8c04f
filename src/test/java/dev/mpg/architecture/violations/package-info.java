/**
 * Classes that break the rules of {@link dev.mpg.architecture.Layering}, each in the way that its name says, in packages
 * named as ours. They prove that the rules find what they look for.
 */
@NullMarked
package dev.mpg.architecture.violations;

import org.jspecify.annotations.NullMarked;
