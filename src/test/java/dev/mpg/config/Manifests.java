package dev.mpg.config;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.mpg.api.Proxy;
import dev.mpg.config.SpecReader.Reading;
import io.fabric8.kubernetes.client.utils.KubernetesSerialization;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Manifests as users write them. Unlike the API client, and like {@code kubectl}, it refuses fields that don't exist. */
public final class Manifests {
    private static final KubernetesSerialization STRICT = strict();

    private Manifests() {}

    private static KubernetesSerialization strict() {
        ObjectMapper mapper = new ObjectMapper();
        KubernetesSerialization strict = new KubernetesSerialization(mapper, false);
        mapper.enable(DeserializationFeature.FAIL_ON_UNKNOWN_PROPERTIES);
        return strict;
    }

    /** Reads one manifest. */
    public static <T> T read(String yaml, Class<T> kind) {
        return STRICT.unmarshal(yaml, kind);
    }

    /** Reads a Proxy as the operator would. */
    public static Reading read(Path file) {
        return read(read(text(file), Proxy.class));
    }

    /** Reads a Proxy as the operator would. */
    public static Reading read(Proxy proxy) {
        return SpecReader.read(
                new ObjectRef(
                        "Proxy",
                        proxy.getMetadata().getNamespace(),
                        proxy.getMetadata().getName()),
                proxy.getSpec());
    }

    /** Reads a Proxy that is valid. */
    public static TrafficConfig config(Path file) {
        return config(read(file));
    }

    /** The config of a spec that is valid. */
    public static TrafficConfig config(Reading reading) {
        return switch (reading) {
            case Reading.Accepted(TrafficConfig config) -> config;
            case Reading.Refused refused -> throw new AssertionError("refused: " + refused.problems());
        };
    }

    /** The file's text, in UTF-8. */
    public static String text(Path file) {
        try {
            return Files.readString(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
