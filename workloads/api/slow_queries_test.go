package api

import (
	"bytes"
	"encoding/json"
	"log/slog"
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// Statements that take long are logged with who asked, and without what for.
func TestSlowQueriesAreLogged(t *testing.T) {
	newTestAPI(t, nil) // skips without PostgreSQL
	var out bytes.Buffer
	log := slog.New(slog.NewJSONHandler(&out, nil))
	u, err := url.Parse(storeURL)
	require.NoError(t, err)
	q := u.Query()
	q.Set("role", "twin_reader")
	u.RawQuery = q.Encode()
	twin := filledTwin(t)
	twin.API.SlowQuery = new(config.Duration(time.Nanosecond)) // every one is slow
	slow, err := reader.Open(t.Context(), u.String(), timescale.Options{SlowQueries: SlowQueries(&twin, log)})
	require.NoError(t, err)
	defer slow.Close()
	a := newTestAPI(t, func(_ *config.Twin, d *Deps) { d.DB = slow })
	const secret = "a-name-that-nobody-has"
	w := a.get("/api/v1/meters/"+secret+"/state", "X-Request-Id", "slow-request-1")
	require.Equal(t, http.StatusNotFound, w.Code)
	require.NotContains(t, out.String(), secret)
	require.NotContains(t, out.String(), a.keys["reader"])
	found := false
	for line := range bytes.Lines(out.Bytes()) {
		var entry struct {
			Msg, SQL, RequestID, Route, Method string
			Took, Rows                         *int64
		}
		require.NoError(t, json.Unmarshal(line, &entry), string(line))
		require.Equal(t, "slow query", entry.Msg)
		require.NotNil(t, entry.Took)
		require.NotNil(t, entry.Rows)
		require.NotContains(t, entry.SQL, "\n")
		if entry.Route == "/api/v1/meters/:id/state" {
			require.Equal(t, "slow-request-1", entry.RequestID)
			require.Equal(t, "GET", entry.Method)
			found = found || bytes.Contains(line, []byte("$1"))
		}
	}
	require.True(t, found, out.String())

	// Those of a batch are logged one by one.
	out.Reset()
	require.Equal(t, http.StatusOK, a.get("/api/v1/data-quality?reason=bad_kwh", "X-Request-Id", "slow-request-2").Code)
	for _, part := range []string{"GROUP BY reason", "ORDER BY known_at"} {
		require.Regexp(t, `"slow query","took":[0-9]+,"rows":[0-9]+,"sql":"SELECT [^"]*`+part+`.*"slow-request-2"`, out.String())
	}
	require.NotContains(t, out.String(), "bad_kwh")

	// A statement that fails is logged without its message, which may quote values.
	out.Reset()
	_, err = slow.Pool.Exec(t.Context(), `SELECT $1::int`, "7 secret apples")
	require.Error(t, err)
	_, err = slow.Pool.Exec(t.Context(), `SELECT 1 / (length($1::text) - 5)`, "apple")
	require.Error(t, err)
	require.Contains(t, out.String(), "SQLSTATE 22012")
	require.NotContains(t, out.String(), "apple")

	var none bytes.Buffer // the server goes on asking what it shows, and logs that
	log = slog.New(slog.NewJSONHandler(&none, nil))
	twin.API.SlowQuery = new(config.Duration(time.Hour))
	quick, err := reader.Open(t.Context(), u.String(), timescale.Options{SlowQueries: SlowQueries(&twin, log)})
	require.NoError(t, err)
	defer quick.Close()
	require.NoError(t, quick.Ping(t.Context()))
	require.Empty(t, none.String())
}
