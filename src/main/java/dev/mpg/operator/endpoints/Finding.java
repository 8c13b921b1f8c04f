package dev.mpg.operator.endpoints;

/**
 * Why requests don't get where they should, or not as they should.
 *
 * @param subject of what kind is what it is about
 * @param found what is there, as a clause that begins with the Service or Secret: {@code "edge/checkout:80 has no endpoint"}.
 *     Never of what a Secret has in it
 */
public record Finding(Reason reason, Subject subject, String found) {
    /** What a finding is about. */
    public enum Subject {
        /** A port of a Service that a config refers to. */
        SERVICE,
        /** A Secret that a config refers to. */
        SECRET,
        /** No single one. */
        NONE
    }

    /** Which kind of trouble, the worst first. */
    public enum Reason {
        /** Services can't be looked up: endpoints stay what they were. */
        EndpointsUnknown(Subject.NONE, "endpoints stay what they were until they can be looked up"),
        /** A Secret can't be looked up: it stays what it was. */
        SecretsUnknown(Subject.SECRET, "gateways keep what they have of it until it can be looked up"),
        /** More endpoints than are sent: they stay what they were. */
        TooLarge(Subject.NONE, "endpoints stay what they were; spread the backends over several Proxies"),
        /** A gateway refuses endpoints: it keeps those that it had. */
        EndpointsRefused(
                Subject.NONE,
                "a gateway keeps the endpoints that it had; see what Envoy says of the Service's EndpointSlices"),
        /** A gateway refuses a certificate or authorities: it keeps what it had. */
        SecretRefused(Subject.NONE, "a gateway keeps what it had of it; see what Envoy says of the Secret"),
        /** A patch leads into another namespace, or the operator may not look: it is not followed. */
        RefNotPermitted(
                Subject.SERVICE,
                "it is not handed out; refer to one of the Proxy's own namespace, which the operator may read"),
        /** There is no such Service. */
        ServiceNotFound(Subject.SERVICE, "requests there get 503; create the Service or refer to another"),
        /** The Service has no such port. */
        ServicePortNotFound(Subject.SERVICE, "requests there get 503; refer to a port of the Service"),
        /** There is no such Secret. */
        SecretNotFound(
                Subject.SECRET,
                "gateways keep what they have of it, and without any end what needs it; create the Secret or refer to another"),
        /** The Secret has nothing that gateways could use. */
        SecretInvalid(
                Subject.SECRET,
                "gateways keep what they have of it, and without any end what needs it; correct the Secret"),
        /** It is handed out, but whoever checks it refuses it. */
        CertificateExpired(Subject.SECRET, "it is used all the same, and refused by whoever checks it; renew it"),
        /** The same. */
        CertificateNotYetValid(
                Subject.SECRET,
                "it is used all the same, and refused by whoever checks it; issue another, or wait, or correct the clock"),
        /** Nobody would answer. */
        NoReadyEndpoints(Subject.SERVICE, "requests there get 503; see why the Service's pods are not ready");

        private final Subject subject;
        private final String remedy;

        Reason(Subject subject, String remedy) {
            this.subject = subject;
            this.remedy = remedy;
        }

        /** What becomes of requests, and what to do. */
        public String remedy() {
            return remedy;
        }
    }

    /** One about what its reason is about, which for {@link Reason#RefNotPermitted} is a Service. */
    public Finding(Reason reason, String found) {
        this(reason, reason.subject, found);
    }
}
