package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// HourQuality is how the reading of an hour came.
type HourQuality struct {
	Hour        meter.Hour
	Quality     *twin.Quality // nil where there is no reading
	Corrections int           // that replaced a value
}

// MeterQuality are the hours of a meter from hour `from` to before hour `to`.
func (db *DB) MeterQuality(ctx context.Context, meterNo int32, from, to meter.Hour) ([]HourQuality, error) {
	compressed, err := db.compressedTo(ctx)
	if err != nil {
		return nil, fmt.Errorf("quality of meter %d: %w", meterNo, err)
	}
	probesFrom := from.Time() // see meterChunks
	if compressed != nil && compressed.After(probesFrom) {
		probesFrom = *compressed
	}
	rows, err := db.Pool.Query(ctx, `
		WITH spine AS (SELECT ts FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') s(ts)),
		known AS (
			SELECT ts, quality FROM readings WHERE meter_no = $3 AND channel = 0 AND ts >= $1 AND ts < least($2, $4)
			UNION ALL
			SELECT h.ts, r.quality FROM (SELECT ts FROM spine WHERE ts >= $4) h CROSS JOIN LATERAL (
				SELECT quality FROM readings r WHERE r.ts = h.ts AND r.meter_no = $3 AND r.channel = 0 LIMIT 1) r),
		corrected AS (
			SELECT ts, count(*) AS n FROM reading_revisions
			WHERE meter_no = $3 AND channel = 0 AND ts >= $1 AND ts < $2 AND old_kwh IS NOT NULL GROUP BY ts)
		SELECT h.ts, k.quality, coalesce(c.n, 0)::int
		FROM spine h LEFT JOIN known k USING (ts) LEFT JOIN corrected c USING (ts) ORDER BY h.ts`,
		from.Time(), to.Time(), meterNo, probesFrom)
	if err != nil {
		return nil, fmt.Errorf("quality of meter %d: %w", meterNo, err)
	}
	hours, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (h HourQuality, err error) {
		var ts time.Time
		err = row.Scan(&ts, &h.Quality, &h.Corrections)
		h.Hour = meter.HourOf(ts)
		return h, err
	})
	if err != nil {
		return nil, fmt.Errorf("quality of meter %d: %w", meterNo, err)
	}
	return hours, nil
}

// Correction is a value that was replaced.
type Correction struct {
	Hour    meter.Hour
	KWh     float32   // that was replaced
	KnownAt time.Time // wall-clock time at which the new one was stored
}

// Corrections are the newest values of a meter that were replaced, of the hours from `from`
// to before `to`; at most limit.
func (db *DB) Corrections(ctx context.Context, meterNo int32, from, to meter.Hour, limit int) ([]Correction, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT ts, old_kwh, known_at FROM reading_revisions
		WHERE meter_no = $1 AND channel = 0 AND ts >= $2 AND ts < $3 AND old_kwh IS NOT NULL
		ORDER BY known_at DESC, stream_offset DESC LIMIT $4`, meterNo, from.Time(), to.Time(), limit)
	if err != nil {
		return nil, fmt.Errorf("corrections of meter %d: %w", meterNo, err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (c Correction, err error) {
		var ts time.Time
		err = row.Scan(&ts, &c.KWh, &c.KnownAt)
		c.Hour = meter.HourOf(ts)
		return c, err
	})
	if err != nil {
		return nil, fmt.Errorf("corrections of meter %d: %w", meterNo, err)
	}
	return out, nil
}
