package dev.mpg.config;

import dev.mpg.api.BackendSpec;
import dev.mpg.api.ListenerSpec;
import dev.mpg.api.ProxySpec;
import dev.mpg.api.RouteSpec;
import java.util.List;

/**
 * Reads a Proxy's spec into a {@link TrafficConfig}: fills in defaults and finds everything that would make the config
 * unusable. Reports all problems, not only the first.
 *
 * <p>It does not lean on the API server's schema: that cannot see everything, the API server keeps fields that an older
 * schema let in for as long as nobody touches them, and a file that is validated offline never met a schema.
 */
public final class SpecReader {
    private SpecReader() {}

    /** What came of reading a spec. */
    public sealed interface Reading {
        /** The spec is good. */
        record Accepted(TrafficConfig config) implements Reading {}

        /** The spec cannot be used. Never empty. */
        record Refused(List<Problem> problems) implements Reading {}
    }

    /** The cluster id that a spec asks for; by default the object's {@code <namespace>.<name>}. */
    public static String clusterId(ObjectRef object, ProxySpec spec) {
        return spec.clusterId() != null ? spec.clusterId() : object.namespace() + "." + object.name();
    }

    /** Reads the spec of {@code object}. */
    public static Reading read(ObjectRef object, ProxySpec spec) {
        Findings findings = new Findings();
        TrafficConfig config = config(clusterId(object, spec), spec, new Origin(object, "spec"), findings);
        List<Problem> problems = findings.problems();
        return problems.isEmpty() ? new Reading.Accepted(config) : new Reading.Refused(problems);
    }

    private static TrafficConfig config(String clusterId, ProxySpec from, Origin spec, Findings findings) {
        Origin listenersAt = spec.field("listeners");
        Origin routesAt = spec.field("routes");
        Origin backendsAt = spec.field("backends");
        Origin testsAt = spec.field("tests");
        findings.findDuplicates(from.listeners(), listenersAt, ListenerSpec::name, "name");
        findings.findDuplicates(from.listeners(), listenersAt, ListenerSpec::port, "port");
        findings.findDuplicates(from.routes(), routesAt, RouteSpec::name, "name");
        findings.findDuplicates(from.backends(), backendsAt, BackendSpec::name, "name");
        findings.findDuplicates(from.tests(), testsAt, ProxySpec.ConfigTest::name, "name");
        List<Backend> backends = findings.each(from.backends(), backendsAt, new BackendReader(findings)::read);
        List<Listener> listeners = findings.each(from.listeners(), listenersAt, new ListenerReader(findings)::read);
        List<Route> routes = findings.each(from.routes(), routesAt, new RouteReader(findings, backends)::read);
        return new TrafficConfig(
                clusterId,
                listeners,
                routes,
                backends,
                findings.each(from.envoyPatches(), spec.field("envoyPatches"), new PatchReader(findings)::read),
                findings.each(from.tests(), testsAt, new TestReader(findings, listeners, routes, backends)::read));
    }
}
