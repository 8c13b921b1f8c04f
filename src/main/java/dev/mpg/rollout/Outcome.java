package dev.mpg.rollout;

import dev.mpg.snapshot.ContentHash;

/** Something that a decision brought about: worth an Event, told once. Immutable. */
public sealed interface Outcome {
    /** A version became the target, and isn't stable, nor marked failed. */
    record Started(ContentHash target) implements Outcome {}

    /** A wave opened, or a stopped one was resumed. */
    record WaveOpened(ContentHash target, Wave wave) implements Outcome {}

    /** The target failed. */
    record Failed(Failure failure) implements Outcome {}

    /** The target is marked failed, now or before, and everybody who had it runs stable again. */
    record RolledBack(Failure failure) implements Outcome {}

    /** The target is stable. */
    record Completed(ContentHash version) implements Outcome {}

    /** A command acted. */
    record Obeyed(Command command) implements Outcome {}

    /** A command did nothing, and never will. */
    record Ignored(Command command, String why) implements Outcome {}
}
