package timescale

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
)

// How a decision was settled, as realised.method holds it.
const (
	SettledSimulated = 1 // on measurements in which nobody followed the plan
	SettledEstimated = 2 // against the forecast as it stood at issue
)

// Unsettled is a decision about a meter whose hours have passed, with what was
// forecast at issue (the median) and what was measured, kWh per hour of the plan;
// NaN where there is nothing.
type Unsettled struct {
	Decision
	Expected, Actual []float32
}

// Settled is what a decision came to; NaN where that cannot be told.
type Settled struct {
	ID          uuid.UUID
	IssuedAt    meter.Hour
	Method      int16
	KWhShifted  float32
	KWReduction float32
	Saving      float32
	CO2Kg       float32
}

// Unsettled gives the decisions of the oldest issue time from since on that has
// some with a plan for a meter, past and not settled; none if all are.
func (db *DB) Unsettled(ctx context.Context, since meter.Hour) ([]Unsettled, error) {
	const open = `d.action <> 0 AND d.meter_no <> 0 AND d.valid_to <= (SELECT min(watermark) FROM stream_offsets)
		AND NOT EXISTS (SELECT FROM realised r WHERE r.issued_at = d.issued_at AND r.decision_id = d.id)`
	var oldest *time.Time
	err := db.pool.QueryRow(ctx, `SELECT min(d.issued_at) FROM decisions d WHERE d.issued_at >= $1 AND `+open,
		max(since, 0).Time()).Scan(&oldest)
	if err != nil {
		return nil, fmt.Errorf("unsettled decisions: %w", err)
	}
	if oldest == nil {
		return nil, nil
	}
	found, err := db.queryDecisions(ctx, decisionSelect+`WHERE d.issued_at = $1 AND `+open+` ORDER BY d.meter_no`, *oldest)
	if err != nil {
		return nil, err
	}
	out := make([]Unsettled, len(found))
	for i := range found {
		n := len(found[i].Plan)
		out[i] = Unsettled{Decision: found[i], Expected: allNaN(n), Actual: allNaN(n)}
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
	rows, err := db.pool.Query(ctx, `SELECT meter_no, ts, kwh FROM readings
		WHERE ts >= $1 AND ts < $2 AND channel = 0 AND meter_no = ANY($3)`, from.Time(), to.Time(), meters)
	if err != nil {
		return fmt.Errorf("readings of decisions: %w", err)
	}
	var no int32
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
	rows, err = db.pool.Query(ctx, `SELECT meter_no, p50 FROM forecasts WHERE issued_at = $1 AND meter_no = ANY($2)`,
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

// Settle stores what decisions came to. One that is settled already stays as it is.
func (db *DB) Settle(ctx context.Context, settled []Settled) error {
	q := &pgx.Batch{}
	for i := range settled {
		s := &settled[i]
		q.Queue(`INSERT INTO realised (decision_id, issued_at, revision, method, kwh_shifted, kw_reduction, saving, co2_kg)
			VALUES ($1, $2, 0, $3, $4, $5, $6, $7) ON CONFLICT DO NOTHING`,
			s.ID, s.IssuedAt.Time(), s.Method, numberOrNull(s.KWhShifted), numberOrNull(s.KWReduction), numberOrNull(s.Saving), numberOrNull(s.CO2Kg))
	}
	if err := db.pool.SendBatch(ctx, q).Close(); err != nil {
		return fmt.Errorf("settle decisions: %w", err)
	}
	return nil
}

// SettledOf is what a decision came to; false while that is not known.
func (db *DB) SettledOf(ctx context.Context, d *Decision) (Settled, bool, error) {
	s := Settled{ID: d.ID, IssuedAt: d.IssuedAt}
	var kwh, kw, saving, co2 *float32
	err := db.pool.QueryRow(ctx, `SELECT method, kwh_shifted, kw_reduction, saving, co2_kg FROM realised
		WHERE issued_at = $1 AND decision_id = $2 ORDER BY revision DESC LIMIT 1`, d.IssuedAt.Time(), d.ID).
		Scan(&s.Method, &kwh, &kw, &saving, &co2)
	if errors.Is(err, pgx.ErrNoRows) {
		return s, false, nil
	}
	if err != nil {
		return s, false, fmt.Errorf("what decision %s came to: %w", d.ID, err)
	}
	s.KWhShifted, s.KWReduction, s.Saving, s.CO2Kg = numberOrNaN(kwh), numberOrNaN(kw), numberOrNaN(saving), numberOrNaN(co2)
	return s, true, nil
}
