package dev.mpg.e2e;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.time.Instant;
import java.util.Map;
import java.util.TreeMap;

/**
 * What an Envoy says that it runs, from its config dump.
 *
 * @param newestVersion the snapshot's version that came with what it applied last. Delta xDS sends nothing for types in
 *     which nothing changed, so other parts of the dump show the version that came with them
 * @param resourceVersions of each cluster and listener, by name: the resource's version on the wire
 */
record EnvoyConfig(String newestVersion, Map<String, String> resourceVersions) {
    private static final ObjectMapper JSON = new ObjectMapper();
    private static final int FULL_VERSION = 64;

    /** Of the gateway that has its admin interface at this host. */
    static EnvoyConfig of(String host) {
        try {
            Reading reading = new Reading();
            JSON.readTree(Http.get("http://" + host + ":9901/config_dump"))
                    .get("configs")
                    .forEach(reading::section);
            return new EnvoyConfig(reading.newestVersion, reading.resourceVersions);
        } catch (JsonProcessingException e) {
            throw new IllegalStateException("the config dump is no JSON", e);
        }
    }

    private static final class Reading {
        private String newestVersion = "";
        private Instant newest = Instant.MIN;
        private final Map<String, String> resourceVersions = new TreeMap<>();

        void section(JsonNode section) {
            String version = section.path("version_info").asText();
            for (String list : new String[] {"dynamic_active_clusters", "dynamic_listeners", "dynamic_route_configs"}) {
                for (JsonNode entry : section.path(list)) {
                    JsonNode state = entry.has("active_state") ? entry.get("active_state") : entry;
                    String own = state.path("version_info").asText();
                    seen(
                            own.length() == FULL_VERSION ? own : version,
                            Instant.parse(state.get("last_updated").asText()));
                    if (state.has("cluster") || state.has("listener")) {
                        JsonNode resource = state.has("cluster") ? state.get("cluster") : state.get("listener");
                        resourceVersions.put(resource.get("name").asText(), own);
                    }
                }
            }
        }

        private void seen(String version, Instant when) {
            if (when.isAfter(newest)) {
                newest = when;
                newestVersion = version;
            }
        }
    }
}
