package dev.mpg.cli.offline;

import dev.mpg.cli.text.Words;
import java.io.PrintWriter;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Model.CommandSpec;

/** Where a command's output goes. */
record Printer(PrintWriter out, PrintWriter err) {
    /** In characters; not what the terminal has, so that output in logs of pipelines looks the same. */
    static final int WIDTH = 100;

    static Printer of(@Nullable CommandSpec spec) {
        if (spec == null) {
            throw new IllegalStateException("picocli has not set the command's spec");
        }
        CommandLine command = spec.commandLine();
        return new Printer(command.getOut(), command.getErr());
    }

    /** A line of what was asked for, broken where it is too long. */
    void print(String line, int indent) {
        Words.wrap(line, WIDTH, indent).forEach(out::println);
    }

    /** A label and what it labels, which begins in the same column of all that have this one. */
    void row(String label, String text, int column) {
        List<String> lines = Words.wrap(text, WIDTH - column);
        for (int i = 0; i < lines.size(); i++) {
            String start = i == 0 ? "  " + label : "";
            verbatim(start + " ".repeat(column - start.length()) + lines.get(i));
        }
    }

    /** A line of what was asked for, as it is but for control characters. */
    void verbatim(String line) {
        out.println(Words.clean(line));
    }

    void print(List<Finding> findings) {
        findings.forEach(finding -> finding.lines(WIDTH).forEach(out::println));
    }

    /** Why there is nothing to show. Warnings are for {@code validate}. */
    void errors(List<Finding> findings) {
        findings.stream()
                .filter(Finding::isError)
                .forEach(finding -> finding.lines(WIDTH).forEach(err::println));
        err.flush();
    }

    /** It is no part of what was asked for. */
    void remark(String text) {
        Words.wrap(text, WIDTH).forEach(err::println);
        err.flush();
    }

    /** Prints it and returns its code. */
    int json(Response<?> response) {
        out.println(Json.text(response));
        return flush(response.code());
    }

    int flush(int code) {
        out.flush();
        return code;
    }
}
