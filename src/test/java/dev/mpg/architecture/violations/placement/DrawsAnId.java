package dev.mpg.architecture.violations.placement;

import java.util.UUID;

final class DrawsAnId {
    UUID breakTheRule() {
        return UUID.randomUUID();
    }
}
