package dev.mpg.telemetry;

import com.google.protobuf.ByteString;
import com.sun.management.HotSpotDiagnosticMXBean;
import com.sun.management.HotSpotDiagnosticMXBean.ThreadDumpFormat;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.text.ParseException;
import java.time.Duration;
import java.util.Locale;
import java.util.concurrent.Semaphore;
import java.util.stream.Collectors;
import javax.management.JMException;
import javax.management.ObjectName;
import jdk.jfr.Configuration;
import jdk.jfr.Recording;

/**
 * Pages that look into the running JVM: {@code /debug/threads}, {@code /debug/heap}, {@code /debug/jfr}. Each costs something,
 * so one request at a time has them; the next gets 503. Thread-safe.
 */
public final class RuntimePages {
    private static final int MAX_THREADS_BYTES = 16 << 20;
    private static final int MAX_HEAP_LINES = 200;
    private static final long MAX_RECORDING_BYTES = 64L << 20;
    private static final int DEFAULT_SECONDS = 10;
    private static final int MAX_SECONDS = 50;

    private final Semaphore free = new Semaphore(1);

    private RuntimePages() {}

    /** Adds the pages. */
    public static void on(HttpEndpoints endpoints) {
        RuntimePages pages = new RuntimePages();
        endpoints.page("/debug/threads", request -> pages.alone(pages::threads));
        endpoints.page("/debug/heap", request -> pages.alone(pages::heap));
        endpoints.page("/debug/jfr", request -> {
            Duration length = length(request);
            return pages.alone(() -> pages.record(length));
        });
    }

    @FunctionalInterface
    private interface Look {
        HttpAnswer look() throws IOException, InterruptedException, JMException, ParseException;
    }

    private HttpAnswer alone(Look look) {
        if (!free.tryAcquire()) {
            return HttpAnswer.error(503, "somebody else looks into this process; try again when he has done");
        }
        try {
            return look.look();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            return HttpAnswer.error(503, "this process ends");
        } catch (JMException | ParseException e) {
            throw new IllegalStateException(e);
        } finally {
            free.release();
        }
    }

    /** All threads, virtual ones too, with their stacks. */
    private HttpAnswer threads() throws IOException {
        Path folder = Files.createTempDirectory("mpg-threads");
        Path file = folder.resolve("threads.txt");
        try {
            ManagementFactory.getPlatformMXBean(HotSpotDiagnosticMXBean.class)
                    .dumpThreads(file.toString(), ThreadDumpFormat.TEXT_PLAIN);
            try (var dump = Files.newInputStream(file)) {
                return new HttpAnswer(
                        200, "text/plain; charset=utf-8", ByteString.copyFrom(dump.readNBytes(MAX_THREADS_BYTES)));
            }
        } finally {
            Files.deleteIfExists(file);
            Files.deleteIfExists(folder);
        }
    }

    /** The classes with most bytes, dead objects included: finding out which are dead would stop the process. */
    private HttpAnswer heap() throws JMException {
        String histogram = (String) ManagementFactory.getPlatformMBeanServer()
                .invoke(
                        new ObjectName("com.sun.management:type=DiagnosticCommand"),
                        "gcClassHistogram",
                        new Object[] {new String[] {"-all"}},
                        new String[] {String[].class.getName()});
        return HttpAnswer.text(
                200, histogram.lines().limit(MAX_HEAP_LINES).collect(Collectors.joining("\n", "", "\n")));
    }

    private static Duration length(HttpRequest request) throws BadRequestException {
        String text = request.parameter("seconds").orElse(Integer.toString(DEFAULT_SECONDS));
        try {
            int seconds = Integer.parseInt(text);
            if (seconds >= 1 && seconds <= MAX_SECONDS) {
                return Duration.ofSeconds(seconds);
            }
        } catch (NumberFormatException e) {
            throw wrong(text);
        }
        throw wrong(text);
    }

    private static BadRequestException wrong(String text) {
        return new BadRequestException(
                String.format(Locale.ROOT, "seconds is %s, not a whole number from 1 to %d", text, MAX_SECONDS));
    }

    /** What happens from now on, as a JFR recording. */
    private HttpAnswer record(Duration length) throws IOException, InterruptedException, ParseException {
        Path file = Files.createTempFile("mpg", ".jfr");
        try (Recording recording = new Recording(Configuration.getConfiguration("profile"))) {
            recording.setMaxSize(MAX_RECORDING_BYTES);
            recording.start();
            Thread.sleep(length);
            recording.stop();
            recording.dump(file);
            return new HttpAnswer(200, "application/octet-stream", ByteString.copyFrom(Files.readAllBytes(file)));
        } finally {
            Files.deleteIfExists(file);
        }
    }
}
