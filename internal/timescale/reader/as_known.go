package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
)

// MeterAsKnown are the hours of a meter from `from` to before `to` as they were known while
// the watermark was at hour `at`: corrections and late readings that came when it was past
// are taken back. An hour without a value then has none here.
func (db *DB) MeterAsKnown(ctx context.Context, meterNo int32, from, to, at meter.Hour) ([]Point, error) {
	// What is stored is read first: a correction that comes in between is taken back.
	points, err := db.MeterSeries(ctx, meterNo, SeriesQuery{From: from, To: to, Aggregate: Sum})
	if err != nil {
		return nil, err
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT h.ts, v.old_kwh::float8
		FROM generate_series($2::timestamptz, $3::timestamptz - interval '1 hour', interval '1 hour') h(ts)
		CROSS JOIN LATERAL (SELECT CASE WHEN v.old_quality & 4 = 0 THEN v.old_kwh END AS old_kwh FROM reading_revisions v
			WHERE v.ts = h.ts AND v.meter_no = $1 AND v.channel = 0 AND v.watermark > $4
			ORDER BY v.watermark, v.known_at, v.stream_offset LIMIT 1) v`, meterNo, from.Time(), to.Time(), at.Time())
	if err != nil {
		return nil, fmt.Errorf("readings of meter %d as known at %s: %w", meterNo, at, err)
	}
	var ts time.Time
	var kwh *float64
	if _, err := pgx.ForEachRow(rows, []any{&ts, &kwh}, func() error {
		p := &points[meter.HourOf(ts)-from]
		p.Value, p.Known = kwh, 0
		if kwh != nil {
			p.Known = 1
		}
		return nil
	}); err != nil {
		return nil, fmt.Errorf("readings of meter %d as known at %s: %w", meterNo, at, err)
	}
	return points, nil
}
