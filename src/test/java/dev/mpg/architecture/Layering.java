package dev.mpg.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.base.DescribedPredicate.not;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.belongToAnyOf;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.base.DescribedPredicate;
import com.tngtech.archunit.core.domain.JavaAccess;
import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaConstructorCall;
import com.tngtech.archunit.lang.ArchRule;
import io.fabric8.kubernetes.api.model.HasMetadata;
import java.io.IOException;
import java.io.Serializable;
import java.io.UncheckedIOException;
import java.net.Inet4Address;
import java.net.Inet6Address;
import java.net.InetAddress;
import java.net.URI;
import java.net.URISyntaxException;
import java.net.UnknownHostException;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/**
 * Which package may depend on what. The pure part takes values and gives values, so that it can be tested by tables, gives
 * the same result in every tier, and is understood without knowing what runs around it.
 *
 * @param root the package of which the others are part
 */
record Layering(String root) {
    /** Each imports only from those before it. All but the first are pure; the first holds shapes that users write. */
    private static final List<String> ORDER =
            List.of("api", "config", "snapshot", "compile", "rollout", "placement", "match");

    private static final Set<String> SYSTEM_CALLS = Set.of("arraycopy", "identityHashCode", "lineSeparator");
    private static final Set<String> NETWORK_CALLS =
            Set.of("getByName", "getAllByName", "getLocalHost", "getHostName", "getCanonicalHostName", "isReachable");
    private static final Set<String> RANDOM_CALLS = Set.of("random", "randomUUID");

    private String[] pure() {
        return ORDER.stream().skip(1).map(this::all).toArray(String[]::new);
    }

    private String all(String part) {
        return root + "." + part + "..";
    }

    /** A library that isn't listed is one whose effects nobody has judged: judge it, then list it. */
    ArchRule pureClassesKnowOnlyValues() {
        return classes()
                .that()
                .resideInAnyPackage(pure())
                .should()
                .onlyDependOnClassesThat(resideInAnyPackage(pure())
                        .or(resideInAPackage(all("api")))
                        .or(resideInAnyPackage(
                                "java.lang",
                                "java.lang.constant",
                                "java.lang.invoke",
                                "java.lang.annotation",
                                "java.lang.runtime",
                                "java.math",
                                "java.nio",
                                "java.nio.charset",
                                "java.security",
                                "java.text",
                                "java.time..",
                                "java.util",
                                "java.util.function",
                                "java.util.random",
                                "java.util.regex",
                                "java.util.stream",
                                "com.google.re2j",
                                "com.google.protobuf..",
                                "io.envoyproxy.envoy..",
                                "io.envoyproxy.pgv.validate",
                                "org.apache.commons.statistics.distribution",
                                // Trees of JSON values and their text, and JSON Patch on them: what envoyPatches are.
                                "com.fasterxml.jackson.core",
                                "com.fasterxml.jackson.databind",
                                "com.fasterxml.jackson.databind.cfg",
                                "com.fasterxml.jackson.databind.json",
                                "com.fasterxml.jackson.databind.node",
                                "io.fabric8.zjsonpatch",
                                "org.jspecify.annotations"))
                        .or(belongToAnyOf(
                                Serializable.class,
                                IOException.class,
                                UncheckedIOException.class,
                                InetAddress.class,
                                Inet4Address.class,
                                Inet6Address.class,
                                UnknownHostException.class,
                                URI.class,
                                URISyntaxException.class))
                        .or(describe(
                                "are primitive",
                                type -> type.getBaseComponentType().isPrimitive())))
                .as("Pure classes know no Kubernetes client, gRPC, telemetry, logger, file, socket or executor");
    }

    ArchRule pureClassesReadNoClock() {
        return noClasses()
                .that()
                .resideInAnyPackage(pure())
                .should()
                .dependOnClassesThat(
                        assignableTo(java.time.InstantSource.class).or(assignableTo(java.time.Clock.class)))
                .orShould()
                .callMethodWhere(call(
                        "now() of a time",
                        call -> call.getName().equals("now")
                                && call.getTargetOwner().getPackageName().startsWith("java.time")))
                .orShould()
                .callConstructorWhere(
                        callOf("new Date()", call -> call.getTargetOwner().isEquivalentTo(java.util.Date.class)))
                .as("Pure classes are told the time");
    }

    ArchRule pureClassesUseNoThreads() {
        return noClasses()
                .that()
                .resideInAnyPackage(pure())
                .should()
                .dependOnClassesThat(assignableTo(Thread.class)
                        .or(assignableTo(ThreadLocal.class))
                        .or(assignableTo(java.util.Timer.class)))
                .orShould()
                .callMethodWhere(call(
                        "parallel streams, wait or notify",
                        call -> Set.of("parallel", "parallelStream", "wait", "notify", "notifyAll")
                                .contains(call.getName())))
                .as("Pure classes run on the thread that calls them");
    }

