package dev.mpg.config;

/**
 * Where a part of the config was written: the object and the path of the field, such as {@code spec.routes[2].timeouts}.
 */
public record Origin(ObjectRef object, String field) {

    /** A field of this part. */
    public Origin field(String name) {
        return new Origin(object, field + "." + name);
    }

    /** An entry of this list, counted from 0. */
    public Origin index(int index) {
        return new Origin(object, field + "[" + index + "]");
    }

    @Override
    public String toString() {
        return object + ": " + field;
    }
}
