package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// AccuracyKey is what the hours of forecasts are grouped by.
type AccuracyKey string

// The keys, and what their values are.
const (
	ByNothing AccuracyKey = "none"    // total
	ByLead    AccuracyKey = "lead"    // hours from the issue to the hour
	ByHour    AccuracyKey = "hour"    // of the local day
	ByWeekday AccuracyKey = "weekday" // 1 is Monday
	ByDay     AccuracyKey = "day"     // local date of the hour
	ByMonth   AccuracyKey = "month"   // of it, such as 2025-02
	ByMeter   AccuracyKey = "meter"   // name
	ByGroup   AccuracyKey = "group"   // name
	ByModel   AccuracyKey = "model"   // name
)

// AccuracyQuery selects forecasts that were issued in the hours From to before To, and of
// them the hours before Now.
type AccuracyQuery struct {
	Scope
	Groups   bool // the forecasts of groups as a whole, in place of those of meters
	From, To meter.Hour
	Now      meter.Hour // of the twin
	All      bool       // those that were issued again within the day too
	By       AccuracyKey
	Zone     string // IANA name, of the local day
}

// Accuracy compares forecasts with what was measured, and with the seasonal naive forecast,
// which repeats the hour of a week before. Hours without a measurement, or without one a
// week before, are left out.
type Accuracy struct {
	Key    string
	Hours  int64 // forecasts of an hour
	Series int64 // meters or groups

	MAE      float64 // mean absolute error of the median, kWh
	NaiveMAE float64 // of the seasonal naive forecast, kWh
	Coverage float64 // share of the hours between the quantiles 0.1 and 0.9
	Pinball  float64 // mean loss of the quantiles 0.1, 0.5 and 0.9, kWh (Koenker and Bassett 1978)

	BelowP10, BelowP50, BelowP90 float64 // shares of the hours at or below each quantile: reliable ones have 0.1, 0.5 and 0.9

	// RelMAE and RelPinball are geometric means over meters or groups of the error over that
	// of the seasonal naive forecast; nil where none of them has both.
	RelMAE, RelPinball *float64
}

// HorizonOfAccuracy is how far ahead forecasts reach, in hours.
const HorizonOfAccuracy = 2 * meter.HoursPerDay

// Accuracy is that of each key, in the order of the keys.
func (db *DB) Accuracy(ctx context.Context, q AccuracyQuery) ([]Accuracy, error) {
	sql, args, err := db.accuracySQL(ctx, &q)
	if err != nil {
		return nil, err
	}
	var out []Accuracy
	err = pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		// Without statistics, as after a bulk load, the database takes both sides of a join
		// for a few rows and compares each with each. What that setting adds to the estimate
		// would have it compile the query, which takes longer than to run it.
		if _, err := tx.Exec(ctx, `SELECT set_config('enable_nestloop', 'off', true), set_config('jit', 'off', true), set_config('work_mem', '32MB', true)`); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, sql, args...)
		if err != nil {
			return err
		}
		out, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Accuracy])
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("accuracy of forecasts: %w", err)
	}
	return out, nil
}

// accuracySQL sums up for each key and series first, as errors are compared within a
// series. Parameters: $1 the first hour that is read, $2 the hour before which hours are,
// $3 zone, $4 and $5 the range of issues, and from $6 on those of the sources.
func (db *DB) accuracySQL(ctx context.Context, q *AccuracyQuery) (string, []any, error) {
	key, err := q.key()
	if err != nil {
		return "", nil, err
	}
	args := []any{(q.From - meter.HoursPerWeek).Time(), min(q.Now, q.To+HorizonOfAccuracy).Time(), q.Zone, q.From.Time(), q.To.Time()}
	dayAhead := ` AND f.day_ahead`
	if q.All {
		dayAhead = ``
	}
	sources := db.meterSources
	if q.Groups {
		sources = db.groupSources
	}
	forecasts, hours, more, err := sources(ctx, q)
	if err != nil {
		return "", nil, fmt.Errorf("accuracy of forecasts: %w", err)
	}
	args = append(args, more...)
	return `
		WITH spine AS (SELECT ts FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') s(ts)),
		hours AS MATERIALIZED (` + hours + `),
		f AS MATERIALIZED (
			SELECT f.no, f.in_group, f.model, (v.n - 1)::int AS lead, f.issued_at + (v.n - 1) * interval '1 hour' AS ts,
				v.p10::float8 AS p10, v.p50::float8 AS p50, v.p90::float8 AS p90
			FROM (` + forecasts + dayAhead + `) f CROSS JOIN LATERAL unnest(f.p10, f.p50, f.p90) WITH ORDINALITY v(p10, p50, p90, n)
			WHERE v.p50 <> 'NaN'),
		hour AS (
			SELECT f.*, a.kwh AS actual, abs(a.kwh - f.p50) AS error, abs(a.kwh - b.kwh) AS naive
			FROM f JOIN hours a ON a.no = f.no AND a.ts = f.ts JOIN hours b ON b.no = f.no AND b.ts = f.ts - interval '7 days'),
		series AS (
			SELECT ` + key.expression + ` AS key, no, count(*) AS hours, sum(error) AS error, sum(naive) AS naive,
				count(*) FILTER (WHERE actual BETWEEN p10 AND p90) AS covered,
				count(*) FILTER (WHERE actual <= p10) AS below10, count(*) FILTER (WHERE actual <= p50) AS below50, count(*) FILTER (WHERE actual <= p90) AS below90,
				sum(greatest(.1 * (actual - p10), -.9 * (actual - p10)) + error / 2 + greatest(.9 * (actual - p90), -.1 * (actual - p90))) / 3 AS pinball
			FROM hour GROUP BY 1, 2)
		SELECT ` + key.name + `, sum(s.hours)::int8, count(*), sum(error) / sum(s.hours), sum(naive) / sum(s.hours), (sum(covered) / sum(s.hours))::float8, sum(pinball) / sum(s.hours),
			(sum(below10) / sum(s.hours))::float8, (sum(below50) / sum(s.hours))::float8, (sum(below90) / sum(s.hours))::float8,
			exp(avg(ln(error / naive)) FILTER (WHERE error > 0 AND naive > 0)), exp(avg(ln(pinball / naive * 2)) FILTER (WHERE pinball > 0 AND naive > 0))
		FROM series s ` + key.join + ` GROUP BY s.key` + key.also + ` ORDER BY ` + key.order, args, nil
}

