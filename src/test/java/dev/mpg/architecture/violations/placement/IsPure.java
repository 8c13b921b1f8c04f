package dev.mpg.architecture.violations.placement;

import java.net.InetAddress;
import java.time.Duration;
import java.util.SplittableRandom;

final class IsPure {
    double breakTheRule(long seed, Duration since) {
        return new SplittableRandom(seed).nextDouble()
                + InetAddress.ofLiteral("10.0.0.7").hashCode()
                + since.toMillis();
    }
}
