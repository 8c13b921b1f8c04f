package dev.mpg.operator.endpoints;

/**
 * Why requests to a service don't get where they should.
 *
 * @param found what is there, as a clause that begins with the service: {@code "edge/checkout:80 has no endpoint"}
 */
public record Finding(Reason reason, String found) {
    /** Which kind of trouble, the worst first. */
    public enum Reason {
        /** Services can't be looked up: endpoints stay what they were. */
        EndpointsUnknown("endpoints stay what they were until they can be looked up"),
        /** More endpoints than are sent: they stay what they were. */
        TooLarge("endpoints stay what they were; spread the backends over several Proxies"),
        /** A gateway refuses endpoints: it keeps those that it had. */
        EndpointsRefused(
                "a gateway keeps the endpoints that it had; see what Envoy says of the Service's EndpointSlices"),
        /** A patch leads into another namespace: it is not followed. */
        RefNotPermitted("requests there get 503; refer to a Service of the Proxy's own namespace"),
        /** There is no such Service. */
        ServiceNotFound("requests there get 503; create the Service or refer to another"),
        /** The Service has no such port. */
        ServicePortNotFound("requests there get 503; refer to a port of the Service"),
        /** Nobody would answer. */
        NoReadyEndpoints("requests there get 503; see why the Service's pods are not ready");

        private final String remedy;

        Reason(String remedy) {
            this.remedy = remedy;
        }

        /** What becomes of requests, and what to do. */
        public String remedy() {
            return remedy;
        }
    }
}
