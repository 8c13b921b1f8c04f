package dev.mpg.config;

/**
 * Why a config is refused.
 *
 * @param origin the object and field at fault
 * @param found what is there, as a clause: {@code "'90' is not a duration"}
 * @param remedy what to do, as a clause: {@code "write it like 3s or 500ms"}
 */
public record Problem(Origin origin, String found, String remedy) {
    /** {@code spec.routes[2].timeouts.request: '90' is not a duration; write it like 3s or 500ms}. */
    public String message() {
        return origin.field() + ": " + found + "; " + remedy;
    }
}
