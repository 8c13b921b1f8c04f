package dev.mpg.compile;

import dev.mpg.config.Problem;
import dev.mpg.snapshot.Snapshot;
import java.util.List;

/** What came of compiling a config. */
public sealed interface Compilation {
    /** Envoy resources. Well-formed ones: whether Envoy takes them, only Envoy can say. */
    record Compiled(Snapshot snapshot) implements Compilation {}

    /** A patch doesn't apply, or not to what Envoy can read. Never empty. */
    record Refused(List<Problem> problems) implements Compilation {
        public Refused {
            problems = List.copyOf(problems);
        }
    }
}
