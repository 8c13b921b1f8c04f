package dev.mpg.operator.proxy;

import java.util.List;
import java.util.stream.Collectors;

/** Names in a sentence. */
final class Names {
    private static final int SHOWN = 5;

    private Names() {}

    /** The first few, and how many more there are. */
    static String few(List<String> names) {
        String shown = names.stream().limit(SHOWN).collect(Collectors.joining(", "));
        int more = names.size() - SHOWN;
        return more > 0 ? shown + " and " + more + " more" : shown;
    }
}
