package dev.mpg.operator.endpoints;

import java.util.List;

/**
 * What became of what the configs of one Proxy refer to. Immutable.
 *
 * @param services how many ports of Services
 * @param secrets how many certificates with keys, and how many sets of authorities
 * @param findings what is wrong with them, the worst first, then in order of their names; empty: nothing
 */
public record References(int services, int secrets, List<Finding> findings) {
    /** To nothing. */
    public static final References NONE = new References(0, 0, List.of());

    public References {
        findings = List.copyOf(findings);
    }
}
