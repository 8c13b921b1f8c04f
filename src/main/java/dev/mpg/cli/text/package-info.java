/** How commands write for people: lines that fit, YAML, and what differs between two of them. Knows no command. */
@NullMarked
package dev.mpg.cli.text;

import org.jspecify.annotations.NullMarked;
