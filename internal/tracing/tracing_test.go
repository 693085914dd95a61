package tracing_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"log/slog"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/require"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/trace"
	tracepb "go.opentelemetry.io/proto/otlp/trace/v1"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/tracing"
	"github.com/energytwin/energytwin/internal/tracing/tracingtest"
)

var t0 = time.Unix(1_700_000_000, 0)

func start(t testing.TB, c config.Tracing) (*tracing.Tracer, *prometheus.Registry, *bytes.Buffer) {
	t.Helper()
	reg, log := prometheus.NewRegistry(), &bytes.Buffer{}
	tracer, err := tracing.Start(t.Context(), &config.Twin{Namespace: "demo", Name: "riverside", Tracing: &c},
		tracing.Options{Workload: "api", Version: "1.2.3", Registerer: reg, Log: slog.New(slog.NewTextHandler(log, nil))})
	require.NoError(t, err)
	return tracer, reg, log
}

// counted is what became of spans.
func counted(t testing.TB, reg *prometheus.Registry, outcome string) int {
	t.Helper()
	families, err := reg.Gather()
	require.NoError(t, err)
	for _, f := range families {
		for _, m := range f.GetMetric() {
			if f.GetName() == "energytwin_trace_spans_total" && m.GetLabel()[0].GetValue() == outcome {
				return int(m.GetCounter().GetValue())
			}
		}
	}
	return 0
}

// Both protocols bring spans to a collector, with headers, below the trace of who asked, and
// checked by the authority that the spec names.
func TestSpansReachACollector(t *testing.T) {
	headers := filepath.Join(t.TempDir(), "headers")
	require.NoError(t, os.WriteFile(headers, []byte("X-Api-Key=s3cret, authorization=Bearer%20abc\n"), 0o600))
	for protocol, c := range map[string]*tracingtest.Collector{config.TracingHTTP: tracingtest.HTTP(t), config.TracingGRPC: tracingtest.GRPC(t)} {
		t.Run(protocol, func(t *testing.T) {
			tracer, reg, log := start(t, config.Tracing{Protocol: protocol, Endpoint: c.URL, Ratio: 1, HeadersFile: headers, TLS: &config.TLS{CAFile: c.CAFile}})
			const trace, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
			ctx, request := tracer.Serve(t.Context(), http.Header{"Traceparent": {"00-" + trace + "-" + parent + "-01"}}, "GET /x")
			_, question := tracer.Within(ctx, "SELECT")
			question.Set(attribute.String("long", strings.Repeat("x", 1000)))
			question.Fail("42P01")
			question.End()
			request.End()
			tracer.Close(t.Context())

			server := c.Wait(t, "GET /x", nil)
			require.Equal(t, trace, hex.EncodeToString(server.TraceId))
			require.Equal(t, parent, hex.EncodeToString(server.ParentSpanId))
			require.Equal(t, tracepb.Span_SPAN_KIND_SERVER, server.Kind)
			require.Equal(t, "energytwin-api", server.Resource["service.name"])
			require.Equal(t, "demo/riverside", server.Resource["service.namespace"])
			require.Equal(t, "1.2.3", server.Resource["service.version"])
			below := c.Wait(t, "SELECT", nil)
			require.Equal(t, server.SpanId, below.ParentSpanId)
			require.Equal(t, tracepb.Status_STATUS_CODE_ERROR, below.GetStatus().GetCode())
			require.Equal(t, "42P01", below.Attributes()["error.type"])
			require.Len(t, below.Attributes()["long"], 256)
			require.Subset(t, c.Header("X-Api-Key"), []string{"s3cret"})
			require.Subset(t, c.Header("Authorization"), []string{"Bearer abc"})
			if protocol == config.TracingHTTP {
				require.Subset(t, c.Paths(), []string{"/v1/traces"})
			}
			require.Equal(t, 2, counted(t, reg, "sent"), log)
			require.Zero(t, counted(t, reg, "failed")+counted(t, reg, "dropped"))
			require.Empty(t, log.String())
		})
	}
}

// A certificate that nobody vouches for is not trusted: the spans are counted as failed, and
// the log names the setting and no secret.
func TestUntrustedCollectors(t *testing.T) {
	c := tracingtest.HTTP(t)
	tracer, reg, log := start(t, config.Tracing{Protocol: config.TracingHTTP, Endpoint: c.URL, Ratio: 1})
	_, span := tracer.Start(t.Context(), "work")
	span.End()
	tracer.Close(t.Context())
	require.Empty(t, c.Spans())
	require.Equal(t, 1, counted(t, reg, "failed"))
	require.Zero(t, counted(t, reg, "sent"))
	require.Contains(t, log.String(), "spec.monitoring.tracing")
}

