package dev.mpg.architecture.violations.compile;

import java.util.List;

final class UsesAParallelStream {
    long breakTheRule(List<String> list) {
        return list.parallelStream().count();
    }
}
