package api

import (
	"bytes"
	"context"
	"encoding/hex"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/statusport"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/tracing"
	"github.com/energytwin/energytwin/internal/tracing/tracingtest"
)

// tracedAPI is an API that sends its traces to a collector, and logs to out, with statements
// that are slow from nothing on.
func tracedAPI(t *testing.T, to config.Tracing, out *bytes.Buffer) (*api, *tracing.Tracer) {
	t.Helper()
	newTestAPI(t, nil) // skips without PostgreSQL
	twin := filledTwin(t)
	twin.Tracing = &to
	twin.API.SlowQuery = new(config.Duration(time.Nanosecond))
	registry := statusport.NewRegistry()
	log := slog.New(slog.NewJSONHandler(out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	tracer, err := tracing.Start(t.Context(), &twin, tracing.Options{Workload: "api", Version: "1.2.3", Registerer: registry, Log: log})
	require.NoError(t, err)
	t.Cleanup(func() { tracer.Close(context.WithoutCancel(t.Context())) })
	u, err := url.Parse(storeURL)
	require.NoError(t, err)
	q := u.Query()
	q.Set("role", "twin_reader")
	u.RawQuery = q.Encode()
	db, err := reader.Open(t.Context(), u.String(), timescale.Options{SlowQueries: SlowQueries(&twin, log), Tracer: tracer})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return newTestAPI(t, func(_ *config.Twin, d *Deps) { d.DB, d.Tracer, d.Registry, d.Log = db, tracer, registry, log }), tracer
}

// A request is a span with its route and its problem, below the trace of who asked, with a
// span for each question to the database; log entries name the trace. None of them has what
// was asked for, or a key.
func TestRequestsAreTraced(t *testing.T) {
	c := tracingtest.HTTP(t)
	var out bytes.Buffer
	a, tracer := tracedAPI(t, config.Tracing{Protocol: config.TracingHTTP, Endpoint: c.URL, Ratio: 0, TLS: &config.TLS{CAFile: c.CAFile}}, &out)
	const trace, parent, secret = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331", "a-name-that-nobody-has"
	traceparent := "00-" + trace + "-" + parent + "-01"
	require.Equal(t, http.StatusOK, a.get("/api/v1/meters?limit=3&q="+secret).Code, "nobody records this one")
	w := a.get("/api/v1/meters/"+secret+"/state", "X-Request-Id", "traced-request-1", "traceparent", traceparent)
	require.Equal(t, http.StatusNotFound, w.Code)
	w = a.get("/api/v1/meters?nosuch="+secret, "X-Request-Id", "traced-request-2", "traceparent", traceparent)
	require.Equal(t, http.StatusUnprocessableEntity, w.Code)
	w = a.get("/api/v1/twin", "X-API-Key", "et_"+strings.Repeat("x", 43), "traceparent", traceparent)
	require.Equal(t, http.StatusUnauthorized, w.Code)
	for _, path := range []string{"/health", "/", "/openapi.json", "/nothing"} {
		a.get(path, "traceparent", traceparent)
	}
	tracer.Close(t.Context())

	state := c.Wait(t, "GET /api/v1/meters/:id/state", nil)
	require.Equal(t, trace, hex.EncodeToString(state.TraceId))
	require.Equal(t, parent, hex.EncodeToString(state.ParentSpanId))
	attributes := state.Attributes()
	require.Equal(t, "/api/v1/meters/:id/state", attributes["http.route"])
	require.Equal(t, "meterState", attributes["energytwin.operation"])
	require.Equal(t, "unknown_meter", attributes["energytwin.problem.code"])
	require.Equal(t, "traced-request-1", attributes["energytwin.request.id"])
	require.Contains(t, attributes["http.response.status_code"], "404")
	require.Equal(t, "unknown_parameter", c.Wait(t, "GET /api/v1/meters", nil).Attributes()["energytwin.problem.code"])
	require.NotEmpty(t, c.Wait(t, "GET /api/v1/twin", nil).Attributes()["energytwin.problem.code"])

	questions, servers := 0, 0
	for _, s := range c.Spans() {
		require.Equal(t, trace, hex.EncodeToString(s.TraceId), "spans of others: %s", s.Name)
		require.NotContains(t, s.String(), secret)
		require.NotContains(t, s.String(), a.keys["reader"])
		require.NotContains(t, s.String(), "xxxxxxxx")
		if hex.EncodeToString(s.ParentSpanId) == parent {
			servers++
		}
		if bytes.Equal(s.ParentSpanId, state.SpanId) && s.Attributes()["db.operation.name"] == "SELECT" {
			require.Equal(t, "postgresql", s.Attributes()["db.system.name"])
			require.Regexp(t, `^reader\.[A-Za-z]+$`, s.Name)
			questions++
		}
	}
	require.NotZero(t, questions)
	require.Equal(t, 3, servers, "pages, probes and unknown paths are no requests of the API")

	requests, slow := 0, 0
	for line := range bytes.Lines(out.Bytes()) {
		var entry struct{ Msg, RequestID, Operation, Route, TraceID, Code string }
		require.NoError(t, json.Unmarshal(line, &entry))
		if entry.RequestID != "traced-request-1" {
			continue
		}
		require.Equal(t, "meterState", entry.Operation, string(line))
		require.Equal(t, trace, entry.TraceID, string(line))
		switch entry.Msg {
		case "request":
			requests++
			require.Equal(t, "unknown_meter", entry.Code)
		case "slow query":
			slow++
		}
	}
	require.Equal(t, 1, requests, out.String())
	require.NotZero(t, slow)
	require.NotContains(t, out.String(), secret)
}

// A collector that hangs changes no answer, and what it does not take is counted.
func TestACollectorThatHangsHoldsUpNoRequest(t *testing.T) {
	var out bytes.Buffer
	a, _ := tracedAPI(t, config.Tracing{Protocol: config.TracingHTTP, Endpoint: tracingtest.Hanging(t), Ratio: 1}, &out)
	for range 800 { // more spans than wait at most: none of these would end if one waited for the collector
		require.Equal(t, http.StatusUnprocessableEntity, a.get("/api/v1/meters?nosuch=1").Code)
		require.Equal(t, http.StatusNotFound, a.get("/api/v1/meters/nobody/state").Code)
	}
}

// Each operation of the document is found by its route, so that the log names it.
func TestEveryOperationHasItsRoute(t *testing.T) {
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, &slog.HandlerOptions{Level: slog.LevelDebug}))
	a := newTestAPI(t, func(_ *config.Twin, d *Deps) { d.Log = log })
	s, err := newServer(filledTwin(t), Deps{DB: store})
	require.NoError(t, err)
	api := s.documentedAPI(t)
	asked := 0
	for path, item := range api.OpenAPI().Paths {
		if item.Get == nil || path == "/api/v1/stream" {
			continue
		}
		out.Reset()
		a.send(http.MethodGet, strings.NewReplacer("{", "", "}", "").Replace(path), "")
		var entry struct{ Operation string }
		for line := range bytes.Lines(out.Bytes()) {
			if bytes.Contains(line, []byte(`"msg":"request"`)) {
				require.NoError(t, json.Unmarshal(line, &entry))
			}
		}
		require.Equal(t, item.Get.OperationID, entry.Operation, path)
		asked++
	}
	require.Greater(t, asked, 30)
}
