package api

import (
	"context"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
)

// TestReportOfALaterVersion: a report that this program does not know is an error where
// it is asked for, and costs the operator none of the other figures.
func TestReportOfALaterVersion(t *testing.T) {
	newTestAPI(t, nil) // skips where there is no database
	s, err := newServer(filledTwin(t), Deps{DB: store})
	require.NoError(t, err)
	require.NotNil(t, s.figures(t.Context()).Dataset)

	conn, err := pgx.Connect(t.Context(), withoutPool(storeURL))
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	var kept string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT report::text FROM dataset_report`).Scan(&kept))
	set := func(report string) {
		_, err := conn.Exec(t.Context(), `UPDATE dataset_report SET report = $1::text::json`, report)
		require.NoError(t, err)
	}
	defer set(kept)
	set(`{"version":99}`)

	_, err = s.datasetReport(t.Context())
	require.ErrorIs(t, err, config.ErrDatasetReport)
	f := s.figures(t.Context())
	require.True(t, f.Answered)
	require.Positive(t, f.Rows)
	require.Nil(t, f.Dataset)
}

// TestReplayEndsWithItsLastReading: a window goes on to midnight, and a file may end before.
func TestReplayEndsWithItsLastReading(t *testing.T) {
	newTestAPI(t, nil) // skips where there is no database
	twin := filledTwin(t)
	twin.Generator.Mode = "Replay"
	s, err := newServer(twin, Deps{DB: store})
	require.NoError(t, err)
	sum, err := store.Summary(t.Context())
	require.NoError(t, err)
	now := sum.LeastWatermark
	s.twin.Dataset.Start, s.twin.Dataset.Span = (now - 60).Time(), config.Duration(80*time.Hour)

	conn, err := pgx.Connect(t.Context(), withoutPool(storeURL))
	require.NoError(t, err)
	defer conn.Close(context.WithoutCancel(t.Context()))
	var kept string
	require.NoError(t, conn.QueryRow(t.Context(), `SELECT report::text FROM dataset_report`).Scan(&kept))
	set := func(report string) {
		_, err := conn.Exec(context.WithoutCancel(t.Context()), `UPDATE dataset_report SET report = $1::text::json`, report)
		require.NoError(t, err)
	}
	defer set(kept)
	for ends, share := range map[time.Time]float64{
		now.Time():        1,
		(now + 4).Time():  60. / 64,
		(now + 90).Time(): 60. / 80, // the window ends before
		{}:                60. / 80, // it is not known
	} {
		document, err := (&config.DatasetReport{DatasetFigures: config.DatasetFigures{EndsAt: ends}}).Stored()
		require.NoError(t, err)
		set(string(document))
		progress, err := s.progress(t.Context(), now)
		require.NoError(t, err)
		require.InDelta(t, share, *progress, 1e-9, "%s", ends)
	}
	set(`{"version":99}`)
	progress, err := s.progress(t.Context(), now)
	require.NoError(t, err, "a report that is not known costs nothing else")
	require.InDelta(t, 60./80, *progress, 1e-9)
}
