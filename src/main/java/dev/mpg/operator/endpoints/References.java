package dev.mpg.operator.endpoints;

import java.util.List;

/**
 * What became of the services that the configs of one Proxy refer to. Immutable.
 *
 * @param services how many there are
 * @param findings what is wrong with them, the worst first, then in order of the services; empty: nothing
 */
public record References(int services, List<Finding> findings) {
    /** To no service. */
    public static final References NONE = new References(0, List.of());

    public References {
        findings = List.copyOf(findings);
    }
}
