package dev.mpg.operator.events;

import com.google.protobuf.ByteString;
import dev.mpg.snapshot.ContentHash;
import io.fabric8.kubernetes.api.model.Event;
import io.fabric8.kubernetes.api.model.EventBuilder;
import io.fabric8.kubernetes.api.model.HasMetadata;
import io.fabric8.kubernetes.api.model.ObjectReferenceBuilder;
import io.fabric8.kubernetes.client.KubernetesClient;
import io.fabric8.kubernetes.client.KubernetesClientException;
import io.opentelemetry.api.trace.Span;
import io.opentelemetry.api.trace.SpanContext;
import java.time.Clock;
import java.time.temporal.ChronoUnit;
import java.util.Map;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes Kubernetes Events, with the id of the trace in which they are told. The same notice about the same object is one Event whose count grows; warnings are the same when
 * they have one reason, since their text can differ each time. Writing is best effort: an Event that cannot be written is
 * logged, and never fails a reconcile. Thread-safe.
 */
public final class EventRecorder {
    /** Annotation with the id of the trace in which it was told. */
    public static final String TRACE_ID = "mpg.dev/trace-id";

    private static final Logger log = LoggerFactory.getLogger(EventRecorder.class);
    private static final int CONFLICT = 409;
    private static final int MAX_MESSAGE = 1024;
    private static final String CLUSTER_SCOPED_EVENTS = "default";
    private static final String COMPONENT = "mpg-operator";

    private final KubernetesClient client;
    private final Clock clock;

    public EventRecorder(KubernetesClient client, Clock clock) {
        this.client = client;
        this.clock = clock;
    }

    /** Tells people about {@code object}. */
    public void record(HasMetadata object, Notice notice) {
        Event event = event(object, notice);
        try {
            client.v1().events().resource(event).create();
        } catch (KubernetesClientException e) {
            if (e.getCode() == CONFLICT) {
                countAgain(event);
            } else {
                log.warn("cannot write Event {} of {}: {}", notice.reason(), event.getInvolvedObject(), e.getMessage());
            }
        }
    }

    private void countAgain(Event event) {
        try {
            client.v1()
                    .events()
                    .inNamespace(event.getMetadata().getNamespace())
                    .withName(event.getMetadata().getName())
                    .edit(earlier -> new EventBuilder(earlier)
                            .editMetadata()
                            .addToAnnotations(event.getMetadata().getAnnotations())
                            .endMetadata()
                            .withCount(earlier.getCount() == null ? 2 : earlier.getCount() + 1)
                            .withMessage(event.getMessage())
                            .withLastTimestamp(event.getLastTimestamp())
                            .build());
        } catch (KubernetesClientException e) {
            log.warn("cannot count Event {} again: {}", event.getMetadata().getName(), e.getMessage());
        }
    }

    private Event event(HasMetadata object, Notice notice) {
        SpanContext span = Span.current().getSpanContext();
        String trace = span.isSampled() ? " [trace " + span.getTraceId() + "]" : "";
        int length = MAX_MESSAGE - trace.length();
        String message =
                notice.message().length() > length ? notice.message().substring(0, length - 1) + "…" : notice.message();
        String namespace = object.getMetadata().getNamespace();
        String now = clock.instant().truncatedTo(ChronoUnit.SECONDS).toString();
        String sameness = ContentHash.of(ByteString.copyFromUtf8(
                        object.getMetadata().getUid() + notice.reason() + (notice.warning() ? "" : message)))
                .abbreviated();
        return new EventBuilder()
                .withNewMetadata()
                .withNamespace(namespace == null ? CLUSTER_SCOPED_EVENTS : namespace)
                .withName(object.getMetadata().getName() + "." + sameness)
                .withAnnotations(span.isSampled() ? Map.of(TRACE_ID, span.getTraceId()) : Map.of())
                .endMetadata()
                .withInvolvedObject(new ObjectReferenceBuilder()
                        .withApiVersion(object.getApiVersion())
                        .withKind(object.getKind())
                        .withNamespace(namespace)
                        .withName(object.getMetadata().getName())
                        .withUid(object.getMetadata().getUid())
                        .build())
                .withType(notice.warning() ? "Warning" : "Normal")
                .withReason(notice.reason())
                .withMessage(message + trace)
                .withFirstTimestamp(now)
                .withLastTimestamp(now)
                .withCount(1)
                .withReportingComponent(COMPONENT)
                .withNewSource()
                .withComponent(COMPONENT)
                .endSource()
                .build();
    }
}
