package dev.mpg.architecture.violations.config;

import java.io.File;

final class UsesAFile {
    boolean breakTheRule() {
        return new File("config").exists();
    }
}
