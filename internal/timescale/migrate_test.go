package timescale_test

import (
	"context"
	"database/sql"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/timescale/writer"
)

func TestMigrateTwiceAndAtTheSameTime(t *testing.T) {
	if len(servers) == 0 {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	for _, srv := range servers {
		t.Run(srv.kind, func(t *testing.T) {
			if srv.one != nil {
				t.Skip("needs several connections")
			}
			u := srv.database(t)
			var wg sync.WaitGroup
			errs := make([]error, 3)
			for i := range errs {
				wg.Go(func() { errs[i] = schema.Migrate(t.Context(), u, schema.MigrateOptions{}) })
			}
			wg.Wait()
			for _, err := range errs {
				require.NoError(t, err)
			}
			db, err := writer.Open(t.Context(), u, timescale.Options{})
			require.NoError(t, err)
			defer db.Close()
			c, err := db.Capabilities(t.Context())
			require.NoError(t, err)
			require.Equal(t, srv.kind == "timescale", c.Hypertables(), c)
		})
	}
}

// A twin that began on plain tables takes up the extension with its rows.
func TestMigrateTakesUpTheExtension(t *testing.T) {
	for _, srv := range servers {
		if srv.kind != "timescale" || srv.one != nil {
			continue
		}
		plain := srv
		plain.kind = "plain"
		s := plain.open(t)
		newSmall(t, s)
		c, err := s.Capabilities(t.Context())
		require.NoError(t, err)
		require.Equal(t, schema.LicenseNone, c.License)
		rows := s.count(t, `SELECT count(*) FROM readings`)
		require.NoError(t, schema.Migrate(t.Context(), s.url, schema.MigrateOptions{}))
		require.Equal(t, rows, s.count(t, `SELECT count(*) FROM readings`))
		require.NotZero(t, s.count(t, `SELECT count(*) FROM timescaledb_information.chunks`))
		require.Equal(t, 4*3, s.count(t, `SELECT count(*) FROM readings_daily`))
		return
	}
	t.Skip("no TimescaleDB here: set ENERGYTWIN_TEST_TIMESCALE_URL")
}

func TestOpenNamesWhatIsWrong(t *testing.T) {
	_, err := writer.Open(context.Background(), "postgres://user:secret@host:notaport/db", timescale.Options{})
	require.ErrorContains(t, err, "database URL")
	require.NotContains(t, err.Error(), "secret")
}

func TestDownAndUpAgain(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		if s.timescale {
			t.Skip("steps back are for plain tables")
		}
		db, err := sql.Open("pgx", s.url)
		require.NoError(t, err)
		defer db.Close()
		provider, err := schema.NewProvider(db)
		require.NoError(t, err)
		_, err = provider.DownTo(t.Context(), 0)
		require.NoError(t, err)
		require.Zero(t, s.count(t, `SELECT count(*) FROM pg_class WHERE relnamespace = 'public'::regnamespace
			AND relkind IN ('r', 'v') AND relname <> 'goose_db_version'`))
		require.NoError(t, schema.Migrate(t.Context(), s.url, schema.MigrateOptions{}))
		newSmall(t, s)
	})
}
