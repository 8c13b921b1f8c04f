package dev.mpg.operator.infrastructure.host;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ContentHash;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * What a process should be.
 *
 * @param command the program and its arguments
 * @param files what it reads when it starts: content by name, in its folder
 * @param liveFiles what it also reads when another file is renamed onto it; no reason to start it anew
 */
record ProcessSpec(List<String> command, Map<String, String> files, Map<String, String> liveFiles) {
    ProcessSpec {
        command = List.copyOf(command);
        files = Map.copyOf(files);
        liveFiles = Map.copyOf(liveFiles);
    }

    /** Equal exactly when a running process need not be replaced. */
    String hash() {
        StringBuilder content = new StringBuilder();
        command.forEach(argument -> content.append(argument).append('\0'));
        new TreeMap<>(files)
                .forEach((name, text) ->
                        content.append('\0').append(name).append('\0').append(text));
        return ContentHash.of(ByteString.copyFromUtf8(content.toString())).hex();
    }
}
