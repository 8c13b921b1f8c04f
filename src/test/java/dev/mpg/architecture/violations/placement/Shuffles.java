package dev.mpg.architecture.violations.placement;

import java.util.Collections;
import java.util.List;

final class Shuffles {
    void breakTheRule(List<String> list) {
        Collections.shuffle(list);
    }
}
