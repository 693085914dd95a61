package tracing

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/sdk/trace"
)

// counted hands ended spans to the SDK's batches, and counts what becomes of each. The SDK
// drops spans in silence where its queue is full, so that the queue is bounded here.
type counted struct {
	exporter trace.SpanExporter
	batches  trace.SpanProcessor
	waiting  atomic.Int64
	warned   atomic.Int64 // Unix seconds
	log      *slog.Logger

	sent, dropped, failed prometheus.Counter
}

// warnEvery is the least time between two warnings about a collector.
const warnEvery = time.Minute

func newCounted(exporter trace.SpanExporter, reg prometheus.Registerer, log *slog.Logger) (*counted, error) {
	spans := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "energytwin_trace_spans_total",
		Help: "Spans of traces by what became of them: sent to the collector, dropped as too many waited, or failed to be sent.",
	}, []string{"outcome"})
	if err := reg.Register(spans); err != nil {
		var before prometheus.AlreadyRegisteredError // by another workload of the process
		if !errors.As(err, &before) {
			return nil, fmt.Errorf("metrics: %w", err)
		}
		spans = before.ExistingCollector.(*prometheus.CounterVec)
	}
	return &counted{
		exporter: exporter, log: log,
		sent: spans.WithLabelValues("sent"), dropped: spans.WithLabelValues("dropped"), failed: spans.WithLabelValues("failed"),
	}, nil
}

// processor is c with the SDK's batches behind it, whose queue is never full.
func (c *counted) processor() trace.SpanProcessor {
	c.batches = trace.NewBatchSpanProcessor(exported{c}, trace.WithMaxQueueSize(queued), trace.WithMaxExportBatchSize(together),
		trace.WithBatchTimeout(sendEvery), trace.WithExportTimeout(sendFor))
	return c
}

// OnStart is called when a span begins.
func (c *counted) OnStart(ctx context.Context, s trace.ReadWriteSpan) { c.batches.OnStart(ctx, s) }

// OnEnd never waits: a span is dropped where too many wait already.
func (c *counted) OnEnd(s trace.ReadOnlySpan) {
	if !s.SpanContext().IsSampled() {
		return
	}
	if c.waiting.Add(1) > queued {
		c.waiting.Add(-1)
		c.dropped.Inc()
		return
	}
	c.batches.OnEnd(s)
}

// Shutdown sends what waits, until ctx ends.
func (c *counted) Shutdown(ctx context.Context) error {
	err := c.batches.Shutdown(ctx)
	if left := c.waiting.Swap(0); left > 0 {
		c.failed.Add(float64(left))
		c.log.Warn("traces were lost, as the collector did not take them in time", "spans", left)
	}
	return err
}

// ForceFlush sends what waits.
func (c *counted) ForceFlush(ctx context.Context) error { return c.batches.ForceFlush(ctx) }

// exported is what the batches are sent by.
type exported struct{ *counted }

// ExportSpans sends spans. It returns no error, as the SDK would write it to the standard
// error output: failures are counted, and logged once a minute.
func (e exported) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	err := e.exporter.ExportSpans(ctx, spans)
	e.waiting.Add(-int64(len(spans)))
	if err == nil {
		e.sent.Add(float64(len(spans)))
		return nil
	}
	e.failed.Add(float64(len(spans)))
	now, last := time.Now().Unix(), e.warned.Load()
	if now-last >= int64(warnEvery.Seconds()) && e.warned.CompareAndSwap(last, now) {
		e.log.Warn("traces cannot be sent; see spec.monitoring.tracing", "spans", len(spans), "error", err)
	}
	return nil
}

// Shutdown closes the connection.
func (e exported) Shutdown(ctx context.Context) error { return e.exporter.Shutdown(ctx) }
