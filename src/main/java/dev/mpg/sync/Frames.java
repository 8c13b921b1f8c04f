package dev.mpg.sync;

import com.google.protobuf.ByteString;
import io.grpc.Drainable;
import io.grpc.KnownLength;
import io.grpc.MethodDescriptor.Marshaller;
import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;

/** Messages that are marshalled already, so that one that goes to many instances is marshalled once. */
enum Frames implements Marshaller<ByteString> {
    MARSHALLER;

    @Override
    public InputStream stream(ByteString frame) {
        return new Frame(frame);
    }

    @Override
    public ByteString parse(InputStream stream) {
        try {
            return ByteString.readFrom(stream);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    /** gRPC copies it into its own buffers at once, through {@link #drainTo}. */
    private static final class Frame extends FilterInputStream implements Drainable, KnownLength {
        private final ByteString bytes;

        Frame(ByteString bytes) {
            super(bytes.newInput());
            this.bytes = bytes;
        }

        @Override
        public int drainTo(OutputStream target) throws IOException {
            ByteString rest = bytes.substring(bytes.size() - available());
            rest.writeTo(target);
            in = InputStream.nullInputStream();
            return rest.size();
        }
    }
}
