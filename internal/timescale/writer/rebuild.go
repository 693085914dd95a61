package writer

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
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

// LastPlan is the plan of a meter's newest decision.
type LastPlan struct {
	MeterNo   int32
	IssuedAt  meter.Hour
	ValidFrom meter.Hour
	Plan      []float32 // kWh per hour from ValidFrom on; nil if the decision was for nothing
}

// LastPlans are the newest plans of a partition's meters that were issued
// before hour `before`, by meter number. Meters without a decision are left
// out.
func (db *DB) LastPlans(ctx context.Context, partition int, before meter.Hour) ([]LastPlan, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT m.meter_no, d.issued_at, d.valid_from, d.plan
		FROM meters m CROSS JOIN LATERAL (
			SELECT issued_at, valid_from, plan FROM decisions d
			WHERE d.meter_no = m.meter_no AND d.issued_at < $2 ORDER BY d.issued_at DESC LIMIT 1) d
		WHERE m.partition = $1 ORDER BY m.meter_no`, partition, before.Time())
	if err != nil {
		return nil, fmt.Errorf("last plans of partition %d: %w", partition, err)
	}
	plans, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p LastPlan, err error) {
		var issued, valid time.Time
		err = row.Scan(&p.MeterNo, &issued, &valid, &p.Plan)
		p.IssuedAt, p.ValidFrom = meter.HourOf(issued), meter.HourOf(valid)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("last plans of partition %d: %w", partition, err)
	}
	return plans, nil
}
