package dev.mpg.telemetry;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;

/**
 * What is remembered of a trace.
 *
 * @param spans in the order in which they ended, process by process
 * @param unreachable the processes that could not be asked, each with why
 */
@JsonInclude(JsonInclude.Include.NON_EMPTY)
public record RecentTrace(List<RecentSpan> spans, List<String> unreachable) {
    /** Absent lists are empty ones. */
    public RecentTrace {
        spans = spans == null ? List.of() : List.copyOf(spans);
        unreachable = unreachable == null ? List.of() : List.copyOf(unreachable);
    }
}
