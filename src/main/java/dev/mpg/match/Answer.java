package dev.mpg.match;

import java.util.List;
import java.util.Optional;

/**
 * What listeners do with a request, and why. Immutable.
 *
 * @param listeners the names of those that do so, in the snapshot's order; of one with several filter chains each with what
 *     {@code /} and the chain's name or index add
 * @param path the path that routes are matched with: normalized, without the query; empty when none is
 * @param host the virtual host that the request belongs to; empty when there is none, or nobody looked
 * @param tried its routes in order, up to the one that takes the request
 * @param outcome what becomes of the request
 * @param caveats what else in the config may answer or change the request before, in words
 * @param byHeaders whether a route was tried that looks at headers: with others the outcome may be another
 */
public record Answer(
        List<String> listeners,
        Optional<String> path,
        Optional<HostMatch> host,
        List<Attempt> tried,
        Outcome outcome,
        List<String> caveats,
        boolean byHeaders) {
    public Answer {
        listeners = List.copyOf(listeners);
        tried = List.copyOf(tried);
        caveats = List.copyOf(caveats);
    }

    /** How a virtual host's domain fits a host, the most specific first. */
    public enum Specificity {
        EXACT,
        /** The domain begins with {@code *}; of several that fit it is the longest. */
        SUFFIX,
        /** The domain ends with {@code *}; of several that fit it is the longest. */
        PREFIX,
        /** The domain is {@code *}. */
        ANY
    }

    /**
     * The virtual host that was chosen.
     *
     * @param virtualHost its name
     * @param domain which of its domains fits, in lower case
     */
    public record HostMatch(String virtualHost, String domain, Specificity specificity) {}

    /** Whether a route fits a request. */
    public enum Fit {
        YES,
        NO,
        /** Its path fits; whether the rest does isn't understood here. */
        UNJUDGED
    }

    /**
     * A route that was tried.
     *
     * @param route its name; of one that has none {@code #} and its index in the virtual host
     * @param match which paths it takes, in the words of a Proxy's spec where that has words for it
     * @param why in words
     */
    public record Attempt(String route, String match, Fit fit, String why) {}
}