    ArchRule pureClassesAskNothingOfTheMachine() {
        return noClasses()
                .that()
                .resideInAnyPackage(pure())
                .should()
                .dependOnClassesThat(assignableTo(Process.class)
                        .or(assignableTo(ProcessBuilder.class))
                        .or(assignableTo(Runtime.class)))
                .orShould()
                .accessTargetWhere(access(
                        "System",
                        access -> access.getTargetOwner().isEquivalentTo(System.class)
                                && !SYSTEM_CALLS.contains(access.getName())))
                .orShould()
                .callMethodWhere(call(
                        "the network",
                        call -> call.getTargetOwner().isAssignableTo(InetAddress.class)
                                && NETWORK_CALLS.contains(call.getName())))
                .as("Pure classes ask neither the machine nor the network");
    }

    /** A generator that the caller seeded is a value like any other. */
    ArchRule pureClassesDrawNoLots() {
        return noClasses()
                .that()
                .resideInAnyPackage(pure())
                .should()
                .dependOnClassesThat(assignableTo(java.security.SecureRandom.class))
                .orShould()
                .callMethodWhere(call(
                        "an unseeded generator",
                        call -> RANDOM_CALLS.contains(call.getName())
                                || (call.getName().equals("shuffle")
                                        && call.getTarget()
                                                        .getRawParameterTypes()
                                                        .size()
                                                == 1)
                                || (call.getTargetOwner().getPackageName().equals("java.util.random")
                                        && Set.of("of", "getDefault").contains(call.getName()))))
                .orShould()
                .callConstructorWhere(callOf(
                        "an unseeded generator",
                        call -> call.getTargetOwner().isAssignableTo(java.util.random.RandomGenerator.class)
                                && call.getTarget().getRawParameterTypes().isEmpty()))
                .as("Pure classes are given their random numbers");
    }

    /** Records of api are values; its custom resources are objects of the Kubernetes client, with setters. */
    ArchRule pureClassesKnowNoCustomResources() {
        return noClasses()
                .that()
                .resideInAnyPackage(pure())
                .should()
                .dependOnClassesThat(assignableTo(HasMetadata.class))
                .as("Pure classes know the specs, not the custom resources");
    }

    /** One rule for each. */
    List<ArchRule> importsOnlyWhatStandsAbove() {
        List<ArchRule> rules = new ArrayList<>();
        for (int i = 0; i < ORDER.size(); i++) {
            String[] allowed = ORDER.subList(0, i + 1).stream().map(this::all).toArray(String[]::new);
            rules.add(noClasses()
                    .that()
                    .resideInAPackage(all(ORDER.get(i)))
                    .should()
                    .dependOnClassesThat(resideInAPackage(root + "..").and(not(resideInAnyPackage(allowed))))
                    .as("Of ours, " + ORDER.get(i) + " imports only " + ORDER.subList(0, i)));
        }
        return rules;
    }

    ArchRule packagesHaveNoCycles() {
        return slices().matching(root + ".(**)").should().beFreeOfCycles().as("Packages have no cycles");
    }

    ArchRule onlyCommandsAndReconcilersKnowTheirFrameworks() {
        return noClasses()
                .that()
                .resideOutsideOfPackages(all("cli"), all("operator"))
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("picocli..", "io.javaoperatorsdk..")
                .as("Only cli and operator know picocli and the Operator SDK");
    }

    /** All of the above. */
    List<ArchRule> rules() {
        List<ArchRule> rules = new ArrayList<>(List.of(
                pureClassesKnowOnlyValues(),
                pureClassesReadNoClock(),
                pureClassesUseNoThreads(),
                pureClassesAskNothingOfTheMachine(),
                pureClassesDrawNoLots(),
                pureClassesKnowNoCustomResources(),
                packagesHaveNoCycles(),
                onlyCommandsAndReconcilersKnowTheirFrameworks()));
        rules.addAll(importsOnlyWhatStandsAbove());
        return rules;
    }

    private static DescribedPredicate<JavaCall<?>> call(
            String description, java.util.function.Predicate<JavaCall<?>> predicate) {
        return describe(description, predicate);
    }

    private static DescribedPredicate<JavaConstructorCall> callOf(
            String description, java.util.function.Predicate<JavaConstructorCall> predicate) {
        return describe(description, predicate);
    }

    private static DescribedPredicate<JavaAccess<?>> access(
            String description, java.util.function.Predicate<JavaAccess<?>> predicate) {
        return describe(description, predicate);
    }
}
