package dev.mpg.architecture.violations.api;

import dev.mpg.architecture.violations.config.Model;

final class KnowsTheModel {
    Model breakTheRule() {
        return new Model();
    }
}
