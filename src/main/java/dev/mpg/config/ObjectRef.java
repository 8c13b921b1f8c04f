package dev.mpg.config;

/** A Kubernetes object, as people name it: {@code Proxy edge/shop}. Namespace is empty for a cluster-scoped one. */
public record ObjectRef(String kind, String namespace, String name) {
    /** {@code namespace/name}, or the name alone. */
    public String path() {
        return namespace.isEmpty() ? name : namespace + "/" + name;
    }

    @Override
    public String toString() {
        return kind + " " + path();
    }
}
