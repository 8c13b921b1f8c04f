package dev.mpg.architecture.violations.config;

import java.util.concurrent.Executor;

final class UsesAnExecutor {
    Executor breakTheRule() {
        return Runnable::run;
    }
}
