package api

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/test/ui/filled"
	"github.com/energytwin/energytwin/workloads/api/auth"
	"github.com/energytwin/energytwin/workloads/api/problem"
	"github.com/energytwin/energytwin/workloads/api/requestid"
)

// The tests ask a real PostgreSQL, at ENERGYTWIN_TEST_POSTGRES_URL or started
// here from installed programs, that holds six weeks of a twin's life. A URL
// with pool_max_conns=1 stands for a server with one connection, one database
// and no COPY, which must be empty.

var (
	store    *reader.DB // nil without PostgreSQL; set by TestMain
	storeEnd meter.Hour // the watermark of the twin in it
	storeURL string
	storeOne bool // one connection, one database
)

var size = filled.Size{Meters: 24, Groups: 4, Days: 42}

func TestMain(m *testing.M) {
	if database := os.Getenv(childDatabase); database != "" { // see startChild
		fmt.Fprintln(os.Stderr, serveChild(database, os.Getenv(childKeys), os.Args[1]))
		os.Exit(1)
	}
	stop, err := openStore()
	if err != nil {
		fmt.Fprintln(os.Stderr, "cannot fill a database for the tests:", err)
		os.Exit(1)
	}
	code := m.Run()
	stop()
	os.Exit(code)
}

func openStore() (stop func(), err error) {
	ctx := context.Background()
	stop = func() {}
	storeURL = os.Getenv("ENERGYTWIN_TEST_POSTGRES_URL")
	if storeURL == "" {
		if !postgresInstalled() {
			return stop, nil
		}
		server, err := embedded.Postgres(ctx, embedded.PostgresOptions{})
		if err != nil {
			return stop, err
		}
		stop = func() { _ = server.Stop(ctx) }
		storeURL = server.URL
	}
	cfg, err := pgxpool.ParseConfig(storeURL)
	if err != nil {
		return stop, err
	}
	if storeOne = cfg.MaxConns == 1; !storeOne {
		if storeURL, err = freshDatabase(ctx, storeURL); err != nil {
			return stop, err
		}
	}
	if err := makeReader(ctx, storeURL); err != nil {
		return stop, err
	}
	if err := schema.Migrate(ctx, storeURL, schema.MigrateOptions{}); err != nil {
		return stop, err
	}
	owner, err := writer.Open(ctx, storeURL, timescale.Options{InsertOnly: storeOne})
	if err != nil {
		return stop, err
	}
	storeEnd, err = filled.Fill(ctx, owner, filled.Twin(), size)
	owner.Close()
	if err != nil {
		return stop, err
	}
	if store, err = openAsReader(ctx); err != nil {
		return stop, err
	}
	stopServer := stop
	return func() { store.Close(); stopServer() }, nil
}

func postgresInstalled() bool {
	installed, _ := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	for _, dir := range filepath.SplitList(os.Getenv("PATH")) {
		found, _ := filepath.Glob(filepath.Join(dir, "postgres"))
		installed = append(installed, found...)
	}
	return len(installed) > 0
}

// api is a running API and what it takes to ask it.
type api struct {
	http.Handler
	keys     map[string]string
	keysFile string
	now      *clock
}

// clock is a time that tests move.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func (c *clock) read() time.Time { c.mu.Lock(); defer c.mu.Unlock(); return c.t }

func (c *clock) advance(d time.Duration) { c.mu.Lock(); defer c.mu.Unlock(); c.t = c.t.Add(d) }

// newTestAPI serves the filled twin; change adapts its configuration.
func newTestAPI(t *testing.T, change func(*config.Twin, *Deps)) *api {
	t.Helper()
	if store == nil {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	a := &api{now: &clock{t: time.Now()}}
	twin := filled.Twin()
	a.keys, a.keysFile = newKeysFile(t)
	twin.API.APIKeysFile = a.keysFile
	deps := Deps{
		DB: store, Version: "1.2.3", Clock: a.now.read, Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Requests: auth.Rate{PerSecond: 1e6, Burst: 1e6},
	}
	if change != nil {
		change(&twin, &deps)
	}
	handler, err := NewHandler(twin, deps)
	require.NoError(t, err)
	a.Handler = handler
	return a
}

// send sends a request without a key. Headers come as name, value, ….
func (a *api) send(method, target, body string, headers ...string) *httptest.ResponseRecorder {
	var reader io.Reader
	if body != "" {
		reader = strings.NewReader(body)
	}
	r := httptest.NewRequest(method, target, reader)
	for i := 0; i+1 < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	w := httptest.NewRecorder()
	a.ServeHTTP(w, r)
	return w
}

// get asks with the key of a reader.
func (a *api) get(target string, headers ...string) *httptest.ResponseRecorder {
	return a.send(http.MethodGet, target, "", append([]string{"X-API-Key", a.keys["reader"]}, headers...)...)
}

// read is the answer to a GET, which must be a 200.
func read[T any](t *testing.T, a *api, target string) Answer[T] {
	t.Helper()
	w := a.get(target)
	require.Equal(t, http.StatusOK, w.Code, "%s: %s", target, w.Body)
	var answer Answer[T]
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &answer))
	return answer
}

// problemIn is the problem document of an answer.
func problemIn(t *testing.T, w *httptest.ResponseRecorder) problem.Problem {
	t.Helper()
	require.Equal(t, problem.MediaType, w.Header().Get("Content-Type"), "%d %s", w.Code, w.Body)
	var p problem.Problem
	require.NoError(t, json.Unmarshal(w.Body.Bytes(), &p))
	require.Equal(t, w.Code, p.Status)
	require.Equal(t, http.StatusText(w.Code), p.Title)
	require.NotEmpty(t, p.Detail)
	require.Equal(t, "urn:energytwin:problem:"+string(p.Code), p.Type)
	require.Equal(t, w.Header().Get(requestid.Header), p.RequestID)
	return p
}

// emptyDatabase is one without tables.
func emptyDatabase(t *testing.T) string {
	t.Helper()
	if store == nil || storeOne {
		t.Skip("no PostgreSQL with room for a database here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	u, err := freshDatabase(t.Context(), storeURL)
	require.NoError(t, err)
	return u
}

// newEmptyAPI serves a twin that has seen nothing yet.
func newEmptyAPI(t *testing.T) *api {
	t.Helper()
	u := emptyDatabase(t)
	require.NoError(t, schema.Migrate(t.Context(), u, schema.MigrateOptions{}))
	db, err := reader.Open(t.Context(), u, timescale.Options{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	return newTestAPI(t, func(_ *config.Twin, d *Deps) { d.DB = db })
}
