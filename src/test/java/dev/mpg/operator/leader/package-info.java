/** One leads, and who lost the lease writes nothing. */
package dev.mpg.operator.leader;
