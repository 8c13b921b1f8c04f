package dev.mpg.xds;

import com.google.protobuf.Any;
import com.google.protobuf.ByteString;
import com.google.protobuf.CodedOutputStream;
import com.google.protobuf.UnsafeByteOperations;
import com.google.protobuf.WireFormat;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import io.envoyproxy.envoy.service.discovery.v3.DeltaDiscoveryResponse;
import io.envoyproxy.envoy.service.discovery.v3.DiscoveryResponse;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Responses as bytes. What is equal for many streams, the body, is marshalled once and kept for a while; a stream's own nonce
 * is appended to it. Thread-safe.
 *
 * @see <a href="https://www.envoyproxy.io/docs/envoy/latest/api-v3/service/discovery/v3/discovery.proto">discovery.proto</a>
 */
final class Marshalling {
    private static final int MAX_BODIES = 512;
    private static final long MAX_BYTES = 64L << 20;

    private static final int NAME = io.envoyproxy.envoy.service.discovery.v3.Resource.NAME_FIELD_NUMBER;
    private static final int VERSION = io.envoyproxy.envoy.service.discovery.v3.Resource.VERSION_FIELD_NUMBER;
    private static final int RESOURCE = io.envoyproxy.envoy.service.discovery.v3.Resource.RESOURCE_FIELD_NUMBER;
    private static final int ANY_TYPE_URL = Any.TYPE_URL_FIELD_NUMBER;
    private static final int ANY_VALUE = Any.VALUE_FIELD_NUMBER;

    private final Recent<Key, ByteString> bodies =
            new Recent<>(MAX_BODIES, MAX_BYTES, key -> key.change.resourceBytes(), this::marshal);
    private final AtomicLong marshalled = new AtomicLong();

    private record Key(
            StreamInfo.Protocol protocol, String typeUrl, String version, Change change, BindAddress address) {}

    /** The marshalled DeltaDiscoveryResponse or DiscoveryResponse. */
    ByteString marshal(Response response, BindAddress address) {
        Key key = new Key(
                response.protocol(),
                response.typeUrl(),
                response.version(),
                response.change(),
                response.type() == ResourceType.LISTENER ? address : BindAddress.NONE);
        return bodies.get(key).concat(tail(response));
    }

    /** How many bodies were marshalled so far. */
    long marshalled() {
        return marshalled.get();
    }

    private static ByteString tail(Response response) {
        boolean delta = response.protocol() == StreamInfo.Protocol.DELTA;
        return write(out -> {
            out.writeString(
                    delta ? DeltaDiscoveryResponse.NONCE_FIELD_NUMBER : DiscoveryResponse.NONCE_FIELD_NUMBER,
                    response.nonce());
            if (!response.controlPlane().isEmpty()) {
                out.writeBytes(
                        delta
                                ? DeltaDiscoveryResponse.CONTROL_PLANE_FIELD_NUMBER
                                : DiscoveryResponse.CONTROL_PLANE_FIELD_NUMBER,
                        response.controlPlane());
            }
        });
    }

    private ByteString marshal(Key key) {
        marshalled.incrementAndGet();
        return write(
                key.protocol == StreamInfo.Protocol.DELTA ? out -> writeDelta(out, key) : out -> writeSotw(out, key));
    }

    private static void writeDelta(CodedOutputStream out, Key key) throws IOException {
        out.writeString(DeltaDiscoveryResponse.SYSTEM_VERSION_INFO_FIELD_NUMBER, key.version);
        out.writeString(DeltaDiscoveryResponse.TYPE_URL_FIELD_NUMBER, key.typeUrl);
        for (Resource resource : key.change.upserted()) {
            ByteString value = value(resource, key.address);
            int anySize = anySize(resource, value);
            int size = CodedOutputStream.computeStringSize(NAME, resource.name())
                    + CodedOutputStream.computeStringSize(VERSION, resource.wireVersion())
                    + messageSize(RESOURCE, anySize);
            writeHead(out, DeltaDiscoveryResponse.RESOURCES_FIELD_NUMBER, size);
            out.writeString(NAME, resource.name());
            out.writeString(VERSION, resource.wireVersion());
            writeAny(out, RESOURCE, anySize, resource, value);
        }
        for (String name : key.change.removed()) {
            out.writeString(DeltaDiscoveryResponse.REMOVED_RESOURCES_FIELD_NUMBER, name);
        }
    }

    private static void writeSotw(CodedOutputStream out, Key key) throws IOException {
        out.writeString(DiscoveryResponse.VERSION_INFO_FIELD_NUMBER, key.version);
        out.writeString(DiscoveryResponse.TYPE_URL_FIELD_NUMBER, key.typeUrl);
        for (Resource resource : key.change.upserted()) {
            ByteString value = value(resource, key.address);
            writeAny(out, DiscoveryResponse.RESOURCES_FIELD_NUMBER, anySize(resource, value), resource, value);
        }
    }

    private static ByteString value(Resource resource, BindAddress address) {
        return resource.type() == ResourceType.LISTENER ? address.apply(resource) : resource.bytes();
    }

    private static int anySize(Resource resource, ByteString value) {
        return CodedOutputStream.computeStringSize(ANY_TYPE_URL, resource.type().typeUrl())
                + CodedOutputStream.computeBytesSize(ANY_VALUE, value);
    }

    private static void writeAny(CodedOutputStream out, int field, int size, Resource resource, ByteString value)
            throws IOException {
        writeHead(out, field, size);
        out.writeString(ANY_TYPE_URL, resource.type().typeUrl());
        out.writeBytes(ANY_VALUE, value);
    }

    private static int messageSize(int field, int size) {
        return CodedOutputStream.computeTagSize(field) + CodedOutputStream.computeUInt32SizeNoTag(size) + size;
    }

    private static void writeHead(CodedOutputStream out, int field, int size) throws IOException {
        out.writeTag(field, WireFormat.WIRETYPE_LENGTH_DELIMITED);
        out.writeUInt32NoTag(size);
    }

    private interface Writer {
        void write(CodedOutputStream out) throws IOException;
    }

    private static ByteString write(Writer writer) {
        try {
            ByteArrayOutputStream bytes = new ByteArrayOutputStream();
            CodedOutputStream out = CodedOutputStream.newInstance(bytes);
            writer.write(out);
            out.flush();
            return UnsafeByteOperations.unsafeWrap(bytes.toByteArray());
        } catch (IOException e) {
            throw new UncheckedIOException("writing to memory failed", e);
        }
    }
}
