package dev.mpg.match;

/** Comparisons that ignore the case of ASCII letters alone, as Envoy's do; Java's also fold other letters into those. */
final class Ascii {
    private Ascii() {}

    static boolean equal(String value, String text, boolean ignoresCase) {
        return value.length() == text.length() && isAt(value, 0, text, ignoresCase);
    }

    static boolean endsWith(String value, String text, boolean ignoresCase) {
        return isAt(value, value.length() - text.length(), text, ignoresCase);
    }

    static boolean startsWith(String value, String text, boolean ignoresCase) {
        return isAt(value, 0, text, ignoresCase);
    }

    static boolean contains(String value, String text, boolean ignoresCase) {
        if (!ignoresCase) {
            return value.contains(text);
        }
        for (int at = 0; at + text.length() <= value.length(); at++) {
            if (isAt(value, at, text, true)) {
                return true;
            }
        }
        return false;
    }

    private static boolean isAt(String value, int at, String text, boolean ignoresCase) {
        if (at < 0 || at + text.length() > value.length()) {
            return false;
        }
        if (!ignoresCase) {
            return value.startsWith(text, at);
        }
        for (int i = 0; i < text.length(); i++) {
            if (lower(value.charAt(at + i)) != lower(text.charAt(i))) {
                return false;
            }
        }
        return true;
    }

    private static int lower(char c) {
        return c >= 'A' && c <= 'Z' ? c | 0x20 : c;
    }
}
