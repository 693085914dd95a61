package api

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// Of an area with 20,000 meters and 200 groups nothing is stored: what requests cost is
// known from its size, before anything is read.
func TestCostIsKnownBeforeTheWork(t *testing.T) {
	u := emptyDatabase(t)
	require.NoError(t, schema.Migrate(t.Context(), u, schema.MigrateOptions{}))
	owner, err := writer.Open(t.Context(), u, timescale.Options{})
	require.NoError(t, err)
	defer owner.Close()
	for _, sql := range []string{
		`INSERT INTO groups (group_no, name) SELECT i, 'feeder-' || i FROM generate_series(1, 200) i`,
		`INSERT INTO meters (meter_no, name, group_no, partition) SELECT i, 'home-' || i, 1 + i % 200, 0 FROM generate_series(1, 20000) i`,
		`INSERT INTO stream_offsets (partition, next_offset, watermark) VALUES (0, 1, '2020-01-01T00:00Z')`,
	} {
		_, err := owner.Pool.Exec(t.Context(), sql)
		require.NoError(t, err)
	}
	db, err := reader.Open(t.Context(), u, timescale.Options{})
	require.NoError(t, err)
	t.Cleanup(db.Close)
	a := newTestAPI(t, func(_ *config.Twin, d *Deps) { d.DB = db })
	for _, path := range []string{
		"/api/v1/load?from=now-365d", "/api/v1/decisions?from=now-365d&sort=-risk", "/api/v1/decisions?from=now-365d&action=any",
	} {
		w := a.get(path)
		require.Equal(t, http.StatusUnprocessableEntity, w.Code, path)
		p := problemIn(t, w)
		require.Equal(t, problem.CodeTooExpensive, p.Code, path)
		require.Equal(t, "from", p.Field, path)
		require.Contains(t, p.Detail, "ask for a shorter range", path)
	}
	for _, path := range []string{
		"/api/v1/load", "/api/v1/load?from=now-30d", "/api/v1/groups/feeder-1/load?from=now-365d", "/api/v1/kpis?from=now-30d", "/api/v1/kpis?from=now-365d&by=day", "/api/v1/kpis?from=now-365d&group=feeder-7",
		"/api/v1/decisions?from=now-365d", "/api/v1/meters?limit=1000", "/api/v1/history?from=now-365d",
	} {
		require.Equal(t, http.StatusOK, a.get(path).Code, path)
	}
	w := a.get("/api/v1/history?groupBy=group")
	require.Equal(t, problem.CodeTooManyPoints, problemIn(t, w).Code, "more series than one answer has")
}

// An answer too long for an ETag is sent as it is written, whole and the same.
func TestLongAnswersAreStreamed(t *testing.T) {
	a := newTestAPI(t, nil)
	long := a.get("/api/v1/history?from=now-42d&step=1h&groupBy=meter&maxPoints=1000")
	require.Equal(t, http.StatusOK, long.Code)
	require.Greater(t, long.Body.Len(), 256<<10)
	require.Empty(t, long.Header().Get("ETag"))
	short := a.get("/api/v1/history?from=now-2d&step=1h&groupBy=meter")
	require.NotEmpty(t, short.Header().Get("ETag"))
	answer := read[[]Series](t, a, "/api/v1/history?from=now-42d&step=1h&groupBy=meter&maxPoints=1000")
	require.Len(t, answer.Data, size.Meters)
	require.NotNil(t, answer.Meta.AsOf)
}
