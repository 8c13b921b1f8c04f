package dev.mpg.architecture.violations.compile;

import java.net.InetAddress;
import java.net.UnknownHostException;

final class AsksDns {
    InetAddress breakTheRule() throws UnknownHostException {
        return InetAddress.getByName("localhost");
    }
}