// Who asks decides whether a request is recorded; of what begins here, a share is.
func TestSampling(t *testing.T) {
	c := tracingtest.HTTP(t)
	tracer, _, _ := start(t, config.Tracing{Protocol: config.TracingHTTP, Endpoint: c.URL, Ratio: 0, TLS: &config.TLS{CAFile: c.CAFile}})
	ctx, own := tracer.Start(t.Context(), "own")
	require.False(t, own.Recorded())
	require.Empty(t, tracing.Inject(ctx), "what is not recorded is not passed on")
	_, below := tracer.Within(ctx, "below")
	require.False(t, below.Recorded())

	asked := func(flags string) http.Header {
		return http.Header{"Traceparent": {"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-" + flags}}
	}
	_, not := tracer.Serve(t.Context(), asked("00"), "not recorded by the caller")
	require.False(t, not.Recorded())
	ctx, recorded := tracer.Serve(t.Context(), asked("01"), "recorded by the caller")
	require.True(t, recorded.Recorded())
	link, ok := tracing.Link([]byte(tracing.Inject(ctx)))
	require.True(t, ok)
	_, follows := tracer.Since(t.Context(), "follows", t0, []trace.Link{link})
	require.True(t, follows.Recorded(), "it follows from what is recorded")
	for _, bad := range []string{"", "x", "00-0-0-01", "00-00000000000000000000000000000000-b7ad6b7169203331-01"} {
		_, ok := tracing.Link([]byte(bad))
		require.False(t, ok, bad)
		_, span := tracer.Serve(t.Context(), http.Header{"Traceparent": {bad}}, "a header that names no trace")
		require.False(t, span.Recorded())
	}
}

// A collector that hangs holds up nobody: the queue is bounded, each span beyond it is counted,
// and so is each that waits when the process ends.
func TestACollectorThatHangs(t *testing.T) {
	tracer, reg, log := start(t, config.Tracing{Protocol: config.TracingHTTP, Endpoint: tracingtest.Hanging(t), Ratio: 1})
	const queued, spans = 2048, 5000
	for i := range spans { // would never end if one waited
		ctx, span := tracer.Start(t.Context(), fmt.Sprintf("work %d", i))
		_, below := tracer.Within(ctx, "below")
		below.End()
		span.End()
	}
	require.Equal(t, 2*spans-queued, counted(t, reg, "dropped"))
	require.Zero(t, counted(t, reg, "sent"))
	tracer.Close(t.Context())
	require.Equal(t, queued, counted(t, reg, "failed"))
	require.Contains(t, log.String(), "traces were lost")
	problems, err := testutil.GatherAndLint(reg)
	require.NoError(t, err)
	require.Empty(t, problems)
}

// Without a collector there is no tracer, and what would be traced allocates nothing.
func TestNoCollectorCostsNothing(t *testing.T) {
	tracer, err := tracing.Start(t.Context(), &config.Twin{}, tracing.Options{Workload: "api"})
	require.NoError(t, err)
	require.Nil(t, tracer)
	require.False(t, tracer.On())
	ctx := t.Context()
	require.Zero(t, testing.AllocsPerRun(100, func() { work(ctx, tracer) }))
	tracer.Close(ctx)
}

func work(ctx context.Context, tracer *tracing.Tracer) {
	ctx, span := tracer.Start(ctx, "work")
	defer span.End()
	if span.Recorded() {
		span.Set(attribute.String("meter", "a"))
	}
	_, below := tracer.Within(ctx, "below")
	below.End()
	tracer.Between(ctx, "fetch", t0, t0)
}

func BenchmarkSpans(b *testing.B) {
	off, _ := tracing.Start(b.Context(), &config.Twin{}, tracing.Options{})
	unsampled, _, _ := start(b, config.Tracing{Protocol: config.TracingHTTP, Endpoint: "http://127.0.0.1:1", Ratio: 0})
	on, _, _ := start(b, config.Tracing{Protocol: config.TracingHTTP, Endpoint: tracingtest.Hanging(b), Ratio: 1})
	for name, tracer := range map[string]*tracing.Tracer{"off": off, "not sampled": unsampled, "sampled": on} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				work(b.Context(), tracer)
			}
		})
	}
}
