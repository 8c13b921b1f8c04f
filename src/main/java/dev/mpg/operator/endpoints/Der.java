package dev.mpg.operator.endpoints;

import com.google.protobuf.ByteString;
import java.security.PublicKey;

/** As much of DER as the private keys need that OpenSSL wrote before PKCS #8. */
final class Der {
    private static final int SEQUENCE = 0x30;
    private static final int OCTETS = 0x04;
    private static final ByteString VERSION = ByteString.copyFrom(new byte[] {0x02, 0x01, 0x00});

    private Der() {}

    /**
     * The same private key in PKCS #8, which says of what algorithm it is.
     *
     * @param same that of the key
     * @see <a href="https://www.rfc-editor.org/rfc/rfc5958">RFC 5958</a>
     */
    static ByteString pkcs8(PublicKey same, ByteString key) {
        return element(
                SEQUENCE,
                VERSION.concat(algorithm(ByteString.copyFrom(same.getEncoded())))
                        .concat(element(OCTETS, key)));
    }

    /** A SubjectPublicKeyInfo begins with it. */
    private static ByteString algorithm(ByteString publicKey) {
        int start = header(publicKey, 0);
        int content = header(publicKey, start);
        return publicKey.substring(start, content + length(publicKey, start));
    }

    /** Where the content begins of the element that begins here. */
    private static int header(ByteString der, int at) {
        int first = Byte.toUnsignedInt(der.byteAt(at + 1));
        return at + 2 + (first < 0x80 ? 0 : first - 0x80);
    }

    private static int length(ByteString der, int at) {
        int first = Byte.toUnsignedInt(der.byteAt(at + 1));
        if (first < 0x80) {
            return first;
        }
        int length = 0;
        for (int i = 0; i < first - 0x80; i++) {
            length = length << 8 | Byte.toUnsignedInt(der.byteAt(at + 2 + i));
        }
        return length;
    }

    private static ByteString element(int tag, ByteString content) {
        int size = content.size();
        byte[] head = size < 0x80
                ? new byte[] {(byte) tag, (byte) size}
                : new byte[] {(byte) tag, (byte) 0x82, (byte) (size >> 8), (byte) size};
        return ByteString.copyFrom(head).concat(content);
    }
}
