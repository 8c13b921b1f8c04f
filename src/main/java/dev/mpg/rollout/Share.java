package dev.mpg.rollout;

/** How much of a fleet. Written {@code 10%} or {@code 3}. Immutable. */
public sealed interface Share {
    /** The whole fleet. */
    Share WHOLE = new Percent(100);

    /**
     * How many gateways that is.
     *
     * @param fleet the fleet's size
     * @return rounded up, at least 1, at most {@code fleet}; 0 of an empty fleet
     */
    int of(int fleet);

    /** A share of 1 to 100 hundredths. */
    record Percent(int percent) implements Share {
        public Percent {
            if (percent < 1 || percent > 100) {
                throw new IllegalArgumentException("a share is 1% to 100%, not " + percent + "%");
            }
        }

        @Override
        public int of(int fleet) {
            return Math.toIntExact(((long) fleet * percent + 99) / 100);
        }

        @Override
        public String toString() {
            return percent + "%";
        }
    }

    /** So many gateways, at least 1. */
    record Count(int count) implements Share {
        public Count {
            if (count < 1) {
                throw new IllegalArgumentException("a share is at least 1 gateway, not " + count);
            }
        }

        @Override
        public int of(int fleet) {
            return Math.min(count, fleet);
        }

        @Override
        public String toString() {
            return Integer.toString(count);
        }
    }

    /**
     * Reads what {@code toString} wrote.
     *
     * @throws IllegalArgumentException when it's neither a percentage nor a count
     */
    static Share parse(String text) {
        boolean percent = text.endsWith("%");
        String digits = percent ? text.substring(0, text.length() - 1) : text;
        if (!digits.matches("[0-9]{1,9}")) {
            throw new IllegalArgumentException("a share is written 10% or 3, not '" + text + "'");
        }
        int number = Integer.parseInt(digits);
        return percent ? new Percent(number) : new Count(number);
    }
}
