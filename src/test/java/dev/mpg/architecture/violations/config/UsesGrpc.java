package dev.mpg.architecture.violations.config;

import io.grpc.Status;

final class UsesGrpc {
    Status breakTheRule() {
        return Status.OK;
    }
}
