package dev.mpg.architecture.violations.placement;

import java.util.Random;

final class DrawsARandomNumber {
    int breakTheRule() {
        return new Random().nextInt();
    }
}
