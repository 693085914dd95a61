package writer

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// Unsettled is a decision about a meter whose hours have passed, with what was
// forecast at issue (the median) and what was measured, kWh per hour of the plan;
// NaN where there is nothing.
type Unsettled struct {
	decisions.Row
	Expected, Actual []float32
	Corrections      int // of readings of these hours, so far
}

// lookBack is how long before the newest decision that is settled others are
// still looked for: those of a partition that was behind, and those whose readings
// were corrected. What lies farther back is not read, or each look would cost more
// than the one before.
const lookBack = "60 days"

// openDecisions are the issue times and ids of decisions with a plan for a meter,
// from $1 on, whose hours have passed and that are not settled, or were before a
// correction.
const openDecisions = `WITH since AS (
		SELECT greatest($1::timestamptz, (SELECT max(issued_at) FROM realised) - interval '` + lookBack + `') AS earliest
	), corrected AS (
		SELECT d.issued_at, d.id, count(*) AS times
		FROM reading_revisions v
		JOIN decisions d ON d.meter_no = v.meter_no AND v.ts >= d.valid_from AND v.ts < d.valid_to
			AND d.issued_at > v.ts - interval '2 days' AND d.issued_at <= v.ts
		WHERE v.ts >= (SELECT earliest FROM since) AND d.issued_at >= (SELECT earliest FROM since) AND d.action <> 0
		GROUP BY d.issued_at, d.id
	), open AS (
		SELECT d.issued_at, d.id FROM decisions d
		WHERE d.issued_at >= (SELECT earliest FROM since) AND d.action <> 0 AND d.meter_no <> 0
			AND d.valid_to <= (SELECT min(watermark) FROM stream_offsets)
			AND NOT EXISTS (SELECT FROM realised r WHERE r.issued_at = d.issued_at AND r.decision_id = d.id)
		UNION ALL
		SELECT c.issued_at, c.id FROM corrected c
		WHERE c.times > (SELECT max(r.revision) FROM realised r WHERE r.issued_at = c.issued_at AND r.decision_id = c.id)
	)`

// Unsettled gives the decisions of the oldest issue time from since on that has
// some with a plan for a meter, past and not settled, or settled before a reading
// was corrected; none if there are no such decisions.
func (db *DB) Unsettled(ctx context.Context, since meter.Hour) ([]Unsettled, error) {
	var oldest *time.Time
	from := max(since, 0).Time()
	if err := db.Pool.QueryRow(ctx, openDecisions+` SELECT min(issued_at) FROM open`, from).Scan(&oldest); err != nil {
		return nil, fmt.Errorf("unsettled decisions: %w", err)
	}
	if oldest == nil {
		return nil, nil
	}
	found, err := decisions.Query(ctx, db.Pool, openDecisions+` `+decisions.Select+
		`WHERE d.issued_at = $2 AND d.id IN (SELECT id FROM open WHERE issued_at = $2) ORDER BY d.meter_no`, from, *oldest)
	if err != nil {
		return nil, err
	}
	out := make([]Unsettled, len(found))
	for i := range found {
		n := len(found[i].Plan)
		out[i] = Unsettled{Row: found[i], Expected: allNaN(n), Actual: allNaN(n)}
	}
	return out, db.fillUnsettled(ctx, out)
}

func allNaN(n int) []float32 {
	v := make([]float32, n)
	for i := range v {
		v[i] = float32(math.NaN())
	}
	return v
}

// fillUnsettled reads forecasts and measurements of decisions of one issue time.
func (db *DB) fillUnsettled(ctx context.Context, open []Unsettled) error {
	if len(open) == 0 {
		return nil
	}
	byMeter := make(map[int32]*Unsettled, len(open))
	var meters []int32
	from, to := open[0].ValidFrom, open[0].ValidTo
	for i := range open {
		byMeter[open[i].MeterNo] = &open[i]
		meters = append(meters, open[i].MeterNo)
		from, to = min(from, open[i].ValidFrom), max(to, open[i].ValidTo)
	}
	// Corrections are counted before readings are read: one that comes in between is
	// found again.
	rows, err := db.Pool.Query(ctx, `SELECT meter_no, count(*) FROM reading_revisions
		WHERE ts >= $1 AND ts < $2 AND meter_no = ANY($3) GROUP BY meter_no`, from.Time(), to.Time(), meters)
	if err != nil {
		return fmt.Errorf("corrections of decisions: %w", err)
	}
	var no int32
	var times int
	_, err = pgx.ForEachRow(rows, []any{&no, &times}, func() error {
		byMeter[no].Corrections = times
		return nil
	})
	if err != nil {
		return fmt.Errorf("corrections of decisions: %w", err)
	}
	rows, err = db.Pool.Query(ctx, `SELECT meter_no, ts, kwh FROM readings
		WHERE ts >= $1 AND ts < $2 AND channel = 0 AND `+schema.Plausible+` AND meter_no = ANY($3)`, from.Time(), to.Time(), meters)
	if err != nil {
		return fmt.Errorf("readings of decisions: %w", err)
	}
	var ts time.Time
	var kwh float32
	_, err = pgx.ForEachRow(rows, []any{&no, &ts, &kwh}, func() error {
		u := byMeter[no]
		if i := int(meter.HourOf(ts) - u.ValidFrom); i >= 0 && i < len(u.Actual) {
			u.Actual[i] = kwh
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("readings of decisions: %w", err)
	}
	rows, err = db.Pool.Query(ctx, `SELECT meter_no, p50 FROM forecasts WHERE issued_at = $1 AND meter_no = ANY($2)`,
		open[0].IssuedAt.Time(), meters)
	if err != nil {
		return fmt.Errorf("forecasts of decisions: %w", err)
	}
	var p50 []float32
	_, err = pgx.ForEachRow(rows, []any{&no, &p50}, func() error {
		copy(byMeter[no].Expected, p50)
		return nil
	})
	if err != nil {
		return fmt.Errorf("forecasts of decisions: %w", err)
	}
	return nil
}

// Settle stores the outcomes of decisions. One that is settled already, with as many
// corrections, stays as it is.
func (db *DB) Settle(ctx context.Context, settled []decisions.Settled) error {
	q := &pgx.Batch{}
	for i := range settled {
		s := &settled[i]
		q.Queue(`INSERT INTO realised (decision_id, issued_at, revision, method, kwh_shifted, kw_reduction, saving, co2_kg)
			VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING`,
			s.ID, s.IssuedAt.Time(), s.Corrections, s.Method, pgvalue.NumberOrNull(s.KWhShifted), pgvalue.NumberOrNull(s.KWReduction), pgvalue.NumberOrNull(s.Saving), pgvalue.NumberOrNull(s.CO2Kg))
	}
	if err := db.Pool.SendBatch(ctx, q).Close(); err != nil {
		return fmt.Errorf("settle decisions: %w", err)
	}
	return nil
}
