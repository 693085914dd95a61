package api

import (
	"context"
	"testing"

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
