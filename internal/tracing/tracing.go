// Package tracing makes OpenTelemetry traces of what a workload does, and sends them to a
// collector over OTLP. A workload without a collector has a nil Tracer, which starts no span
// and costs nothing.
//
// Spans name what was done and to how much of it. They hold no values of readings, no
// parameters, no keys and no tokens: whoever sees traces is not always allowed to see those.
package tracing

import (
	"context"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/trace"
)

// Parent is the name of the header that leads from one process to the next (W3C Trace
// Context), in requests and in records of Kafka.
const Parent = "traceparent"

// Tracer starts spans. It is safe for concurrent use. A nil Tracer starts none.
type Tracer struct {
	tracer   trace.Tracer
	shutdown func(context.Context) error
}

// Span is work under way. The zero Span is none: its methods do nothing.
type Span struct{ span trace.Span }

// context carries the trace of the caller alone, no baggage: that is for others.
var parents propagation.TraceContext

// On reports whether there is a collector.
func (t *Tracer) On() bool { return t != nil }

// Start begins a span below that of ctx, or a trace of its own.
func (t *Tracer) Start(ctx context.Context, name string) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	return t.start(ctx, name)
}

// Within begins a span below that of ctx. There is none where ctx has no span that is
// recorded: what happens in the background makes no traces.
func (t *Tracer) Within(ctx context.Context, name string) (context.Context, Span) {
	if t == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return ctx, Span{}
	}
	return t.start(ctx, name, trace.WithSpanKind(trace.SpanKindClient))
}

// Serve begins the span of a request to this process, below that of who asked if the header
// names it.
func (t *Tracer) Serve(ctx context.Context, header http.Header, name string) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	return t.start(parents.Extract(ctx, propagation.HeaderCarrier(header)), name, trace.WithSpanKind(trace.SpanKindServer))
}

// Between is a span below that of ctx that has ended already. There is none where ctx has no
// span that is recorded.
func (t *Tracer) Between(ctx context.Context, name string, begun, ended time.Time) {
	if t == nil || !trace.SpanFromContext(ctx).IsRecording() {
		return
	}
	_, span := t.tracer.Start(ctx, name, trace.WithTimestamp(begun))
	span.End(trace.WithTimestamp(ended))
}

// Since begins a span at a time that has passed, with links to the traces that its work is
// from. It is recorded where one of them is, as if it were below it.
func (t *Tracer) Since(ctx context.Context, name string, begun time.Time, links []trace.Link) (context.Context, Span) {
	if t == nil {
		return ctx, Span{}
	}
	return t.start(ctx, name, trace.WithTimestamp(begun), trace.WithLinks(links...), trace.WithSpanKind(trace.SpanKindConsumer))
}

func (t *Tracer) start(ctx context.Context, name string, options ...trace.SpanStartOption) (context.Context, Span) {
	ctx, span := t.tracer.Start(ctx, name, options...)
	return ctx, Span{span}
}

// closeFor bounds the farewell, so that a collector that hangs delays no restart.
const closeFor = 3 * time.Second

// Close sends what has not been sent, for at most three seconds, also where ctx has ended.
// What is left then is counted as failed, and logged.
func (t *Tracer) Close(ctx context.Context) {
	if t == nil {
		return
	}
	bye, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeFor)
	defer cancel()
	_ = t.shutdown(bye)
}

// Recorded reports whether the span is sent: attributes of others need not be computed.
func (s Span) Recorded() bool { return s.span != nil && s.span.IsRecording() }

// Set adds attributes.
func (s Span) Set(attributes ...attribute.KeyValue) {
	if s.span != nil {
		s.span.SetAttributes(attributes...)
	}
}

// Fail marks the span as failed. What went wrong is its kind, such as a status or an
// SQLSTATE, as messages of errors quote values.
func (s Span) Fail(kind string) {
	if s.span != nil {
		s.span.SetAttributes(attribute.String("error.type", kind))
		s.span.SetStatus(codes.Error, "")
	}
}

// Rename replaces the name.
func (s Span) Rename(name string) {
	if s.span != nil {
		s.span.SetName(name)
	}
}

// End ends the span.
func (s Span) End() {
	if s.span != nil {
		s.span.End()
	}
}

// Current is the span that ctx is in.
func Current(ctx context.Context) Span {
	span := trace.SpanFromContext(ctx)
	if !span.IsRecording() {
		return Span{}
	}
	return Span{span}
}

// Inject is the value of the header Parent for work that follows from ctx; "" where ctx is in
// no trace that is recorded.
func Inject(ctx context.Context) string {
	if !trace.SpanContextFromContext(ctx).IsSampled() {
		return ""
	}
	carrier := propagation.MapCarrier{}
	parents.Inject(ctx, carrier)
	return carrier[Parent]
}

// Link is the trace that a value of the header Parent names. It reports false where the
// value names none.
func Link(parent []byte) (trace.Link, bool) {
	ctx := parents.Extract(context.Background(), propagation.MapCarrier{Parent: string(parent)})
	of := trace.SpanContextFromContext(ctx)
	return trace.Link{SpanContext: of}, of.IsValid()
}
