package dev.mpg.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;

/** A pool of proxy instances that serve the Proxies which name this Scheduler. Cluster-scoped. */
@Group("mpg.dev")
@Version("v1alpha1")
@Kind("Scheduler")
@Singular("scheduler")
@Plural("schedulers")
@ShortNames("sched")
@AdditionalPrinterColumn(name = "INSTANCES", jsonPath = ".status.summary")
@AdditionalPrinterColumn(name = "PROXIES", jsonPath = ".status.proxies", type = AdditionalPrinterColumn.Type.INTEGER)
@AdditionalPrinterColumn(name = "STDDEV", jsonPath = ".status.loadStdDev")
@AdditionalPrinterColumn(name = "READY", jsonPath = ".status.conditions[?(@.type==\"Ready\")].status")
@AdditionalPrinterColumn(name = "BALANCED", jsonPath = ".status.conditions[?(@.type==\"Balanced\")].status")
@AdditionalPrinterColumn(
        name = "AGE",
        jsonPath = ".metadata.creationTimestamp",
        type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(name = "MIGRATIONS", jsonPath = ".status.migrations.planned", priority = 1)
@AdditionalPrinterColumn(name = "REASON", jsonPath = ".status.conditions[?(@.type==\"Ready\")].reason", priority = 1)
@JsonClassDescription("A pool of proxy instances that serve the Proxies which name this Scheduler."
        + " Proxies that name none are served by the Scheduler called default.")
@ValidationRule(value = ObjectName.RULE, message = ObjectName.MESSAGE, fieldPath = ".metadata.name")
public class Scheduler extends CustomResource<SchedulerSpec, SchedulerStatus> {
    private static final long serialVersionUID = 1L;
}
