package dev.mpg.cli.kubectl;

/** What a word's colour means. The words say the same, so that nothing is lost without colour. */
enum Tone {
    PLAIN(""),
    STRONG("1"),
    FAINT("2"),
    GOOD("32"),
    BAD("31"),
    /** Under way, or wants somebody to look. */
    BUSY("33"),
    INFO("36");

    private final String code;

    Tone(String code) {
        this.code = code;
    }

    /** The text in this colour, as ECMA-48 terminals have it. */
    String ansi(String text) {
        return code.isEmpty() || text.isEmpty() ? text : "\u001b[" + code + "m" + text + "\u001b[0m";
    }
}
