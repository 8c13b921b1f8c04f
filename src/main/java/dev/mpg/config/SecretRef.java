package dev.mpg.config;

/** A Kubernetes Secret. What is in it is no part of the config: it is followed, and never in a log, dump, Event or status. */
public record SecretRef(String namespace, String name) {
    @Override
    public String toString() {
        return namespace + "/" + name;
    }
}
