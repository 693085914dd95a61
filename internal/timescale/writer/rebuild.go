package writer

import (
	"context"
	"fmt"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/twin"
)

// What follows serves a processor that rebuilds its windows and models.

// History yields the readings of a partition's meters from hour `from` to
// before hour `to`, ordered by hour and then by meter number. It stops at the
// first error of yield.
func (db *DB) History(ctx context.Context, partition int, from, to meter.Hour,
	yield func(meterNo int32, h meter.Hour, kwh float32, q twin.Quality) error) error {
	for ; from < to; from += timescale.HistoryStep {
		rows, err := db.Pool.Query(ctx, `
			SELECT r.meter_no, r.ts, r.kwh, r.quality
			FROM readings r JOIN meters m USING (meter_no)
			WHERE m.partition = $1 AND r.channel = 0 AND r.ts >= $2 AND r.ts < $3
			ORDER BY r.ts, r.meter_no`,
			partition, from.Time(), min(from+timescale.HistoryStep, to).Time())
		if err == nil {
			err = timescale.YieldHistory(rows, yield)
		}
		if err != nil {
			return fmt.Errorf("history of partition %d from %s: %w", partition, from, err)
		}
	}
	return nil
}

// WarmUpRows are the hours of a meter from before the stream, by hour, with
// the values they had when the stream began: a correction by the stream is
// taken back, as a replay brings it again.
func (db *DB) WarmUpRows(ctx context.Context, meterNo int32) (twin.Readings, error) {
	var r twin.Readings
	rows, err := db.Pool.Query(ctx, `
		SELECT s.meter_no, h.ts,
			CASE WHEN first.old_quality & 3 = $2 THEN first.old_kwh ELSE r.kwh END, $2::int2
		FROM meter_state s
		CROSS JOIN LATERAL generate_series(s.warm_from, s.warm_to, interval '1 hour') h(ts)
		CROSS JOIN LATERAL (SELECT kwh, quality FROM readings r
			WHERE r.ts = h.ts AND r.meter_no = s.meter_no AND r.channel = 0 LIMIT 1) r
		LEFT JOIN LATERAL (SELECT old_kwh, old_quality FROM reading_revisions v
			WHERE v.ts = h.ts AND v.meter_no = s.meter_no AND v.channel = 0 AND r.quality & 3 <> $2 AND v.old_quality & 3 = $2
			ORDER BY stream_offset LIMIT 1) first ON true
		WHERE s.meter_no = $1 AND (r.quality & 3 = $2 OR first.old_quality & 3 = $2)
		ORDER BY h.ts`, meterNo, int16(twin.WarmUp))
	if err == nil {
		err = timescale.YieldHistory(rows, func(no int32, h meter.Hour, kwh float32, q twin.Quality) error {
			r.Append(no, h, kwh, q)
			return nil
		})
	}
	if err != nil {
		return r, fmt.Errorf("warm-up of meter %d: %w", meterNo, err)
	}
	return r, nil
}

// LastDecisions are the decisions of a partition, about meters and groups, that were issued
// before hour `before`, as far back as plans of hours from then on may be, by issue and then
// by their first hour.
func (db *DB) LastDecisions(ctx context.Context, partition int, before meter.Hour) ([]decisions.Row, error) {
	found, err := decisions.Query(ctx, db.Pool, decisions.Select+`
		WHERE d.partition = $1 AND d.issued_at < $2 AND d.issued_at >= $2::timestamptz - `+longestPlan+`
		ORDER BY d.issued_at, d.valid_from, d.meter_no, d.group_no`, partition, before.Time())
	if err != nil {
		return nil, fmt.Errorf("last decisions of partition %d: %w", partition, err)
	}
	return found, nil
}
