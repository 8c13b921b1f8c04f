package dev.mpg.proxy;

import static dev.mpg.sync.Patience.await;

import dev.mpg.cli.Mpg;
import java.io.IOException;
import java.net.InetAddress;
import java.net.InetSocketAddress;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** A real {@code mpg proxy}, as a process of its own on the classes under test. */
final class RunningProxy implements AutoCloseable {
    private static final Pattern ADDRESSES =
            Pattern.compile("xDS on 127\\.0\\.0\\.1:(\\d+), http://127\\.0\\.0\\.1:(\\d+)/");

    private final Process process;
    private final Path log;

    private RunningProxy(Process process, Path log) {
        this.process = process;
        this.log = log;
    }

    /** Starts one, which may fail to. */
    static RunningProxy start(String master, Path dataFolder, Path log, String... more) throws IOException {
        List<String> command = new ArrayList<>(List.of(
                ProcessHandle.current().info().command().orElseThrow(),
                "--sun-misc-unsafe-memory-access=allow",
                "--enable-native-access=ALL-UNNAMED",
                "-XX:TieredStopAtLevel=1",
                // Not the tests' own, which is on the class path too.
                "-Dlogback.configurationFile=logback.xml",
                "-cp",
                System.getProperty("surefire.test.class.path", System.getProperty("java.class.path")),
                Mpg.class.getName(),
                "proxy",
                "--instance=" + TestMaster.INSTANCE,
                "--master=" + master,
                "--data-dir=" + dataFolder));
        command.addAll(List.of(
                more.length > 0 ? more : new String[] {"--xds-address=127.0.0.1:0", "--debug-address=127.0.0.1:0"}));
        ProcessBuilder builder =
                new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log.toFile());
        builder.environment().put("MPG_LOG_LEVEL", "INFO");
        return new RunningProxy(builder.start(), log);
    }

    /** Where gateways connect. Waits until it listens. */
    InetSocketAddress xdsAddress() {
        return address(1);
    }

    /** Where the debug endpoints are. Waits until it listens. */
    InetSocketAddress debugAddress() {
        return address(2);
    }

    private InetSocketAddress address(int group) {
        Matcher addresses = await().until(
                        () -> {
                            if (!process.isAlive()) {
                                throw new AssertionError("mpg proxy ended: " + log());
                            }
                            return ADDRESSES.matcher(log());
                        },
                        Matcher::find);
        return new InetSocketAddress(InetAddress.getLoopbackAddress(), Integer.parseInt(addresses.group(group)));
    }

    /** All that it has written. */
    String log() throws IOException {
        return Files.readString(log);
    }

    /** Ends it as the kernel would when memory is short: nothing can be cleaned up. */
    void kill() throws InterruptedException {
        process.destroyForcibly().waitFor();
    }

    /** From now on it can make no file larger than this, as if its volume were full. Its log neither. */
    void limitFiles(String bytes) throws IOException, InterruptedException {
        Process limit = new ProcessBuilder("prlimit", "--pid=" + process.pid(), "--fsize=" + bytes + ":")
                .inheritIO()
                .start();
        if (limit.waitFor() != 0) {
            throw new IOException("prlimit ended with " + limit.exitValue());
        }
    }

    /** Asks it to end. */
    void terminate() {
        process.destroy();
    }

    /** Its exit code. Waits until it has ended. */
    int exitCode() {
        await().alias("mpg proxy ends").until(() -> !process.isAlive());
        return process.exitValue();
    }

    @Override
    public void close() {
        process.destroyForcibly();
    }
}
