package dev.mpg.api;

/**
 * What must hold of a {@link ProxySpec}, and what the user is told where it doesn't, in CEL, for the API server to check.
 *
 * <p>The API server refuses a rule, or a message, that would cost too much for the longest lists that the schema allows.
 * Two idioms keep the cost of these linear. A list of one element, with a macro called on it, names an intermediate value:
 * {@code [x].all(name, …)}. And because the length of a string is known only while its path starts at self, a message first
 * finds an index, and then reads {@code self.routes[i].name}.
 *
 * @see <a href="https://kubernetes.io/docs/reference/using-api/cel/">CEL in Kubernetes</a>
 */
final class ProxyRules {
    static final String CLUSTER_ID_STAYS = "has(self.clusterId) == has(oldSelf.clusterId)"
            + " && (!has(self.clusterId) || self.clusterId == oldSelf.clusterId)";
    static final String CLUSTER_ID_CHANGED = "'clusterId is immutable: leave it '"
            + " + (has(oldSelf.clusterId) ? 'at ' + oldSelf.clusterId : 'out, as it was (it is <namespace>.<name>)')"
            + " + ', or create another Proxy'";

    /** Per listener, whether no other one has its port. */
    private static final String HAS_OWN_PORT =
            "self.listeners.map(listener, self.listeners.exists_one(other, other.port == listener.port))";

    static final String PORTS_ARE_UNIQUE = "!has(self.listeners) || " + HAS_OWN_PORT + ".all(own, own)";
    static final String PORT_IS_SHARED = "[" + HAS_OWN_PORT + ".indexOf(false)].map(i,"
            + " 'listeners ' + self.listeners[i].name + ' and ' + self.listeners["
            + "self.listeners.map(other, other.port == self.listeners[i].port).lastIndexOf(true)].name"
            + " + ' have one port: give each a port of its own')[0]";

    /** A list of one map, whose keys are the backends' names. Looking one up costs the same however many there are. */
    private static final String BACKENDS =
            "[has(self.backends) ? self.backends.transformMapEntry(i, backend, {backend.name: true}) : {}]";

    private static final String REFS_EXIST =
            "(!has(route.backendRefs) || route.backendRefs.all(ref, ref.name in backends))";

    static final String BACKENDS_EXIST =
            "!has(self.routes) || " + BACKENDS + ".all(backends, self.routes.all(route, " + REFS_EXIST + "))";
    static final String BACKEND_IS_MISSING = BACKENDS + ".map(backends,"
            + " [self.routes.map(route, " + REFS_EXIST + ").indexOf(false)].map(i,"
            + " 'route ' + self.routes[i].name + ' sends to ' + self.routes[i].backendRefs["
            + "self.routes[i].backendRefs.map(ref, ref.name in backends).indexOf(false)].name"
            + " + ', which is not in spec.backends: add it there or correct the name')[0])[0]";

    static final String ENDPOINTS_ARE_FROM_ONE_PLACE =
            "[has(self.endpoints), has(self.service), has(self.dns)].exists_one(given, given)";
    static final String ENDPOINTS_ARE_FROM_NONE_OR_TWO = "'backend ' + self.name"
            + " + (has(self.endpoints) || has(self.service) || has(self.dns)"
            + " ? ' has more than one of endpoints, service and dns: leave one of them'"
            + " : ' has neither endpoints nor a service nor a dns name: give one of them')";

    static final String ROUTE_LEADS_SOMEWHERE = "(has(self.backendRefs) && size(self.backendRefs) > 0) !="
            + " (has(self.filters) && self.filters.exists(filter,"
            + " filter.type == 'RequestRedirect' || filter.type == 'DirectResponse'))";
    static final String ROUTE_LEADS_NOWHERE =
            "'route ' + self.name + (has(self.backendRefs) && size(self.backendRefs) > 0"
                    + " ? ' has backendRefs and a filter that answers requests: remove one of them'"
                    + " : ' has neither backendRefs nor a filter that answers requests: name a backend')";

