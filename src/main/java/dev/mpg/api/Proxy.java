package dev.mpg.api;

import com.fasterxml.jackson.annotation.JsonClassDescription;
import io.fabric8.crd.generator.annotation.AdditionalPrinterColumn;
import io.fabric8.generator.annotation.ValidationRule;
import io.fabric8.kubernetes.api.model.Namespaced;
import io.fabric8.kubernetes.client.CustomResource;
import io.fabric8.kubernetes.model.annotation.Group;
import io.fabric8.kubernetes.model.annotation.Kind;
import io.fabric8.kubernetes.model.annotation.Plural;
import io.fabric8.kubernetes.model.annotation.ShortNames;
import io.fabric8.kubernetes.model.annotation.Singular;
import io.fabric8.kubernetes.model.annotation.Version;

/**
 * One logical config plane: a cluster id, its fleet of gateways, listeners, routes and backends. The columns of {@code
 * kubectl get} stand in the order in which they are declared.
 */
@Group("mpg.dev")
@Version("v1alpha1")
@Kind("Proxy")
@Singular("proxy")
@Plural("proxies")
@ShortNames("px")
@AdditionalPrinterColumn(name = "VERSION", jsonPath = ".status.versions.desired")
@AdditionalPrinterColumn(name = "GATEWAYS", jsonPath = ".status.gateways.summary")
@AdditionalPrinterColumn(name = "PROGRAMMED", jsonPath = ".status.conditions[?(@.type==\"Programmed\")].status")
@AdditionalPrinterColumn(name = "PHASE", jsonPath = ".status.rollout.phase")
@AdditionalPrinterColumn(
        name = "AGE",
        jsonPath = ".metadata.creationTimestamp",
        type = AdditionalPrinterColumn.Type.DATE)
@AdditionalPrinterColumn(name = "CLUSTER", jsonPath = ".status.clusterId", priority = 1)
@AdditionalPrinterColumn(name = "STABLE", jsonPath = ".status.versions.stable", priority = 1)
@AdditionalPrinterColumn(
        name = "REASON",
        jsonPath = ".status.conditions[?(@.type==\"Programmed\")].reason",
        priority = 1)
@JsonClassDescription(
        "One logical config plane: a cluster id, its fleet of gateways, listeners, routes and backends."
                + " Changes go out to the gateways in versions; the status says which gateway runs which, and who refused what.")
@ValidationRule(value = ObjectName.RULE, message = ObjectName.MESSAGE, fieldPath = ".metadata.name")
public class Proxy extends CustomResource<ProxySpec, ProxyStatus> implements Namespaced {
    private static final long serialVersionUID = 1L;
}
