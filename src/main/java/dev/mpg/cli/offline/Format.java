package dev.mpg.cli.offline;

/** Forms of output of commands whose output is text for people. */
enum Format {
    text,
    json
}
