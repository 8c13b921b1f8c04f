package dev.mpg.cli.offline;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What every command here prints with {@code -o json}. The names of the components, and of those of {@code T}, are the names
 * in the JSON, which people's pipelines read: add, don't rename.
 *
 * @param code the command's exit code
 * @param data what was asked for; absent when the files are such that there is none
 * @param errors what is wrong with the files, and warnings
 */
@JsonInclude(JsonInclude.Include.NON_NULL)
record Response<T>(int code, @Nullable T data, List<Finding> errors) {
    Response {
        errors = List.copyOf(errors);
    }
}
