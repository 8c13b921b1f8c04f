package dev.mpg.match;

import io.envoyproxy.envoy.config.route.v3.RedirectAction;

/**
 * Where a redirect leads to. Immutable; safe to share between threads.
 *
 * @see <a href="https://github.com/envoyproxy/envoy/blob/main/source/common/http/utility.cc">Envoy: newUri</a>
 */
record Redirection(RedirectAction action, PathRewrite rewrite) {
    /** One that leads back to where the request was sent. */
    static final Redirection SAME = new Redirection(RedirectAction.getDefaultInstance(), PathRewrite.NONE);

    /** Of a request that the route with this rule takes. */
    String location(Arrived request, PathRule rule) {
        String scheme = scheme(request.request().scheme());
        String port = action.getPortRedirect() == 0 ? "" : ":" + Integer.toUnsignedString(action.getPortRedirect());
        String host = action.getHostRedirect().isEmpty()
                ? host(request.request(), scheme, !port.isEmpty())
                : action.getHostRedirect();
        return scheme + "://" + host + port + target(request, rule);
    }

    private String scheme(String requestScheme) {
        if (!action.getSchemeRedirect().isEmpty()) {
            return action.getSchemeRedirect();
        }
        return action.getHttpsRedirect() ? "https" : requestScheme;
    }

    /** Without the port where the redirect has another, and where it is the default one of a scheme that changes. */
    private static String host(Request request, String newScheme, boolean newPort) {
        String host = request.host();
        int colon = host.startsWith("[") ? host.lastIndexOf("]:") + 1 : host.lastIndexOf(':');
        if (colon <= 0) {
            return host;
        }
        String defaultPort = request.scheme().equals("https") ? ":443" : ":80";
        boolean leavesDefault =
                !newScheme.equals(request.scheme()) && host.substring(colon).equals(defaultPort);
        return newPort || leavesDefault ? host.substring(0, colon) : host;
    }

    private String target(Arrived request, PathRule rule) {
        String path = action.getPathRedirect();
        if (path.indexOf('?') >= 0) {
            return absolute(path);
        }
        if (path.isEmpty()) {
            String rewritten = rewrite.apply(request.path(), rule);
            // Where the regex leaves nothing, Envoy keeps the path.
            path = rewritten.isEmpty() ? request.path() : rewritten;
        }
        String target = absolute(path + request.query());
        int queryStart = target.indexOf('?');
        return action.getStripQuery() && queryStart >= 0 ? target.substring(0, queryStart) : target;
    }

    private static String absolute(String target) {
        return target.startsWith("/") ? target : "/" + target;
    }
}
