package processor

import (
	"context"
	"time"

	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"

	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/tracing"
	"github.com/energytwin/energytwin/internal/twin"
)

// mostParents bounds the traces that a batch is linked to.
const mostParents = 16

// batchSpans are the spans of one batch: from the fetch to the commit. They are made when the
// batch is known to hold something, so that a quiet stream makes no traces, and none is made
// for a reading.
type batchSpans struct {
	tracer *tracing.Tracer

	begun, fetched time.Time
	parents        []trace.Link
}

// begin is called before a fetch, and done after it.
func (b *batchSpans) begin() {
	if b.tracer.On() {
		b.begun, b.parents = time.Now(), b.parents[:0]
	}
}

func (b *batchSpans) done() {
	if b.tracer.On() {
		b.fetched = time.Now()
	}
}

// read notes the trace that a record is from. Readings that are sent over the API name one on
// the first record of a chunk.
func (b *batchSpans) read(rec *stream.Record) {
	if len(b.parents) == mostParents {
		return
	}
	if parent := rec.Header(tracing.Parent); parent != nil {
		if link, ok := tracing.Link(parent); ok {
			b.parents = append(b.parents, link)
		}
	}
}

// applied begins the span of a batch that has been applied, for its commit.
func (b *batchSpans) applied(ctx context.Context, fx *twin.Effects) (context.Context, tracing.Span) {
	if !b.tracer.On() {
		return ctx, tracing.Span{}
	}
	ctx, span := b.tracer.Since(ctx, "process batch", b.begun, b.parents)
	if !span.Recorded() {
		return ctx, span
	}
	span.Set(attribute.String("messaging.system", "kafka"), attribute.Int("messaging.destination.partition.id", fx.Partition),
		attribute.Int64("energytwin.offset.from", fx.PrevOffset), attribute.Int64("energytwin.offset.next", fx.NextOffset),
		attribute.Int64("energytwin.readings.stored", fx.Counts.Stored), attribute.Int64("energytwin.readings.rejected", fx.Counts.Quarantined),
		attribute.Int64("energytwin.forecasts", fx.Counts.Forecasts), attribute.Int64("energytwin.decisions", fx.Counts.Decisions),
		attribute.Int("energytwin.issues", len(fx.Issued)))
	b.tracer.Between(ctx, "fetch", b.begun, b.fetched)
	b.tracer.Between(ctx, "apply", b.fetched, time.Now())
	return ctx, span
}
