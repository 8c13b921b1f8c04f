package dev.mpg.operator.proxy;

import static org.assertj.core.api.Assertions.assertThat;

import dev.mpg.compile.Compiler;
import dev.mpg.config.ObjectRef;
import dev.mpg.config.Origin;
import dev.mpg.config.Problem;
import dev.mpg.config.SpecReader.Reading;
import dev.mpg.config.TrafficConfig;
import dev.mpg.operator.proxy.Admission.Facts;
import java.util.Collections;
import java.util.List;
import org.junit.jupiter.api.Test;

class AdmissionTest {
    private static final ObjectRef SHOP = new ObjectRef("Proxy", "edge", "shop");
    private static final ObjectRef OTHER = new ObjectRef("Proxy", "edge", "other");
    private static final TrafficConfig CONFIG = new TrafficConfig("eu", List.of(), List.of(), List.of());
    private static final Reading GOOD = new Reading.Accepted(CONFIG);
    private static final Problem PROBLEM =
            new Problem(new Origin(SHOP, "spec").field("routes").index(2), "it is wrong", "mend it");

    private static Verdict decide(ObjectRef holder, boolean schedulerExists, Reading reading) {
        return Admission.decide(new Facts(SHOP, "eu", holder, "default", schedulerExists, reading));
    }

    @Test
    void a_good_spec_is_compiled() {
        assertThat(decide(SHOP, true, GOOD)).isEqualTo(new Verdict.Accepted(Compiler.compile(CONFIG)));
    }

    @Test
    void cluster_id_conflict_names_the_holder() {
        assertThat(decide(OTHER, true, GOOD))
                .isEqualTo(new Verdict.Refused(
                        "ClusterIdConflict",
                        "spec.clusterId: eu belongs to Proxy edge/other, which is older; choose another clusterId"
                                + " (in a new Proxy: it is immutable)"));
    }

    @Test
    void invalid_spec_names_field_and_remedy() {
        assertThat(decide(SHOP, true, new Reading.Refused(List.of(PROBLEM))))
                .isEqualTo(new Verdict.Refused("InvalidSpec", "spec.routes[2]: it is wrong; mend it"));
    }

    @Test
    void many_problems_are_counted() {
        Verdict verdict = decide(SHOP, true, new Reading.Refused(Collections.nCopies(11, PROBLEM)));
        assertThat(verdict)
                .isInstanceOfSatisfying(
                        Verdict.Refused.class,
                        refused -> assertThat(refused.message()).hasLineCount(9).endsWith("and 3 more"));
    }

    @Test
    void scheduler_not_found_names_it() {
        assertThat(decide(SHOP, false, GOOD))
                .isEqualTo(new Verdict.Refused(
                        "SchedulerNotFound",
                        "spec.schedulerName: there is no Scheduler named default; create it or name another"));
    }
}
