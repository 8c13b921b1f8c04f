package dev.mpg.snapshot;

import static java.nio.charset.StandardCharsets.UTF_8;
import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatIllegalArgumentException;

import com.google.protobuf.ByteString;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.HexFormat;
import java.util.Random;
import org.junit.jupiter.api.Test;

class ContentHashTest {
    /** From FIPS 180-4's examples. */
    private static final String ABC = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";

    private static final ContentHash HASH = ContentHash.of(ByteString.copyFromUtf8("abc"));

    @Test
    void isSha256() {
        assertThat(HASH.hex()).isEqualTo(ABC);
        assertThat(HASH.toBytes().toByteArray()).isEqualTo(HexFormat.of().parseHex(ABC));
    }

    @Test
    void doesNotDependOnHowTheBytesAreHeld() {
        ByteString rope = ByteString.empty();
        ByteString flat = ByteString.copyFrom(bytes(100_000));
        for (int i = 0; i < flat.size(); i += 1000) {
            rope = rope.concat(flat.substring(i, i + 1000));
        }

        assertThat(ContentHash.of(rope)).isEqualTo(ContentHash.of(flat));
    }

    @Test
    void survivesTheWayThroughBytes() {
        Random random = new Random(1);
        for (int i = 0; i < 1000; i++) {
            ContentHash hash =
                    new ContentHash(random.nextLong(), random.nextLong(), random.nextLong(), random.nextLong());
            assertThat(ContentHash.fromBytes(hash.toBytes())).isEqualTo(hash);
            assertThat(ByteBuffer.wrap(hash.toBytes().toByteArray())
                            .order(ByteOrder.BIG_ENDIAN)
                            .getLong())
                    .isEqualTo(hash.word0());
        }
    }

    @Test
    void isRefusedWhenNot32Bytes() {
        for (int length : new int[] {0, 16, 31, 33, 64}) {
            assertThatIllegalArgumentException()
                    .isThrownBy(() -> ContentHash.fromBytes(ByteString.copyFrom(new byte[length])))
                    .withMessageContaining("32 bytes, not " + length);
        }
    }

    @Test
    void isShort() {
        assertThat(HASH.abbreviated()).isEqualTo("ba7816bf8f01").isEqualTo(HASH.toString());
        assertThat(HASH.wire()).isEqualTo("ungWv48Bz-pBQUDeXa4iIw");
    }

    @Test
    void itsWireFormIs22CharactersOfBase64url() {
        Random random = new Random(2);
        for (int i = 0; i < 1000; i++) {
            ContentHash hash = ContentHash.of(ByteString.copyFrom(String.valueOf(random.nextLong()), UTF_8));
            assertThat(hash.wire()).matches("[A-Za-z0-9_-]{22}");
            assertThat(Base64.getUrlDecoder().decode(hash.wire()))
                    .isEqualTo(hash.toBytes().substring(0, 16).toByteArray());
        }
    }

    private static byte[] bytes(int length) {
        byte[] bytes = new byte[length];
        new Random(3).nextBytes(bytes);
        return bytes;
    }
}
