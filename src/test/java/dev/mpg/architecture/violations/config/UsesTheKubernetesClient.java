package dev.mpg.architecture.violations.config;

import io.fabric8.kubernetes.client.KubernetesClient;

final class UsesTheKubernetesClient {
    String breakTheRule(KubernetesClient client) {
        return client.getNamespace();
    }
}
