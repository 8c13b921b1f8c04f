package dev.mpg.cli.offline;

import com.fasterxml.jackson.annotation.JsonInclude;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What {@code mpg validate} found.
 *
 * @param objects Proxies and Schedulers, in the order read
 * @param ignored how many objects are of kinds that aren't looked at
 */
record Validation(List<Judged> objects, int ignored) {
    /**
     * One object.
     *
     * @param object such as {@code Proxy edge/shop}
     * @param line where it begins, from 1; absent where it isn't known
     * @param clusterId of a valid Proxy
     * @param version of a valid Proxy, 12 hexadecimal digits as its status will have
     * @param resources of a valid Proxy: how many Envoy resources it compiles to
     */
    @JsonInclude(JsonInclude.Include.NON_NULL)
    record Judged(
            String object,
            String file,
            @Nullable Integer line,
            boolean valid,
            @Nullable String clusterId,
            @Nullable String version,
            @Nullable Integer resources) {}

    static Validation of(Review review) {
        return new Validation(
                review.manifests().objects().stream()
                        .filter(object -> object.ref().kind().equals(Manifests.PROXY)
                                || object.ref().kind().equals(Manifests.SCHEDULER))
                        .map(object -> judged(object, review))
                        .toList(),
                review.manifests().ignored());
    }

    private static Judged judged(Manifest object, Review review) {
        String name = object.ref().toString();
        boolean valid =
                review.findings().stream().noneMatch(finding -> finding.isError() && name.equals(finding.object()));
        return review.proxies().stream()
                .filter(proxy -> valid && proxy.name().equals(name))
                .findFirst()
                .map(proxy -> new Judged(
                        name,
                        object.file(),
                        object.lines().line(""),
                        true,
                        proxy.config().clusterId(),
                        proxy.snapshot().version().abbreviated(),
                        proxy.snapshot().size()))
                .orElseGet(() -> new Judged(name, object.file(), object.lines().line(""), valid, null, null, null));
    }
}
