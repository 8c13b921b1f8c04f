package dev.mpg.xds;

import static dev.mpg.xds.Configs.host;
import static dev.mpg.xds.Configs.route;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.BoolValue;
import com.google.protobuf.ByteString;
import dev.mpg.snapshot.Resource;
import dev.mpg.snapshot.ResourceType;
import io.envoyproxy.envoy.config.core.v3.HeaderValue;
import io.envoyproxy.envoy.config.core.v3.HeaderValueOption;
import io.envoyproxy.envoy.config.route.v3.RouteConfiguration;
import io.envoyproxy.envoy.config.route.v3.VirtualHost;
import java.io.IOException;
import java.util.List;
import org.junit.jupiter.api.Test;

class RouteCompositionTest {
    @Test
    void keepsAllButTheWishForVhds() throws IOException {
        RouteConfiguration original = RouteConfiguration.parseFrom(route("main").bytes()).toBuilder()
                .addVirtualHosts(VirtualHost.newBuilder().setName("own").addDomains("own"))
                .setValidateClusters(BoolValue.of(true))
                .setMostSpecificHeaderMutationsWins(true)
                .addResponseHeadersToAdd(HeaderValueOption.newBuilder()
                        .setHeader(HeaderValue.newBuilder().setKey("x").setValue("y")))
                .build();
        Resource one = host("main", "one", "a");
        Resource two = host("main", "two", "b");
        Resource composed =
                RouteComposition.withHosts(Configs.of(ResourceType.ROUTE, "main", original), List.of(one, two));
        assertThat(RouteConfiguration.parseFrom(composed.bytes()))
                .isEqualTo(original.toBuilder()
                        .clearVhds()
                        .addVirtualHosts(VirtualHost.parseFrom(one.bytes()))
                        .addVirtualHosts(VirtualHost.parseFrom(two.bytes()))
                        .build());
    }

    @Test
    void leavesARouteThatHasItsHostsAsItIs() {
        Resource inline = Configs.of(
                ResourceType.ROUTE,
                "main",
                RouteConfiguration.newBuilder().setName("main").build());
        assertThat(RouteComposition.usesVhds(inline)).isFalse();
        assertThat(RouteComposition.withHosts(inline, List.of())).isSameAs(inline);
    }

    @Test
    void leavesWhatCannotBeReadToTheGateway() {
        Resource broken = Resource.of(ResourceType.ROUTE, "main", ByteString.copyFromUtf8("\u00ff\u00ff"));
        assertThat(RouteComposition.usesVhds(broken)).isFalse();
        assertThat(RouteComposition.withHosts(broken, List.of(host("main", "one", "a"))))
                .isSameAs(broken);
    }
}
