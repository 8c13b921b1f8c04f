package dev.mpg.operator.metrics;

import io.fabric8.kubernetes.client.http.HttpRequest;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * What a request to the API server does, in Kubernetes' words.
 *
 * @param verb as in RBAC: {@code get}, {@code list}, {@code watch}, {@code create}, {@code update}, {@code patch},
 *     {@code delete}, {@code deletecollection}; else {@code other}
 * @param resource the resource, with its subresource if that is meant: {@code proxies/status}; {@code other} when the path
 *     is of none, such as {@code /version}
 */
public record ApiCall(String verb, String resource) {
    private static final String OTHER = "other";

    /** {@code /apis/mpg.dev/v1alpha1/namespaces/edge/proxies/shop/status}: proxies, shop, status. */
    private static final Pattern PATH =
            Pattern.compile("/(?:api/[^/]+|apis/[^/]+/[^/]+)(?:/namespaces/[^/]+)?/([^/]+)(?:/([^/]+)(?:/([^/]+))?)?");

    /** What this request does. */
    public static ApiCall of(HttpRequest request) {
        Matcher path = PATH.matcher(request.uri().getPath());
        if (!path.matches()) {
            return new ApiCall(OTHER, OTHER);
        }
        String subresource = Optional.ofNullable(path.group(3)).map("/"::concat).orElse("");
        return new ApiCall(verb(request, path.group(2) != null), path.group(1) + subresource);
    }

    private static String verb(HttpRequest request, boolean named) {
        String query = Optional.ofNullable(request.uri().getQuery()).orElse("");
        return switch (request.method()) {
            case "GET" -> query.contains("watch=true") ? "watch" : named ? "get" : "list";
            case "POST" -> "create";
            case "PUT" -> "update";
            case "PATCH" -> "patch";
            case "DELETE" -> named ? "delete" : "deletecollection";
            default -> OTHER;
        };
    }
}
