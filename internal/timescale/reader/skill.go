package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// Skill compares the forecasts of one issue time with what was measured then, and
// with the forecast of a week before.
type Skill struct {
	IssuedAt meter.Hour
	Hours    int     // of meters, with a forecast, a reading, and one a week before
	Error    float64 // mean absolute error of the medians, kWh
	Naive    float64 // that of repeating the hour of a week before, kWh
}

// NewestWholeIssue is the newest time of day-ahead issues whose 24 hours lie up to the
// hour `upTo`, NoHour if there is none.
func (db *DB) NewestWholeIssue(ctx context.Context, upTo meter.Hour) (meter.Hour, error) {
	var issued *time.Time
	err := db.Pool.QueryRow(ctx, `SELECT max(issued_at) FROM forecasts WHERE issued_at <= $1 AND day_ahead`, (upTo - (meter.HoursPerDay - 1)).Time()).Scan(&issued)
	if err != nil {
		return meter.NoHour, fmt.Errorf("newest whole issue: %w", err)
	}
	return pgvalue.HourOrNone(issued), nil
}

// SkillOf judges the forecasts that were issued at hour `issued`.
func (db *DB) SkillOf(ctx context.Context, issued meter.Hour) (Skill, error) {
	skill := Skill{IssuedAt: issued}
	const week = meter.HoursPerWeek
	// Days have 25 hours at most. The bounds keep all other chunks untouched.
	end := issued + meter.HoursPerDay + 1
	err := db.Pool.QueryRow(ctx, `
		WITH f AS MATERIALIZED (
			SELECT meter_no, $1::timestamptz + (i - 1) * interval '1 hour' AS ts, kwh
			FROM forecasts, unnest(p50) WITH ORDINALITY AS of(kwh, i)
			WHERE issued_at = $1 AND kwh <> 'NaN'),
		now AS MATERIALIZED (
			SELECT meter_no, ts, kwh FROM readings WHERE ts >= $1 AND ts < $2 AND channel = 0 AND `+schema.Plausible+`),
		before AS MATERIALIZED (
			SELECT meter_no, ts + $5 * interval '1 hour' AS ts, kwh FROM readings WHERE ts >= $3 AND ts < $4 AND channel = 0 AND `+schema.Plausible+`)
		SELECT count(*), coalesce(avg(abs(now.kwh - f.kwh)), 0), coalesce(avg(abs(now.kwh - before.kwh)), 0)
		FROM f JOIN now USING (meter_no, ts) JOIN before USING (meter_no, ts)`,
		issued.Time(), end.Time(), (issued-week).Time(), (end-week).Time(), week).Scan(&skill.Hours, &skill.Error, &skill.Naive)
	if err != nil {
		return Skill{}, fmt.Errorf("skill of the forecasts issued at %s: %w", issued, err)
	}
	return skill, nil
}
