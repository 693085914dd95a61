package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/gin-gonic/gin"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/test/ui/filled"
	"github.com/energytwin/energytwin/workloads/api/openapi"
)

// Every answer has the form that the OpenAPI document says.
func TestAnswersHaveTheDocumentedForm(t *testing.T) {
	a := newTestAPI(t, nil)
	s, err := newServer(filledTwin(t), Deps{DB: store})
	require.NoError(t, err)
	api := s.documentedAPI(t)
	decision := read[[]headerAnswer](t, a, "/api/v1/decisions?action=any&limit=1").Data[0].ID
	batch := sentBatch(t)
	sent := put(a, "/api/v1/series/carbon", "application/json", "["+sentRow(farAhead(t, a, 300), 0.2)+"]")
	series := strings.NewReplacer("{series}", "carbon", "{revision}", fmt.Sprint(*revisionOf(t, sent, http.StatusAccepted).Revision))
	checked := 0
	for path, item := range api.OpenAPI().Paths {
		if item.Get == nil || path == "/api/v1/session" || item.Get.Responses["200"].Content["application/json"] == nil {
			continue // a file has no schema
		}
		if strings.HasPrefix(path, pathWebhooks) {
			continue // off here: TestAnswersAboutWebhooksHaveTheDocumentedForm
		}
		id := "home-000001"
		switch {
		case strings.HasPrefix(path, "/api/v1/decisions/"):
			id = decision
		case strings.HasPrefix(path, "/api/v1/readings/"):
			id = batch
		case strings.HasPrefix(path, "/api/v1/groups/"):
			id = "feeder-0001"
		}
		requireDocumentedForm(t, api, path, a.send("GET", series.Replace(strings.ReplaceAll(path, "{id}", id)), "", "X-API-Key", a.keys["admin"]))
		checked++
	}
	require.Greater(t, checked, 14)
}

// requireDocumentedForm checks an answer to a question by what the document says of its path.
func requireDocumentedForm(t *testing.T, api huma.API, path string, w *httptest.ResponseRecorder) {
	t.Helper()
	require.Equal(t, http.StatusOK, w.Code, path)
	var body any
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	schema := api.OpenAPI().Paths[path].Get.Responses["200"].Content["application/json"].Schema
	result := &huma.ValidateResult{}
	huma.Validate(api.OpenAPI().Components.Schemas, schema, huma.NewPathBuffer([]byte{}, 0), huma.ModeReadFromServer, body, result)
	require.Empty(t, result.Errors, path)
}

func TestBasePathGovernsEverything(t *testing.T) {
	a := newTestAPI(t, func(c *config.Twin, _ *Deps) { c.API.BasePath = "/twins/north/" })
	require.Equal(t, http.StatusOK, a.get("/twins/north/api/v1/twin").Code)
	require.Equal(t, http.StatusNotFound, a.get("/api/v1/twin").Code)
	require.Equal(t, http.StatusNotFound, a.get("/twins/northern/api/v1/twin").Code)
	w := a.get("/twins/north")
	require.Equal(t, http.StatusPermanentRedirect, w.Code)
	require.Equal(t, "/twins/north/", w.Header().Get("Location"))

	start := a.get("/twins/north/").Body.String()
	require.Contains(t, start, `href="/twins/north/ui"`)
	require.NotContains(t, start, `href="/ui"`)
	require.Contains(t, a.get("/twins/north/openapi.json").Body.String(), `"url": "/twins/north"`)
	require.Equal(t, "/twins/north", a.send("POST", "/twins/north/api/v1/session", `{"apiKey":"`+a.keys["reader"]+`"}`).Result().Cookies()[0].Path)
	require.Contains(t, problemIn(t, a.get("/twins/north/nothing")).Detail, "/twins/north/docs")
}

func TestBadBasePaths(t *testing.T) {
	for _, bad := range []string{"twins", "/a b", "/a//b", "/a/../b", `/"><script>`, "/a?b"} {
		_, err := basePath(bad)
		require.ErrorContains(t, err, "basePath", bad)
	}
	for given, want := range map[string]string{"": "", "/": "", "/a/": "/a", "/a/b-1": "/a/b-1"} {
		got, err := basePath(given)
		require.NoError(t, err)
		require.Equal(t, want, got)
	}
}

