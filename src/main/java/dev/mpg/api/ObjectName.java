package dev.mpg.api;

/**
 * What our objects may be called. Their names are part of the names and labels of what is made for them, of which a
 * StatefulSet has the least room: a label on its Pods holds its name, a dash and 10 digits in 63 characters, so with the
 * ending {@code -gateway} 44 are left. A Service's name can have no dots and starts with a letter. Beside it, what names in
 * general look like.
 */
final class ObjectName {
    static final int MAX_LENGTH = 44;
    static final String PATTERN = "^[a-z]([-a-z0-9]*[a-z0-9])?$";
    static final String RULE =
            "size(self.metadata.name) <= " + MAX_LENGTH + " && self.metadata.name.matches('" + PATTERN + "')";
    static final String MESSAGE = "the name is part of the names of what is made for this object: use at most "
            + MAX_LENGTH + " lower-case letters, digits and '-', starting with a letter";

    /** A label of the DNS (RFC 1123), beside a length of at most 63. */
    static final String DNS_LABEL = "^[a-z0-9]([-a-z0-9]*[a-z0-9])?$";

    /** A name in the DNS, without anchors. */
    static final String DNS_NAME = "[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)*";

    private ObjectName() {}
}
