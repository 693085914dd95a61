package twinrows

import (
	"bytes"
	"context"
	"io"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/embedded"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// notCompared are the columns that may differ between runs with the same rows.
var notCompared = map[string]string{
	"meter_no": "the meter's name stands for it", "group_no": "the group's name stands for it",
	"provenance_no": "its columns stand for it", "digest": "of the others and the image",
	"image": "of any that has the same code", "known_at": "of the wall clock",
}

// TestEveryColumnIsCompared, those of later migrations included.
func TestEveryColumnIsCompared(t *testing.T) {
	ctx := t.Context()
	server, err := embedded.Postgres(ctx, embedded.PostgresOptions{})
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, server.Stop(context.Background())) })
	require.NoError(t, schema.Migrate(ctx, server.URL, schema.MigrateOptions{}))

	files := map[string]*file{}
	tables, err := Read(ctx, server.URL, func(table string) (io.WriteCloser, error) {
		files[table] = &file{}
		return files[table], nil
	})
	require.NoError(t, err)
	require.Len(t, tables, len(queries()))

	conn, err := pgx.Connect(ctx, server.URL)
	require.NoError(t, err)
	defer func() { _ = conn.Close(ctx) }()
	for stored, compared := range map[string]string{
		"readings": "readings", "forecasts": "forecasts", "decisions": "decisions", "provenance": "decisions", "group_load": "group_load",
		"group_forecasts": "group_forecasts", "twin_forecasts": "twin_forecasts", "reading_revisions": "reading_revisions",
	} {
		rows, err := conn.Query(ctx, `SELECT column_name::text FROM information_schema.columns WHERE table_schema = 'public' AND table_name = $1`, stored)
		require.NoError(t, err)
		columns, err := pgx.CollectRows(rows, pgx.RowTo[string])
		require.NoError(t, err)
		require.NotEmpty(t, columns, stored)
		header := strings.Split(strings.TrimSpace(files[compared].String()), ",")
		for _, column := range columns {
			if notCompared[column] == "" {
				require.Contains(t, header, column, "of table %s", stored)
			}
		}
	}
}

type file struct{ bytes.Buffer }

func (*file) Close() error { return nil }
