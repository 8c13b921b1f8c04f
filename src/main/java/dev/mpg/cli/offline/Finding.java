package dev.mpg.cli.offline;

import com.fasterxml.jackson.annotation.JsonInclude;
import dev.mpg.cli.text.Words;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Something in the files that their author should know.
 *
 * @param object such as {@code Proxy edge/shop}; absent of what is no object
 * @param field its path, such as {@code spec.routes[2].timeouts}; absent when it is about the whole
 * @param found what is there, as a clause
 * @param remedy what to do, as a clause
 * @param file as it was named, {@code stdin} for the standard input; absent of what is in no file
 * @param line in the file, from 1; absent where it isn't known
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Finding(
        @Nullable String object,
        @Nullable String field,
        String found,
        String remedy,
        @Nullable String file,
        @Nullable Integer line,
        Severity severity) {
    private static final int INDENT = 4;

    /** That a file as a whole can't be used. */
    static Finding ofFile(String file, @Nullable Integer line, String found, String remedy) {
        return new Finding(null, null, found, remedy, file, line, Severity.error);
    }

    boolean isError() {
        return severity == Severity.error;
    }

    /** {@code shop.yaml:12: error: Proxy edge/shop: spec.routes[2]: …; …}, broken where it is longer. */
    List<String> lines(int width) {
        StringBuilder text = new StringBuilder();
        if (file != null) {
            text.append(file).append(line == null ? "" : ":" + line).append(": ");
        }
        text.append(severity).append(": ");
        if (object != null) {
            text.append(object).append(": ");
        }
        if (field != null) {
            text.append(field).append(": ");
        }
        return Words.wrap(text.append(found).append("; ").append(remedy).toString(), width, INDENT);
    }
}
