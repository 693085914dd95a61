package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// MeterForecastsInForce are, for the hours from `from` to before `to`, the forecasts of a
// meter that were the newest ones to cover the hour. Meters of the points is 0.
func (db *DB) MeterForecastsInForce(ctx context.Context, meterNo int32, from, to meter.Hour) ([]ForecastPoint, error) {
	rows, err := db.Pool.Query(ctx, `
		WITH f AS (
			SELECT issued_at, p10, p50, p90, lead(issued_at) OVER (ORDER BY issued_at) AS next
			FROM forecasts
			WHERE meter_no = $3 AND issued_at > $1::timestamptz - make_interval(hours => $4) AND issued_at < $2)
		SELECT f.issued_at + (v.n - 1) * interval '1 hour' AS ts, v.p10, v.p50, v.p90
		FROM f CROSS JOIN LATERAL unnest(f.p10::float8[], f.p50::float8[], f.p90::float8[]) WITH ORDINALITY v(p10, p50, p90, n)
		WHERE f.issued_at + (v.n - 1) * interval '1 hour' >= $1
			AND f.issued_at + (v.n - 1) * interval '1 hour' < least($2, f.next)
			AND v.p50 <> 'NaN'
		ORDER BY 1`, from.Time(), to.Time(), meterNo, forecast.MaxHorizon)
	if err != nil {
		return nil, fmt.Errorf("forecasts of meter %d in force: %w", meterNo, err)
	}
	points, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p ForecastPoint, err error) {
		var ts time.Time
		err = row.Scan(&ts, &p.P10, &p.P50, &p.P90)
		p.Hour = meter.HourOf(ts)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("forecasts of meter %d in force: %w", meterNo, err)
	}
	return points, nil
}

// MeterPlan is the change of a meter's load by its plans for action, by hour, as long as
// each plan holds.
func (db *DB) MeterPlan(ctx context.Context, meterNo int32, from, to meter.Hour) ([]HourValue, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT d.valid_from + (v.n - 1) * interval '1 hour' AS ts, v.kwh
		FROM (SELECT d.valid_from, d.plan, `+decisions.HeldTo+` AS held_to FROM decisions d
			WHERE d.meter_no = $3 AND d.issued_at > $4 AND d.issued_at < $2 AND `+decisions.Advised+`) d
		CROSS JOIN LATERAL unnest(d.plan) WITH ORDINALITY v(kwh, n)
		WHERE d.valid_from + (v.n - 1) * interval '1 hour' >= $1
			AND d.valid_from + (v.n - 1) * interval '1 hour' < least($2, d.held_to)
		ORDER BY 1`, from.Time(), to.Time(), meterNo, from.Time().Add(-longestPlan))
	if err != nil {
		return nil, fmt.Errorf("plan of meter %d: %w", meterNo, err)
	}
	hours, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (v HourValue, err error) {
		var ts time.Time
		err = row.Scan(&ts, &v.KWh)
		v.Hour = meter.HourOf(ts)
		return v, err
	})
	if err != nil {
		return nil, fmt.Errorf("plan of meter %d: %w", meterNo, err)
	}
	return hours, nil
}

// longestPlan is how long before the end of its hours a plan may be issued.
const longestPlan = 50 * time.Hour

// HourValue is the energy of one hour.
type HourValue struct {
	Hour meter.Hour
	KWh  float32
}
