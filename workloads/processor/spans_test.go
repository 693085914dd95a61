package processor

import (
	"encoding/hex"
	"log/slog"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/stream"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/tracing"
	"github.com/energytwin/energytwin/internal/tracing/tracingtest"
	"github.com/energytwin/energytwin/internal/twin"
)

// A batch is one trace from the fetch to the statements of its commit, linked to the request
// that its readings came by.
func TestBatchesAreTraced(t *testing.T) {
	s := startServices(t)
	c := tracingtest.GRPC(t)
	s.twin.Tracing = &config.Tracing{Protocol: config.TracingGRPC, Endpoint: c.URL, Ratio: 0, TLS: &config.TLS{CAFile: c.CAFile}}
	tracer, err := tracing.Start(t.Context(), s.twin, tracing.Options{Workload: "processor", Registerer: prometheus.NewRegistry(), Log: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	s.stores.Tracer = tracer
	s.stores.Redis.Trace(tracer)
	traced, err := writer.Open(t.Context(), s.url, timescale.Options{Tracer: tracer})
	require.NoError(t, err)
	defer traced.Close()
	s.stores.DB = traced

	s.produce(0, 2)
	const trace = "0af7651916cd43dd8448eb211c80319c"
	appender := s.stores.Stream.Appender(s.twin.Topic("readings"), stream.Partition([]byte(meter.KeyOf("c", "feeder")), testPartitions))
	last := meter.Reading{Meter: "c", Group: "feeder", Hour: meter.HourOf(s.twin.Dataset.Start) + 2*meter.HoursPerDay, KWh: 1}
	appender.Append([]byte(meter.KeyOf("c", "feeder")), meter.AppendMessage(nil, last), stream.Header{Key: tracing.Parent, Value: []byte("00-" + trace + "-b7ad6b7169203331-01")})
	_, err = appender.Flush(t.Context())
	require.NoError(t, err)
	s.process()
	tracer.Close(t.Context())

	batch := c.Wait(t, "process batch", nil)
	require.Len(t, batch.Links, 1, "of all batches the one that a recorded request led to is recorded")
	require.Equal(t, trace, hex.EncodeToString(batch.Links[0].TraceId))
	require.Equal(t, "energytwin-processor", batch.Resource["service.name"])
	require.NotEmpty(t, batch.Attributes()["energytwin.readings.stored"])
	below := map[string]tracingtest.Span{}
	for _, span := range c.Spans() {
		require.Equal(t, batch.TraceId, span.TraceId, span.Name)
		if string(span.ParentSpanId) == string(batch.SpanId) {
			below[span.Name] = span
		}
		require.NotContains(t, span.String(), "feeder", "names of meters and groups are none of the collector's business")
	}
	for _, name := range []string{"fetch", "apply", "commit"} {
		require.Contains(t, below, name)
	}
	require.Equal(t, batch.StartTimeUnixNano, below["fetch"].StartTimeUnixNano)
	statements := 0
	for _, span := range c.Spans() {
		if string(span.ParentSpanId) == string(below["commit"].SpanId) {
			require.Equal(t, "postgresql", span.Attributes()["db.system.name"])
			statements++
		}
	}
	require.NotZero(t, statements)
}

// Without a collector a batch allocates nothing for traces, and reads no header.
func TestBatchesWithoutACollector(t *testing.T) {
	var b batchSpans
	fx := &twin.Effects{}
	ctx := t.Context()
	require.Zero(t, testing.AllocsPerRun(100, func() {
		b.begin()
		b.done()
		_, span := b.applied(ctx, fx)
		span.End()
	}))
	require.True(t, b.begun.IsZero())
}
