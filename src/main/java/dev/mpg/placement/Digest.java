package dev.mpg.placement;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ContentHash;

/**
 * Rendezvous (highest random weight) hashing for a thousand nodes per decision: names are digested once, by SHA-256, and a pair
 * costs a few multiplications. The same in any JVM.
 *
 * @see <a href="https://doi.org/10.1109/90.663936">Thaler and Ravishankar, 1998</a>
 */
final class Digest {
    private Digest() {}

    static long of(String name) {
        return ContentHash.of(ByteString.copyFromUtf8(name)).word0();
    }

    /** The weight of {@code node} for {@code key}, as an unsigned number: both are digests, so their difference is even. */
    static long weight(long key, long node) {
        return mix(key ^ Long.rotateLeft(node, 32));
    }

    /**
     * The finalizer of SplitMix64: a bijection in which every bit of the input changes half of the output's.
     *
     * @see <a href="https://doi.org/10.1145/2714064.2660195">Steele, Lea and Flood, 2014</a>
     */
    static long mix(long bits) {
        long once = (bits ^ (bits >>> 30)) * 0xbf58476d1ce4e5b9L;
        long twice = (once ^ (once >>> 27)) * 0x94d049bb133111ebL;
        return twice ^ (twice >>> 31);
    }
}