// accuracyKey is a key in SQL: of a forecast's hour, and as it is named in the end.
type accuracyKey struct{ expression, name, join, also, order string }

func (q *AccuracyQuery) key() (accuracyKey, error) {
	if _, err := time.LoadLocation(q.Zone); err != nil {
		return accuracyKey{}, fmt.Errorf("%w: time zone %q: use an IANA name such as Europe/London", ErrBadQuery, q.Zone)
	}
	plain := func(expression string) accuracyKey {
		return accuracyKey{expression: expression, name: `s.key::text`, order: `s.key`}
	}
	const local = `ts AT TIME ZONE $3::text`
	switch q.By {
	case ByNothing:
		return plain(`CASE WHEN $3::text <> '' THEN 'total' END`), nil
	case ByLead:
		return plain(`CASE WHEN $3::text <> '' THEN lead END`), nil
	case ByHour:
		return plain(`extract(hour FROM ` + local + `)::int`), nil
	case ByWeekday:
		return plain(`extract(isodow FROM ` + local + `)::int`), nil
	case ByDay:
		return plain(`(` + local + `)::date`), nil
	case ByMonth:
		return plain(`to_char(` + local + `, 'YYYY-MM')`), nil
	case ByModel:
		return plain(`CASE WHEN $3::text <> '' THEN model END`), nil
	case ByMeter, ByGroup:
		named := accuracyKey{
			expression: `CASE WHEN $3::text <> '' THEN in_group END`, name: `n.name`, join: `JOIN groups n ON n.group_no = s.key`, also: `, n.name`, order: `n.name`,
		}
		if q.By == ByMeter && !q.Groups {
			named.expression, named.join = `CASE WHEN $3::text <> '' THEN no END`, `JOIN meters n ON n.meter_no = s.key`
		}
		return named, nil
	}
	return accuracyKey{}, fmt.Errorf("%w: key %q", ErrBadQuery, q.By)
}

// groupSources are the forecasts of groups and their hours, with the parameters from $6 on.
func (db *DB) groupSources(_ context.Context, q *AccuracyQuery) (forecasts, hours string, args []any, err error) {
	args = []any{db.nesting.Whole, db.nesting.Part}
	issued, load := ``, ``
	if q.GroupNo != nil {
		issued, load, args = ` AND f.group_no = $8`, ` AND w.whole = $8`, append(args, *q.GroupNo)
	}
	return `SELECT f.group_no AS no, f.group_no AS in_group, f.model, f.issued_at, f.p10, f.p50, f.p90 FROM group_forecasts f
			WHERE f.issued_at >= $4 AND f.issued_at < $5` + issued,
		`SELECT w.whole AS no, l.ts, sum(l.kwh) AS kwh FROM group_load l JOIN (` + withinBy("$6", "$7") + `) w ON w.part = l.group_no
			WHERE l.ts >= $1 AND l.ts < $2` + load + ` GROUP BY 1, 2`, args, nil
}

// meterSources are the forecasts of meters and their hours, likewise. One meter's hours are
// read as its history is.
func (db *DB) meterSources(ctx context.Context, q *AccuracyQuery) (forecasts, hours string, args []any, err error) {
	const from = `SELECT f.meter_no AS no, m.group_no AS in_group, f.model, f.issued_at, f.p10, f.p50, f.p90 FROM forecasts f JOIN meters m USING (meter_no)
		WHERE f.issued_at >= $4 AND f.issued_at < $5`
	const all = `SELECT r.meter_no AS no, r.ts, r.kwh::float8 AS kwh FROM readings r JOIN meters m USING (meter_no)
		WHERE r.ts >= $1 AND r.ts < $2 AND r.channel = 0 AND r.` + schema.Plausible
	switch {
	case q.MeterNo != nil:
		source := meterProbes
		args = []any{*q.MeterNo}
		compressed, err := db.compressedTo(ctx)
		if err != nil {
			return "", "", nil, err
		}
		if compressed != nil && compressed.After((q.From - meter.HoursPerWeek).Time()) {
			source, args = meterChunks, append(args, *compressed)
		}
		return from + ` AND f.meter_no = $6`, `SELECT $6::int AS no, s.ts, s.kwh::float8 AS kwh FROM (` + source + `) s WHERE s.kwh IS NOT NULL`, args, nil
	case q.GroupNo != nil:
		within, err := db.within(ctx, q.GroupNo)
		return from + ` AND m.group_no = ANY ($6::int[])`, all + ` AND m.group_no = ANY ($6::int[])`, []any{within}, err
	}
	return from, all, nil, nil
}
