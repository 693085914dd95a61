package timescale_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// storedDecisions are the lists of the decisions in testdata.
func storedDecisions() (full, empty dsm.Decision) {
	full = dsm.Decision{
		Factors:      []dsm.WeightedFactor{{Factor: dsm.FactorPriceSpread, Weight: 0.2}, {Factor: dsm.FactorMissing, Weight: nan()}},
		Alternatives: []dsm.Alternative{{Action: dsm.ActionNone, Reason: dsm.ReasonLowerSaving, Saving: -0.2}, {Action: dsm.ActionLoadShift, Reason: dsm.ReasonWithout, Saving: 0.015625}},
		Binding:      []dsm.Constraint{dsm.ConstraintStoreSize, 42},
		Items: []dsm.PlanItem{
			{Action: dsm.ActionLoadShift, Saving: 0.05, Plan: []float32{-0.25, 0, 0}},
			{Action: dsm.ActionEVCharge, Saving: 0.125, Plan: []float32{0.5, -0.5}, AtOnce: []float32{3.5, 1e-30}},
			{Action: dsm.ActionBattery, Saving: -0.15, Plan: []float32{0.25}, Value: []float32{0.3, nan(), 0.1}},
		},
	}
	return full, dsm.Decision{}
}

func requireLists(t *testing.T, want, got dsm.Decision) {
	t.Helper()
	lists := func(d dsm.Decision) decisions.Row {
		return decisions.Row{Decision: dsm.Decision{Factors: d.Factors, Alternatives: d.Alternatives, Binding: d.Binding, Items: d.Items}}
	}
	requireSameDecision(t, lists(want), lists(got))
}

// TestStoredDecisionsOfVersion1: the migration upgrades rows of version 1 where they
// are, also in compressed chunks, and steps back to the same values.
func TestStoredDecisionsOfVersion1(t *testing.T) {
	if len(servers) == 0 {
		t.Skip("no PostgreSQL here: install it, or set ENERGYTWIN_TEST_POSTGRES_URL")
	}
	rows, err := os.ReadFile(filepath.Join("testdata", "decisions_packed_1.sql"))
	require.NoError(t, err)
	for _, srv := range servers {
		t.Run(srv.kind, func(t *testing.T) {
			ctx := t.Context()
			db, r := srv.older(t, 14)
			timescale := srv.kind == "timescale"
			if timescale {
				_, err := db.ExecContext(ctx, `CREATE EXTENSION IF NOT EXISTS timescaledb`)
				require.NoError(t, err)
				_, err = db.ExecContext(ctx, `SELECT create_hypertable('decisions', by_range('issued_at', interval '28 days'), create_default_indexes => false)`)
				require.NoError(t, err)
				_, err = db.ExecContext(ctx, `ALTER TABLE decisions SET (timescaledb.compress, timescaledb.compress_segmentby = 'meter_no', timescaledb.compress_orderby = 'issued_at DESC, id')`)
				require.NoError(t, err)
			}
			_, err := db.ExecContext(ctx, string(rows), pgx.QueryExecModeSimpleProtocol)
			require.NoError(t, err)
			if timescale {
				_, err = db.ExecContext(ctx, `SELECT compress_chunk(c) FROM show_chunks('decisions') c`)
				require.NoError(t, err)
			}
			before := listsOfVersion1(t, db)

			require.NoError(t, schema.MigrateDB(ctx, db, schema.MigrateOptions{WithoutTimescale: !timescale}))
			full, empty := storedDecisions()
			for id, want := range map[byte]dsm.Decision{1: full, 2: empty} {
				got, _, err := r.DecisionByID(ctx, uuid.UUID{15: id})
				require.NoError(t, err)
				requireLists(t, want, got.Decision)
			}
			if timescale {
				return // steps back are for plain tables
			}
			provider, err := schema.NewProvider(db)
			require.NoError(t, err)
			_, err = provider.DownTo(ctx, 14)
			require.NoError(t, err)
			require.Equal(t, before, listsOfVersion1(t, db))
		})
	}
}

// older makes an empty database with the schema of an earlier version.
func (srv server) older(t *testing.T, version int64) (*sql.DB, *reader.DB) {
	t.Helper()
	var db *sql.DB
	var r *reader.DB
	if srv.one != nil {
		srv.empty(t)
		db, r = stdlib.OpenDBFromPool(srv.one.Pool), &reader.DB{DB: srv.one.DB}
	} else {
		var err error
		r, err = reader.Open(t.Context(), srv.database(t), timescale.Options{})
		require.NoError(t, err)
		t.Cleanup(r.Close)
		db = stdlib.OpenDBFromPool(r.Pool)
	}
	t.Cleanup(func() { _ = db.Close() })
	db.SetMaxOpenConns(1)
	provider, err := schema.NewProvider(db)
	require.NoError(t, err)
	_, err = provider.UpTo(t.Context(), version)
	require.NoError(t, err)
	return db, r
}

// listsOfVersion1 are the lists of all decisions as text, with the empty list as null.
func listsOfVersion1(t *testing.T, db *sql.DB) (lists []string) {
	t.Helper()
	rows, err := db.QueryContext(t.Context(), `SELECT (factors, nullif(alternatives, '{}'), binding, parts)::text FROM decisions ORDER BY id`)
	require.NoError(t, err)
	defer rows.Close()
	for rows.Next() {
		var s string
		require.NoError(t, rows.Scan(&s))
		lists = append(lists, s)
	}
	require.NoError(t, rows.Err())
	return lists
}

// TestPackedColumnsAreReadStrictly: a later version and arrays that do not fit each
// other are errors that name the decision.
func TestPackedColumnsAreReadStrictly(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		torn := "do not fit each other"
		for change, message := range map[string]string{
			`packed_version = 3`:                                 "version 3, and this build reads version 2",
			`factors = factors[2:]`:                              torn,
			`alternatives = alternatives[2:]`:                    torn,
			`amounts = NULL`:                                     torn,
			`amounts = amounts || '{1}'`:                         torn,
			`items = '{1,1,0}'`:                                  torn,
			`items = '{1,0,0,0}'`:                                torn,
			`items = '{1,2,-1,0}', amounts = amounts || '{1,2}'`: torn,
			`items = '{1,1,0,0}', amounts = amounts || '{1,2}'`:  "",
		} {
			d := shiftDecision(tw.meters[0], day+200, tw.prov)
			d.ID = uuid.New()
			b := tw.batch(1)
			decided(b, d)
			tw.commit(t, s, b)
			_, err := s.Pool.Exec(t.Context(), `UPDATE decisions SET `+change+` WHERE id = $1`, d.ID)
			require.NoError(t, err)
			_, _, err = s.DecisionByID(t.Context(), d.ID)
			if message == "" {
				require.NoError(t, err)
				continue
			}
			require.ErrorContains(t, err, message, change)
			require.ErrorContains(t, err, d.ID.String(), change)
		}
	})
}
