package dev.mpg.telemetry;

/** What is at a path. Called from many threads at a time. */
@FunctionalInterface
public interface HttpPage {
    /**
     * The page as this request wants it.
     *
     * @throws BadRequestException when the request makes no sense; the requester is told
     */
    HttpAnswer answer(HttpRequest request) throws BadRequestException;
}