    static final String FILTER_HAS_ITS_PART =
            "(self.type == 'RequestHeaderModifier') == has(self.requestHeaderModifier)"
                    + " && (self.type == 'ResponseHeaderModifier') == has(self.responseHeaderModifier)"
                    + " && (self.type == 'RequestRedirect') == has(self.requestRedirect)"
                    + " && (self.type == 'URLRewrite') == has(self.urlRewrite)"
                    + " && (self.type == 'RequestMirror') == has(self.requestMirror)"
                    + " && (self.type == 'CORS') == has(self.cors)"
                    + " && (self.type == 'Fault') == has(self.fault)"
                    + " && (self.type == 'DirectResponse') == has(self.directResponse)";
    static final String FILTER_LACKS_ITS_PART = "a filter has the part that its type names, and no other";

    static final String PATH_HAS_ITS_PART = "(self.type == 'ReplaceFullPath') == has(self.replaceFullPath)"
            + " && (self.type == 'ReplacePrefixMatch') == has(self.replacePrefixMatch)";
    static final String PATH_LACKS_ITS_PART = "a path has the part that its type names, and no other";

    static final String IS_REDIRECT_STATUS = "!has(self.statusCode) || self.statusCode in [301, 302, 303, 307, 308]";
    static final String IS_NO_REDIRECT_STATUS = "not the status of a redirect; use 301, 302, 303, 307 or 308";

    static final String TLS_IS_FOR_HTTPS = "(has(self.protocol) && self.protocol == 'HTTPS') == has(self.tls)";
    static final String TLS_IS_NOT_FOR_HTTPS = "a listener has tls when its protocol is HTTPS, and only then";

    private static final String UNITS = "give whole numbers with units (h, m, s, ms), such as 3s, 500ms or 1m30s";

    /** A duration as Gateway API has it (GEP-2257). */
    static final String DURATION = "^([0-9]{1,5}(h|m|s|ms)){1,4}$";

    private static final String LOOKS_LIKE_DURATION = ".matches('" + DURATION + "')";

    private static final String AT_MOST_A_DAY = " <= duration('24h')";

    static final String TIMEOUT_IS_DURATION = "!has(self.request) || (self.request" + LOOKS_LIKE_DURATION
            + " && duration(self.request)" + AT_MOST_A_DAY + ")";

    static final String TIMEOUT_IS_NO_DURATION =
            "'not a duration of at most 24h: ' + self.request + '; " + UNITS + ", or 0s for no limit'";

    static final String ACK_TIMEOUT_IS_DURATION = "!has(self.ackTimeout) || (self.ackTimeout" + LOOKS_LIKE_DURATION
            + " && duration(self.ackTimeout)" + AT_MOST_A_DAY + " && duration(self.ackTimeout) >= duration('1s'))";

    static final String ACK_TIMEOUT_IS_NO_DURATION =
            "'not a duration of 1s to 24h: ' + self.ackTimeout + '; " + UNITS + "'";

    static final String DRAIN_TIMEOUT_IS_DURATION = "!has(self.drainTimeout) || (self.drainTimeout"
            + LOOKS_LIKE_DURATION + " && duration(self.drainTimeout) <= duration('1h'))";

    static final String DRAIN_TIMEOUT_IS_NO_DURATION =
            "'not a duration of at most 1h: ' + self.drainTimeout + '; " + UNITS + "'";

    static final String BAKE_IS_DURATION =
            "!has(self.bake) || (self.bake" + LOOKS_LIKE_DURATION + " && duration(self.bake)" + AT_MOST_A_DAY + ")";

    static final String BAKE_IS_NO_DURATION = "'not a duration of at most 24h: ' + self.bake + '; " + UNITS + "'";

    static final String IS_IP = "isIP(self.host)";
    static final String IS_NO_IP = "'not an IP address: ' + self.host + '; give an IPv4 or IPv6 address'";

    private ProxyRules() {}
}
