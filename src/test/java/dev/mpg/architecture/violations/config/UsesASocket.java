package dev.mpg.architecture.violations.config;

import java.net.Socket;

final class UsesASocket {
    Socket breakTheRule() {
        return new Socket();
    }
}
