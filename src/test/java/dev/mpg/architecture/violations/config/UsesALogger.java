package dev.mpg.architecture.violations.config;

import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

final class UsesALogger {
    Logger breakTheRule() {
        return LoggerFactory.getLogger(UsesALogger.class);
    }
}
