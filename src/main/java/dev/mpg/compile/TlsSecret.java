package dev.mpg.compile;

import dev.mpg.config.SecretRef;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What gateways ask for of a Kubernetes Secret, by a name (SDS).
 *
 * @param authorities whether those that it has, in {@code ca.crt}; else its certificate and key
 */
public record TlsSecret(SecretRef ref, boolean authorities) {
    private static final String AUTHORITIES = "#ca.crt";

    /** Names as Kubernetes allows them. */
    private static final Pattern NAME = Pattern.compile(
            "([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)/([a-z0-9](?:[-.a-z0-9]{0,251}[a-z0-9])?)(" + AUTHORITIES + ")?");

    /** How gateways ask for it: {@code <namespace>/<name>}, of authorities {@code <namespace>/<name>#ca.crt}. */
    public String name() {
        return ref.namespace() + "/" + ref.name() + (authorities ? AUTHORITIES : "");
    }

    /** What is asked for by this name; empty when that is nothing of a Kubernetes Secret. */
    static Optional<TlsSecret> named(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches()
                ? Optional.of(
                        new TlsSecret(new SecretRef(matcher.group(1), matcher.group(2)), matcher.group(3) != null))
                : Optional.empty();
    }

    @Override
    public String toString() {
        return name();
    }
}