func TestSecurityHeaders(t *testing.T) {
	a := newTestAPI(t, nil)
	for _, path := range []string{"/", "/ui", "/docs", "/health", "/api/v1/twin", "/nothing", "/openapi.json"} {
		h := a.get(path).Header()
		require.Equal(t, "nosniff", h.Get("X-Content-Type-Options"), path)
		require.Contains(t, h.Get("Content-Security-Policy"), "default-src 'none'", path)
		require.Contains(t, h.Get("Content-Security-Policy"), "frame-ancestors 'none'", path)
		require.NotContains(t, h.Get("Content-Security-Policy"), "unsafe", path)
		require.Equal(t, "no-referrer", h.Get("Referrer-Policy"), path)
		require.Empty(t, h.Get("Access-Control-Allow-Origin"), path)
	}
	require.Contains(t, a.get("/api/v1/twin").Header().Get("Cache-Control"), "private")
}

// A page names the nonce of its own policy, a new one each time.
func TestNonces(t *testing.T) {
	a := newTestAPI(t, nil)
	seen := map[string]bool{}
	for range 5 {
		w := a.get("/")
		_, rest, found := strings.Cut(w.Header().Get("Content-Security-Policy"), "'nonce-")
		require.True(t, found)
		nonce, _, _ := strings.Cut(rest, "'")
		require.Contains(t, w.Body.String(), `nonce="`+nonce+`"`)
		require.False(t, seen[nonce])
		seen[nonce] = true
	}
}

func TestNamesAreEscapedInPages(t *testing.T) {
	a := newTestAPI(t, func(c *config.Twin, _ *Deps) { c.Name = `<script>alert(1)</script>` })
	require.NotContains(t, a.get("/").Body.String(), "<script>")
}

func TestHeadIsGetWithoutABody(t *testing.T) {
	a := newTestAPI(t, nil)
	server := serveOnLoopback(t, a)
	for _, path := range []string{"/", "/health", "/openapi.json"} {
		r, err := http.Head(server + path)
		require.NoError(t, err)
		body, err := io.ReadAll(r.Body)
		require.NoError(t, err)
		require.NoError(t, r.Body.Close())
		require.Equal(t, http.StatusOK, r.StatusCode, path)
		require.Empty(t, body)
	}
}

func TestAnswersAreCompressed(t *testing.T) {
	a := newTestAPI(t, nil)
	plain := a.get("/api/v1/meters")
	w := a.get("/api/v1/meters", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", w.Header().Get("Content-Encoding"))
	require.Contains(t, strings.Join(w.Header().Values("Vary"), ","), "Accept-Encoding")
	require.Contains(t, strings.Join(plain.Header().Values("Vary"), ","), "Accept-Encoding", "a cache has to know of the compressed one")
	require.Less(t, w.Body.Len(), plain.Body.Len()/3)
	unzip, err := gzip.NewReader(w.Body)
	require.NoError(t, err)
	body, err := io.ReadAll(unzip)
	require.NoError(t, err)
	require.True(t, bytes.Equal(plain.Body.Bytes(), body))
	require.Equal(t, plain.Header().Get("ETag"), w.Header().Get("ETag"))
}

func serveOnLoopback(t *testing.T, h http.Handler) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- serve(ctx, l, h, func() {}) }()
	t.Cleanup(func() { cancel(); require.NoError(t, <-done) })
	return "http://" + l.Addr().String()
}

func filledTwin(t *testing.T) config.Twin {
	t.Helper()
	twin := filled.Twin()
	_, twin.API.APIKeysFile = newKeysFile(t)
	return twin
}

// Run serves both ports until its context ends.
func TestRun(t *testing.T) {
	newTestAPI(t, nil) // skips without PostgreSQL
	twin := filledTwin(t)
	twin.API.StatusListen = freeAddress(t)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan error, 1)
	go func() { done <- Run(ctx, twin, Deps{DB: store, Listener: l}) }()

	base := "http://" + l.Addr().String()
	require.Eventually(t, func() bool { return statusOf(base+"/ready") == 200 }, 2*time.Minute, 10*time.Millisecond)
	require.Equal(t, 401, statusOf(base+"/api/v1/twin"))
	require.Equal(t, 404, statusOf(base+"/metrics"), "metrics are not for the public")
	require.Eventually(t, func() bool { return statusOf("http://"+twin.API.StatusListen+"/ready") == 200 }, 2*time.Minute, 10*time.Millisecond)
	r, err := http.Get("http://" + twin.API.StatusListen + "/metrics")
	require.NoError(t, err)
	defer r.Body.Close()
	text, err := io.ReadAll(r.Body)
	require.NoError(t, err)
	require.Contains(t, string(text), `energytwin_api_requests_total{method="GET",route="/api/v1/twin",status="401"} 1`)
	require.Contains(t, string(text), `route="unmatched",status="404"`)
	require.Contains(t, string(text), "go_goroutines")
	require.Contains(t, string(text), "process_resident_memory_bytes")

	cancel()
	require.NoError(t, <-done)
	require.Equal(t, 0, statusOf(base+"/health"))
}

