package dev.mpg.architecture.violations.config;

import dev.mpg.api.Proxy;

final class KnowsACustomResource {
    String breakTheRule(Proxy proxy) {
        return proxy.getCRDName();
    }
}
