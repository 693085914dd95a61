package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// HourRisk is how an hour of a group compares with its limit, by the forecast that was the
// newest one to cover the hour: the probability that it exceeds the limit, and the energy
// expected above it in kWh, without the plans of the meters and with them.
type HourRisk struct {
	Hour       meter.Hour
	CapacityKW float64 // when the forecast was issued
	P50        float64 // kWh

	ProbabilityBefore, ProbabilityAfter float64
	ExcessBefore, ExcessAfter           float64
}

// GroupRisk are the hours of a group from `from` to before `to` whose forecast knew a limit.
func (db *DB) GroupRisk(ctx context.Context, groupNo int32, from, to meter.Hour) ([]HourRisk, error) {
	rows, err := db.Pool.Query(ctx, `
		WITH f AS (
			SELECT *, lead(issued_at) OVER (ORDER BY issued_at) AS next
			FROM group_forecasts
			WHERE group_no = $3 AND issued_at > $1::timestamptz - make_interval(hours => $4) AND issued_at < $2)
		SELECT f.issued_at + (v.n - 1) * interval '1 hour' AS ts, f.capacity_kw::float8, v.p50, v.before, v.after, v.excess_before, v.excess_after
		FROM f CROSS JOIN LATERAL unnest(f.p50::float8[], f.exceed_before::float8[], f.exceed_after::float8[], f.excess_before::float8[], f.excess_after::float8[])
			WITH ORDINALITY v(p50, before, after, excess_before, excess_after, n)
		WHERE f.capacity_kw IS NOT NULL
			AND f.issued_at + (v.n - 1) * interval '1 hour' >= $1
			AND f.issued_at + (v.n - 1) * interval '1 hour' < least($2, f.next)
			AND v.p50 <> 'NaN'
		ORDER BY 1`, from.Time(), to.Time(), groupNo, forecast.MaxHorizon)
	if err != nil {
		return nil, fmt.Errorf("risk of group %d: %w", groupNo, err)
	}
	hours, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r HourRisk, err error) {
		var ts time.Time
		err = row.Scan(&ts, &r.CapacityKW, &r.P50, &r.ProbabilityBefore, &r.ProbabilityAfter, &r.ExcessBefore, &r.ExcessAfter)
		r.Hour = meter.HourOf(ts)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("risk of group %d: %w", groupNo, err)
	}
	return hours, nil
}
