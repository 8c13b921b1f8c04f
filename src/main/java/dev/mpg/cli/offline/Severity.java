package dev.mpg.cli.offline;

/** What becomes of a file with a finding. */
enum Severity {
    /** It can't be used. */
    error,
    /** It can, and may not do what was meant. */
    warning
}
