package dev.mpg.proxy;

import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Path;
import java.util.Optional;
import java.util.concurrent.CountDownLatch;

/**
 * A process with a proxy instance for each pair of a Master's address and a data folder that it is given. Once they serve it
 * writes one line with the ports of their xDS servers; it ends only when it is killed.
 */
final class ManyProxies {
    private ManyProxies() {}

    public static void main(String[] args) throws InterruptedException {
        StringBuilder ports = new StringBuilder();
        for (int i = 0; i < args.length; i += 2) {
            ProxyProcess proxy = start(args[i], Path.of(args[i + 1]));
            ports.append(proxy.xdsAddress().getPort()).append(' ');
        }
        System.out.println(ports);
        new CountDownLatch(1).await();
    }

    static ProxyProcess start(String master, Path folder) {
        InetSocketAddress any = new InetSocketAddress(InetAddress.getLoopbackAddress(), 0);
        return ProxyProcess.start(
                new ProxyProcess.Options(TestMaster.INSTANCE, master, any, any, folder, Optional.empty(), 0));
    }
}
