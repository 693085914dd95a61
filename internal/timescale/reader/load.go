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

// HourLoad is the load of a group, or of all meters, in one hour.
type HourLoad struct {
	Hour   meter.Hour
	KWh    float64
	Meters int64 // that reported the hour
}

// LoadByHour is the load of a group, or of all meters if groupNo is nil, in the
// hours from `from` to before `to` that have any.
func (db *DB) LoadByHour(ctx context.Context, groupNo *int32, from, to meter.Hour) ([]HourLoad, error) {
	within, err := db.within(ctx, groupNo)
	if err != nil {
		return nil, err
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT ts, sum(kwh), sum(meters)::int8 FROM group_load
		WHERE ts >= $1 AND ts < $2 AND ($3::int[] IS NULL OR group_no = ANY ($3))
		GROUP BY ts ORDER BY ts`, from.Time(), to.Time(), within)
	if err != nil {
		return nil, fmt.Errorf("load by hour: %w", err)
	}
	load, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l HourLoad, err error) {
		var ts time.Time
		err = row.Scan(&ts, &l.KWh, &l.Meters)
		l.Hour = meter.HourOf(ts)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("load by hour: %w", err)
	}
	return load, nil
}

// GroupPeak is the hour of a group's highest load.
type GroupPeak struct {
	GroupNo int32
	Hour    meter.Hour
	KWh     float64
}

// GroupPeaks are, for each group that has any load in the hours from `from` to
// before `to`, the hour of its highest load, the first one of equal hours.
func (db *DB) GroupPeaks(ctx context.Context, from, to meter.Hour) ([]GroupPeak, error) {
	rows, err := db.Pool.Query(ctx, withinSQL+`
		SELECT DISTINCT ON (group_no) group_no, ts, kwh FROM (
			SELECT w.whole AS group_no, l.ts, sum(l.kwh) AS kwh FROM group_load l JOIN within w ON w.part = l.group_no
			WHERE l.ts >= $3 AND l.ts < $4 GROUP BY w.whole, l.ts) hours
		ORDER BY group_no, kwh DESC, ts`, db.nesting.Whole, db.nesting.Part, from.Time(), to.Time())
	if err != nil {
		return nil, fmt.Errorf("peaks of groups: %w", err)
	}
	peaks, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p GroupPeak, err error) {
		var ts time.Time
		err = row.Scan(&p.GroupNo, &ts, &p.KWh)
		p.Hour = meter.HourOf(ts)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("peaks of groups: %w", err)
	}
	return peaks, nil
}

// GroupForecastPoint is the forecast of a group for one hour.
type GroupForecastPoint struct {
	ForecastPoint
	GroupNo int32
}

// ForecastsInForce are, for the hours from `from` to before `to`, the forecasts
// that were the newest ones to cover the hour, of the meters of one group, or of each if
// groupNo is nil: the sums of their quantiles (see ForecastPoint).
func (db *DB) ForecastsInForce(ctx context.Context, groupNo *int32, from, to meter.Hour) ([]GroupForecastPoint, error) {
	within, err := db.within(ctx, groupNo)
	if err != nil {
		return nil, err
	}
	// Of each issue of a partition the hours until the next one count, so that what many
	// issues of a day say about the same hour is not read.
	rows, err := db.Pool.Query(ctx, `
		WITH f AS (
			SELECT group_no, issued_at, p10, p50, p90, meters, lead(issued_at) OVER (PARTITION BY partition, group_no ORDER BY issued_at) AS next
			FROM forecast_totals
			WHERE issued_at > $1::timestamptz - make_interval(hours => $4) AND issued_at < $2 AND ($3::int[] IS NULL OR group_no = ANY ($3)))
		SELECT f.group_no, f.issued_at + (v.n - 1) * interval '1 hour' AS ts, sum(v.p10), sum(v.p50), sum(v.p90), sum(v.meters)::int8
		FROM f CROSS JOIN LATERAL unnest(f.p10, f.p50, f.p90, f.meters) WITH ORDINALITY v(p10, p50, p90, meters, n)
		WHERE (f.next IS NULL OR f.next > $1)
			AND f.issued_at + (v.n - 1) * interval '1 hour' >= $1
			AND f.issued_at + (v.n - 1) * interval '1 hour' < least($2, f.next)
			AND v.meters > 0
		GROUP BY f.group_no, 2 ORDER BY 2, f.group_no`, from.Time(), to.Time(), within, forecast.MaxHorizon)
	if err != nil {
		return nil, fmt.Errorf("forecasts in force: %w", err)
	}
	points, err := pgx.CollectRows(rows, scanGroupForecast)
	if err != nil {
		return nil, fmt.Errorf("forecasts in force: %w", err)
	}
	return points, nil
}

// groupForecastsInForce are the forecasts of GroupForecastsInForce. Of those from before
// the range only the newest one of each group is looked for, and no hours are read of an
// issue before it is known to be in force.
const groupForecastsInForce = `
	WITH i AS (
		SELECT f.group_no, f.model, f.issued_at, lead(f.issued_at) OVER (PARTITION BY f.group_no ORDER BY f.issued_at) AS next
		FROM groups g CROSS JOIN LATERAL (
			SELECT f.group_no, f.model, f.issued_at FROM group_forecasts f
			WHERE f.group_no = g.group_no AND f.issued_at > $1::timestamptz - make_interval(hours => $4) AND f.issued_at < $2
				AND f.issued_at >= coalesce((SELECT max(b.issued_at) FROM group_forecasts b WHERE b.group_no = g.group_no AND b.issued_at <= $1), '-infinity')) f
		WHERE $3::int IS NULL OR g.group_no = $3),
	f AS (
		SELECT i.group_no, i.issued_at, i.next, g.p10, g.p50, g.p90 FROM i JOIN group_forecasts g USING (issued_at, group_no, model)
		WHERE i.next IS NULL OR i.next > $1),
	hours AS (
		SELECT f.group_no, f.issued_at + (v.n - 1) * interval '1 hour' AS ts, v.p10, v.p50, v.p90
		FROM f CROSS JOIN LATERAL unnest(f.p10::float8[], f.p50::float8[], f.p90::float8[]) WITH ORDINALITY v(p10, p50, p90, n)
		WHERE f.issued_at + (v.n - 1) * interval '1 hour' >= $1
			AND f.issued_at + (v.n - 1) * interval '1 hour' < least($2, f.next)
			AND v.p50 <> 'NaN')`

// GroupForecastsInForce are, for the hours from `from` to before `to`, the forecasts of
// the load of groups as a whole that were the newest ones to cover the hour, of one
// group, or of each if groupNo is nil. Meters is 0.
func (db *DB) GroupForecastsInForce(ctx context.Context, groupNo *int32, from, to meter.Hour) ([]GroupForecastPoint, error) {
	return db.groupPoints(ctx, groupForecastsInForce+`
		SELECT group_no, ts, p10, p50, p90, 0 FROM hours ORDER BY ts, group_no`, groupNo, from, to)
}

// GroupForecastPeaks are, of GroupForecastsInForce, the hour of each group with the
// greatest median, of equal ones the first.
func (db *DB) GroupForecastPeaks(ctx context.Context, groupNo *int32, from, to meter.Hour) ([]GroupForecastPoint, error) {
	return db.groupPoints(ctx, groupForecastsInForce+`
		SELECT DISTINCT ON (group_no) group_no, ts, p10, p50, p90, 0 FROM hours ORDER BY group_no, p50 DESC, ts`, groupNo, from, to)
}

func (db *DB) groupPoints(ctx context.Context, sql string, groupNo *int32, from, to meter.Hour) ([]GroupForecastPoint, error) {
	rows, err := db.Pool.Query(ctx, sql, from.Time(), to.Time(), groupNo, forecast.MaxHorizon)
	if err != nil {
		return nil, fmt.Errorf("forecasts of groups in force: %w", err)
	}
	points, err := pgx.CollectRows(rows, scanGroupForecast)
	if err != nil {
		return nil, fmt.Errorf("forecasts of groups in force: %w", err)
	}
	return points, nil
}

// TwinForecastsInForce are, for the hours from `from` to before `to`, the forecasts of the load
// of the whole twin that were the newest ones to cover the hour. GroupNo and Meters are 0.
func (db *DB) TwinForecastsInForce(ctx context.Context, from, to meter.Hour) ([]GroupForecastPoint, error) {
	rows, err := db.Pool.Query(ctx, `
		WITH f AS (
			SELECT issued_at, p10, p50, p90, lead(issued_at) OVER (ORDER BY issued_at) AS next
			FROM twin_forecasts
			WHERE issued_at > $1::timestamptz - make_interval(hours => $3) AND issued_at < $2)
		SELECT 0, f.issued_at + (v.n - 1) * interval '1 hour' AS ts, v.p10, v.p50, v.p90, 0
		FROM f CROSS JOIN LATERAL unnest(f.p10::float8[], f.p50::float8[], f.p90::float8[]) WITH ORDINALITY v(p10, p50, p90, n)
		WHERE (f.next IS NULL OR f.next > $1)
			AND f.issued_at + (v.n - 1) * interval '1 hour' >= $1
			AND f.issued_at + (v.n - 1) * interval '1 hour' < least($2, f.next)
			AND v.p50 <> 'NaN'
		ORDER BY 2`, from.Time(), to.Time(), forecast.MaxHorizon)
	if err != nil {
		return nil, fmt.Errorf("forecasts of the twin in force: %w", err)
	}
	points, err := pgx.CollectRows(rows, scanGroupForecast)
	if err != nil {
		return nil, fmt.Errorf("forecasts of the twin in force: %w", err)
	}
	return points, nil
}

func scanGroupForecast(row pgx.CollectableRow) (p GroupForecastPoint, err error) {
	var ts time.Time
	err = row.Scan(&p.GroupNo, &ts, &p.P10, &p.P50, &p.P90, &p.Meters)
	p.Hour = meter.HourOf(ts)
	return p, err
}

// PlannedChange is the sum of the plans for action of meters, of a group or of all if
// groupNo is nil, by hour. Decisions about groups are left out: their plans are
// sums of those of meters. Plans count while they hold: the sums of revisions are what
// these change.
func (db *DB) PlannedChange(ctx context.Context, groupNo *int32, from, to meter.Hour) ([]HourLoad, error) {
	within, err := db.within(ctx, groupNo)
	if err != nil {
		return nil, err
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT d.valid_from + (v.n - 1) * interval '1 hour' AS ts, sum(v.kwh), sum(v.plans)::int8
		FROM plan_totals d CROSS JOIN LATERAL unnest(d.kwh, d.plans) WITH ORDINALITY v(kwh, plans, n)
		WHERE d.issued_at > $1::timestamptz - interval '50 hours' AND d.issued_at < $2
			AND ($3::int[] IS NULL OR d.group_no = ANY ($3)) AND `+decisions.Advised+`
			AND d.valid_from + (v.n - 1) * interval '1 hour' >= $1
			AND d.valid_from + (v.n - 1) * interval '1 hour' < $2
		GROUP BY 1 HAVING sum(v.plans) > 0 ORDER BY 1`, from.Time(), to.Time(), within)
	if err != nil {
		return nil, fmt.Errorf("planned change: %w", err)
	}
	change, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l HourLoad, err error) {
		var ts time.Time
		err = row.Scan(&ts, &l.KWh, &l.Meters)
		l.Hour = meter.HourOf(ts)
		return l, err
	})
	if err != nil {
		return nil, fmt.Errorf("planned change: %w", err)
	}
	return change, nil
}
