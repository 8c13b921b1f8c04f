package dev.mpg.operator.events;

/**
 * Something that people should be told about an object.
 *
 * @param warning whether it wants attention
 * @param reason one word in UpperCamelCase
 * @param message what happened, which object and field, and what to do
 */
public record Notice(boolean warning, String reason, String message) {
    /** All is as it should be. */
    public static Notice normal(String reason, String message) {
        return new Notice(false, reason, message);
    }

    /** Wants attention. */
    public static Notice warning(String reason, String message) {
        return new Notice(true, reason, message);
    }
}
