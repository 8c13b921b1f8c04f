package dev.mpg.cli.offline;

import com.fasterxml.jackson.databind.JsonNode;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Problem;

/**
 * A Kubernetes object that a file describes.
 *
 * @param tree the whole of it, with fields that this program doesn't know
 */
record Manifest(ObjectRef ref, String file, Lines lines, JsonNode tree) {
    Finding error(String field, String found, String remedy) {
        return finding(field, found, remedy, Severity.error);
    }

    Finding warning(String field, String found, String remedy) {
        return finding(field, found, remedy, Severity.warning);
    }

    Finding error(Problem problem) {
        return error(problem.origin().field(), problem.found(), problem.remedy());
    }

    Finding warning(Problem problem) {
        return warning(problem.origin().field(), problem.found(), problem.remedy());
    }

    private Finding finding(String field, String found, String remedy, Severity severity) {
        return new Finding(ref.toString(), field, found, remedy, file, lines.line(field), severity);
    }

    /** Where a field stands: {@code shop.yaml:12}. */
    String place(String field) {
        Integer line = lines.line(field);
        return line == null ? file : file + ":" + line;
    }
}
