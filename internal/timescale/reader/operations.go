package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
)

// Upkeep is how far what follows from readings has come, and what keeps the database.
type Upkeep struct {
	LastForecasts meter.Hour // newest issue; NoHour before the first
	LastDecisions meter.Hour
	SettledTo     meter.Hour // decisions whose hours end by then are settled, in every partition; NoHour before the first

	Unrelayed      int64     // entries of the outbox that wait for the relay
	UnrelayedSince time.Time // the oldest of them; zero for none

	MaintainedAt time.Time // zero: never
	CompressedTo time.Time // zero: nothing is
}

// Upkeep reads it.
func (db *DB) Upkeep(ctx context.Context) (Upkeep, error) {
	var u Upkeep
	var forecasts, decisions, settled, oldest, maintained, compressed *time.Time
	err := db.Pool.QueryRow(ctx, `
		SELECT (SELECT max(issued_at) FROM forecasts), (SELECT max(issued_at) FROM decisions),
			(SELECT nullif(min(settled_to), '-infinity') FROM settling), (SELECT count(*) FROM outbox), (SELECT min(known_at) FROM outbox),
			ran_at, compressed_to FROM maintenance`).
		Scan(&forecasts, &decisions, &settled, &u.Unrelayed, &oldest, &maintained, &compressed)
	if err != nil {
		return u, fmt.Errorf("upkeep: %w", err)
	}
	u.LastForecasts, u.LastDecisions, u.SettledTo = pgvalue.HourOrNone(forecasts), pgvalue.HourOrNone(decisions), pgvalue.HourOrNone(settled)
	u.UnrelayedSince, u.MaintainedAt, u.CompressedTo = timeOrZero(oldest), timeOrZero(maintained), timeOrZero(compressed)
	return u, nil
}

func timeOrZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// HeldSpec is a specification that rows were made by.
type HeldSpec struct {
	Hash       string
	First      time.Time // wall-clock time at which a partition began with it
	Partitions int       // that began with it
	Holding    int       // of which it is the newest
}

// HeldSpecs are all specifications that rows were made by, the newest first.
func (db *DB) HeldSpecs(ctx context.Context) ([]HeldSpec, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT spec_hash, min(recorded_at) AS first, count(DISTINCT partition)::int, count(*) FILTER (WHERE newest)::int
		FROM (SELECT *, from_offset = max(from_offset) OVER (PARTITION BY partition) AS newest FROM spec_revisions) r
		GROUP BY spec_hash ORDER BY first DESC, spec_hash`)
	if err != nil {
		return nil, fmt.Errorf("specifications: %w", err)
	}
	specs, err := pgx.CollectRows(rows, pgx.RowToStructByPos[HeldSpec])
	if err != nil {
		return nil, fmt.Errorf("specifications: %w", err)
	}
	return specs, nil
}
