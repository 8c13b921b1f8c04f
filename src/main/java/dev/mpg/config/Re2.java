package dev.mpg.config;

import com.google.re2j.Matcher;
import com.google.re2j.Pattern;
import com.google.re2j.PatternSyntaxException;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * Regular expressions as RE2 takes them. Its Java port lacks one of its bounds, without which a short text makes a program of
 * any size.
 *
 * @see <a href="https://github.com/google/re2/wiki/Syntax">RE2: Syntax</a>
 */
public final class Re2 {
    /** How often anything may be repeated, by repetitions within each other. */
    private static final int MAX_REPETITIONS = 1000;

    private static final Pattern RANGE = Pattern.compile("([0-9]{1,4})(?:,([0-9]{0,4}))?");

    private Re2() {}

    /**
     * The program of this regular expression.
     *
     * @throws PatternSyntaxException when it is none, or repeats something too often
     */
    public static Pattern compile(String regex) {
        if (repetitions(regex) > MAX_REPETITIONS) {
            throw new PatternSyntaxException("something is repeated more than " + MAX_REPETITIONS + " times", regex);
        }
        return Pattern.compile(regex);
    }

    /** How often what is repeated most may be there. Of a text that isn't one, any number. */
    private static long repetitions(String regex) {
        // Of each group that is open: the most of what is in it so far.
        Deque<Long> open = new ArrayDeque<>();
        long most = 1;
        // Of what a repetition that comes now would repeat.
        long last = 1;
        for (int i = 0; i < regex.length(); i++) {
            switch (regex.charAt(i)) {
                case '\\' -> {
                    i = regex.startsWith("\\Q", i) ? endOfQuote(regex, i) : i + 1;
                    last = 1;
                }
                case '[' -> {
                    i = endOfClass(regex, i);
                    last = 1;
                }
                case '(' -> {
                    open.push(most);
                    most = 1;
                    last = 1;
                }
                case ')' -> {
                    last = most;
                    most = open.isEmpty() ? most : Math.max(open.pop(), most);
                }
                case '{' -> {
                    int end = regex.indexOf('}', i);
                    last = last * (end < 0 ? 1 : count(regex.substring(i + 1, end)));
                    most = Math.max(most, last);
                    if (most > MAX_REPETITIONS) {
                        return most;
                    }
                }
                case '?', '*', '+', '}' -> {}
                default -> last = 1;
            }
        }
        return most;
    }

    private static int endOfQuote(String regex, int at) {
        int end = regex.indexOf("\\E", at);
        return end < 0 ? regex.length() : end + 1;
    }

    /** A bracket that comes first is one of the class. */
    private static int endOfClass(String regex, int at) {
        int i = regex.startsWith("[^", at) ? at + 2 : at + 1;
        for (i = regex.startsWith("]", i) ? i + 1 : i; i < regex.length() && regex.charAt(i) != ']'; i++) {
            if (regex.charAt(i) == '\\') {
                i++;
            } else if (regex.startsWith("[:", i)) {
                int end = regex.indexOf(":]", i);
                i = end < 0 ? i : end + 1;
            }
        }
        return i;
    }

    /** Of {@code n}, {@code n,} and {@code n,m} the largest; 1 when it is none of them, and so no repetition. */
    private static long count(String range) {
        Matcher numbers = RANGE.matcher(range);
        if (!numbers.matches()) {
            return 1;
        }
        String upper = numbers.group(2);
        long most = upper == null || upper.isEmpty() ? 1 : Long.parseLong(upper);
        return Math.max(most, Math.max(1, Long.parseLong(numbers.group(1))));
    }
}