func statusOf(url string) int {
	r, err := http.Get(url)
	if err != nil {
		return 0
	}
	r.Body.Close()
	return r.StatusCode
}

func freeAddress(t *testing.T) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer l.Close()
	return l.Addr().String()
}

func TestBadConfigurationIsRefused(t *testing.T) {
	newTestAPI(t, nil)
	for name, c := range map[string]struct {
		change func(*config.Twin)
		want   string
	}{
		"no keys file":  {func(c *config.Twin) { c.API.APIKeysFile = "/nonexistent" }, "API keys file"},
		"unknown zone":  {func(c *config.Twin) { c.Timezone = "Europe/Atlantis" }, "use an IANA name"},
		"no secret":     {func(c *config.Twin) { c.API.JWTSecretFile = "/nonexistent" }, "session secret"},
		"bad base path": {func(c *config.Twin) { c.API.BasePath = "x" }, "start it with a slash"},
		"bad proxy":     {func(c *config.Twin) { c.API.TrustedProxies = []string{"gateway"} }, "trustedProxies"},
	} {
		t.Run(name, func(t *testing.T) {
			twin := filledTwin(t)
			c.change(&twin)
			_, err := NewHandler(twin, Deps{DB: store})
			require.ErrorContains(t, err, c.want)
		})
	}
	_, err := NewHandler(filledTwin(t), Deps{})
	require.ErrorContains(t, err, "no database")
}

func TestAnEmptyTwin(t *testing.T) {
	a := newEmptyAPI(t)
	twin := read[Twin](t, a, "/api/v1/twin")
	require.Nil(t, twin.Data.SimulatedAt)
	require.Nil(t, twin.Meta.AsOf)
	require.Equal(t, "empty", twin.Data.Freshness.Status)
	require.Empty(t, read[[]Meter](t, a, "/api/v1/meters").Data)
	require.Empty(t, read[[]Group](t, a, "/api/v1/groups").Data)
	require.Empty(t, read[[]headerAnswer](t, a, "/api/v1/decisions").Data)
	require.Empty(t, read[Quality](t, a, "/api/v1/data-quality").Data.Messages)
	load := read[Load](t, a, "/api/v1/load")
	require.True(t, load.Meta.Partial)
	for _, p := range load.Data.Points {
		require.Nil(t, p.Actual)
	}
	for _, body := range []string{"/api/v1/meters", "/api/v1/groups", "/api/v1/decisions"} {
		require.Contains(t, a.get(body).Body.String(), `"data":[]`, "a list is never null")
	}
}

// documentedAPI is the API as router makes it, with its schemas at hand.
func (s *server) documentedAPI(t *testing.T) huma.API {
	t.Helper()
	r := gin.New()
	api := openapi.New(openapi.Config(s.base), r, r.Group(""))
	s.openOperations(api)
	s.operations(api)
	_, err := openapi.Document(api)
	require.NoError(t, err)
	return api
}

// A database that nobody has migrated is reported as that.
func TestNotReadyWithoutASchema(t *testing.T) {
	db, err := reader.Open(t.Context(), emptyDatabase(t), timescale.Options{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	require.ErrorIs(t, db.SchemaCurrent(t.Context()), schema.ErrSchema)
	a := newTestAPI(t, func(_ *config.Twin, d *Deps) { d.DB = db })
	w := a.get("/ready")
	require.Equal(t, http.StatusServiceUnavailable, w.Code)
	var body Readiness
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &body))
	require.Equal(t, "not_ready", body.Status)
	require.Equal(t, "database", body.Checks[0].Name)
	require.True(t, body.Checks[0].OK)
	require.False(t, body.Checks[1].OK)
	require.Contains(t, body.Checks[1].Detail, "energytwin prepare")
}
