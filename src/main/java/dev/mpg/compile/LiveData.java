package dev.mpg.compile;

import com.google.protobuf.ByteString;
import com.google.protobuf.InvalidProtocolBufferException;
import dev.mpg.config.Backend.Endpoint;
import dev.mpg.config.Backend.ServiceRef;
import dev.mpg.config.SecretRef;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import dev.mpg.snapshot.Snapshot;
import io.envoyproxy.envoy.config.cluster.v3.Cluster;
import io.envoyproxy.envoy.config.core.v3.DataSource;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.CertificateValidationContext;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.Secret;
import io.envoyproxy.envoy.extensions.transport_sockets.tls.v3.TlsCertificate;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Endpoints and secrets that are found rather than written: resources that are no part of a config, but to which its clusters
 * and listeners refer. They have a name of their own, so that every config of a Proxy can refer to the same ones and none is
 * touched when they change.
 */
public final class LiveData {
    private static final String LABEL = "([a-z0-9](?:[-a-z0-9]{0,61}[a-z0-9])?)";

    /** What {@link #name} gives. No name of a backend has a slash. */
    private static final Pattern NAME = Pattern.compile(LABEL + "/" + LABEL + ":([1-9][0-9]{0,4})");

    private static final int MAX_PORT = 65535;

    private static final Comparator<Endpoint> BY_ADDRESS =
            Comparator.comparing(Endpoint::host).thenComparingInt(Endpoint::port);

    private LiveData() {}

    /** The name of a service's endpoints: {@code <namespace>/<name>:<port>}. */
    static String name(ServiceRef service) {
        return service.namespace() + "/" + service.name() + ":" + service.port();
    }

    /** The name of a Secret's certificate and key: {@code <namespace>/<name>}. */
    static String name(SecretRef secret) {
        return new TlsSecret(secret, false).name();
    }

    /** The name of the authorities that a Secret has: {@code <namespace>/<name>#ca.crt}. */
    static String authoritiesName(SecretRef secret) {
        return new TlsSecret(secret, true).name();
    }

    private static Optional<ServiceRef> service(String name) {
        Matcher matcher = NAME.matcher(name);
        return matcher.matches()
                ? Optional.of(new ServiceRef(matcher.group(1), matcher.group(2), Integer.parseInt(matcher.group(3))))
                        .filter(service -> service.port() <= MAX_PORT)
                : Optional.empty();
    }

    /**
     * The services to whose endpoints a config's clusters refer. Reads every cluster. They may be of any namespace, and not
     * those of the spec's backends: a patch can let a cluster ask for others.
     */
    public static Set<ServiceRef> services(Snapshot config) {
        return config.resources(ResourceType.CLUSTER).stream()
                .flatMap(cluster -> service(cluster).stream())
                .collect(Collectors.toUnmodifiableSet());
    }

    private static Optional<ServiceRef> service(Resource cluster) {
        try {
            return service(
                    Cluster.parseFrom(cluster.bytes()).getEdsClusterConfig().getServiceName());
        } catch (InvalidProtocolBufferException e) {
            throw new IllegalArgumentException(cluster + " is not what a config compiles to", e);
        }
    }

    /**
     * The Secrets that a config's clusters and listeners ask for. Reads each of these. They may be of any namespace, and not
     * those of the spec: a patch can ask for others.
     */
    public static Set<TlsSecret> secrets(Snapshot config) {
        return secretNames(config).stream()
                .flatMap(name -> TlsSecret.named(name).stream())
                .collect(Collectors.toUnmodifiableSet());
    }

    /** By which names a config's clusters and listeners ask for secrets, whatever these names mean. Reads each of these. */
    public static Set<String> secretNames(Snapshot config) {
        return Stream.concat(
                        config.resources(ResourceType.CLUSTER).stream().flatMap(SecretNames::ofCluster),
                        config.resources(ResourceType.LISTENER).stream().flatMap(SecretNames::ofListener))
                .collect(Collectors.toUnmodifiableSet());
    }

    /**
     * A certificate with its key, as gateways get it.
     *
     * @param chain in PEM, the one of the key first
     * @param key in PEM
     */
    public static Resource certificate(SecretRef secret, ByteString chain, ByteString key) {
        String name = name(secret);
        return Compiler.resource(
                ResourceType.SECRET,
                name,
                Secret.newBuilder()
                        .setName(name)
                        .setTlsCertificate(TlsCertificate.newBuilder()
                                .setCertificateChain(DataSource.newBuilder().setInlineBytes(chain))
                                .setPrivateKey(DataSource.newBuilder().setInlineBytes(key)))
                        .build());
    }

    /** The authorities that are trusted, in PEM, as gateways get them. */
    public static Resource authorities(SecretRef secret, ByteString certificates) {
        String name = authoritiesName(secret);
        return Compiler.resource(
                ResourceType.SECRET,
                name,
                Secret.newBuilder()
                        .setName(name)
                        .setValidationContext(CertificateValidationContext.newBuilder()
                                .setTrustedCa(DataSource.newBuilder().setInlineBytes(certificates)))
                        .build());
    }

    /** These services' endpoints, each in whatever order: equal ones give equal resources. */
    public static Snapshot of(Map<ServiceRef, List<Endpoint>> endpoints) {
        return Snapshot.of(endpoints.entrySet().stream()
                .map(service -> resource(service.getKey(), service.getValue()))
                .toList());
    }

    /** One service's endpoints, in whatever order. None: requests get 503. */
    public static Resource resource(ServiceRef service, List<Endpoint> endpoints) {
        List<Endpoint> sorted = endpoints.stream().distinct().sorted(BY_ADDRESS).toList();
        return Compiler.resource(ResourceType.ENDPOINT, name(service), Clusters.loadAssignment(name(service), sorted));
    }
}
