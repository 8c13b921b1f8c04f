package dev.mpg.testing;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The real programs that tests run. {@code MPG_PROGRAMS}, when set, is a folder that holds them; else
 * {@code hack/programs} brings them, which may take minutes the first time on a machine.
 */
public final class Programs {
    private static final Map<String, Path> FOUND = new ConcurrentHashMap<>();

    private Programs() {}

    public static Path envoy() {
        return find("envoy");
    }

    public static Path etcd() {
        return find("etcd");
    }

    public static Path kubeApiserver() {
        return find("kube-apiserver");
    }

    public static Path kubectl() {
        return find("kubectl");
    }

    private static Path find(String name) {
        return FOUND.computeIfAbsent(name, Programs::lookUp);
    }

    private static Path lookUp(String name) {
        String folder = System.getenv("MPG_PROGRAMS");
        if (folder != null && !folder.isEmpty()) {
            return executable(Path.of(folder, name), "The environment's MPG_PROGRAMS names this folder.");
        }
        Path script = projectRoot().resolve("hack/programs");
        if (!Files.isExecutable(script)) {
            throw new IllegalStateException("The test needs " + name + ", and " + script
                    + " is not there to bring it. Set MPG_PROGRAMS to a folder that holds it.");
        }
        return executable(Path.of(run(script, name), name), script + " printed this folder.");
    }

    private static Path executable(Path program, String why) {
        if (!Files.isExecutable(program)) {
            throw new IllegalStateException("There is no program " + program + ". " + why);
        }
        return program.toAbsolutePath();
    }

    /** What it says while it works goes to the test's own error stream: someone may be waiting for minutes. */
    private static String run(Path script, String name) {
        try {
            Process process = new ProcessBuilder(script.toString(), name)
                    .redirectError(ProcessBuilder.Redirect.INHERIT)
                    .start();
            String printed = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
            int status = process.waitFor();
            if (status != 0) {
                throw new IllegalStateException("'" + script + " " + name + "' failed with status " + status
                        + "; what it said is in the output above.");
            }
            return printed;
        } catch (IOException e) {
            throw new IllegalStateException("'" + script + " " + name + "' could not be run", e);
        } catch (InterruptedException e) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("interrupted while waiting for '" + script + " " + name + "'", e);
        }
    }

    private static Path projectRoot() {
        Path folder = Path.of("").toAbsolutePath();
        while (!Files.exists(folder.resolve("mvnw"))) {
            Path parent = folder.getParent();
            if (parent == null) {
                throw new IllegalStateException("Run the tests from within the project: no mvnw in "
                        + Path.of("").toAbsolutePath() + " or above.");
            }
            folder = parent;
        }
        return folder;
    }
}
