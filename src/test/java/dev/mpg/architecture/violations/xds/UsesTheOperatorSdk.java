package dev.mpg.architecture.violations.xds;

import io.javaoperatorsdk.operator.api.reconciler.UpdateControl;

final class UsesTheOperatorSdk {
    UpdateControl<?> breakTheRule() {
        return UpdateControl.noUpdate();
    }
}
