package dev.mpg.cli.text;

import java.util.ArrayList;
import java.util.List;
import java.util.regex.Pattern;

/** Words of others as a terminal may have them: without control characters, and broken between words. */
public final class Words {
    private static final Pattern CONTROL = Pattern.compile("[\\p{Cntrl}\\p{Cf}]+");

    private Words() {}

    /** The text with a blank for each run of control characters, which could steer a terminal. */
    public static String clean(String text) {
        return CONTROL.matcher(text).replaceAll(" ");
    }

    /** A text in lines of at most this many characters, broken between words; a longer word has a line of its own. */
    public static List<String> wrap(String text, int width) {
        List<String> lines = new ArrayList<>();
        StringBuilder line = new StringBuilder();
        for (String word : clean(text).strip().split(" +", -1)) {
            if (!line.isEmpty() && line.length() + 1 + word.length() > width) {
                lines.add(line.toString());
                line.setLength(0);
            }
            line.append(line.isEmpty() ? "" : " ").append(word);
        }
        lines.add(line.toString());
        return lines;
    }

    /** As {@link #wrap}, and all lines but the first begin with this many blanks. */
    public static List<String> wrap(String text, int width, int indent) {
        List<String> lines = new ArrayList<>();
        for (String line : wrap(text, width - indent)) {
            lines.add(lines.isEmpty() ? line : " ".repeat(indent) + line);
        }
        return lines;
    }

    /** {@code 1 route}, {@code 2 routes}, {@code 2 Proxies}. */
    public static String count(int count, String noun) {
        if (count == 1) {
            return "1 " + noun;
        }
        return count + " " + (noun.endsWith("y") ? noun.substring(0, noun.length() - 1) + "ies" : noun + "s");
    }
}
