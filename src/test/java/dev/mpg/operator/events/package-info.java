/** Tests of what is told about objects. */
package dev.mpg.operator.events;
