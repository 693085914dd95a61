package timescale

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// MeterForecast is the forecast of a meter that was issued at hour `issued`,
// or the newest if that is NoHour. ErrNotFound if there is none.
func (db *DB) MeterForecast(ctx context.Context, meterNo int32, issued meter.Hour) (twin.Forecast, error) {
	rows, err := db.pool.Query(ctx, `
		SELECT meter_no, issued_at, model, p10, p50, p90 FROM forecasts
		WHERE meter_no = $1 AND ($2::timestamptz IS NULL OR issued_at = $2)
		ORDER BY issued_at DESC, model LIMIT 1`, meterNo, timeOrNull(issued))
	if err != nil {
		return twin.Forecast{}, fmt.Errorf("forecast of meter %d: %w", meterNo, err)
	}
	f, err := pgx.CollectExactlyOneRow(rows, scanForecast)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return twin.Forecast{}, fmt.Errorf("forecast of meter %d issued at %s: %w", meterNo, issued, err)
	}
	return f, nil
}

// MeterForecasts are the forecasts of a meter issued from hour `from` to before
// hour `to`, newest first, at most limit. They serve charts of the past; for a
// list of issue times alone see ForecastIssues.
func (db *DB) MeterForecasts(ctx context.Context, meterNo int32, from, to meter.Hour, limit int) ([]twin.Forecast, error) {
	rows, err := db.pool.Query(ctx, `
		SELECT meter_no, issued_at, model, p10, p50, p90 FROM forecasts
		WHERE meter_no = $1 AND issued_at >= $2 AND issued_at < $3
		ORDER BY issued_at DESC, model LIMIT $4`, meterNo, from.Time(), to.Time(), limit)
	if err != nil {
		return nil, fmt.Errorf("forecasts of meter %d: %w", meterNo, err)
	}
	forecasts, err := pgx.CollectRows(rows, scanForecast)
	if err != nil {
		return nil, fmt.Errorf("forecasts of meter %d: %w", meterNo, err)
	}
	return forecasts, nil
}

// ForecastIssue names a forecast without its values.
type ForecastIssue struct {
	IssuedAt meter.Hour
	Model    string
	Hours    int // that it covers
}

// ForecastIssues are the issues of a meter's forecasts before hour `before`
// (NoHour is open), newest first.
func (db *DB) ForecastIssues(ctx context.Context, meterNo int32, before meter.Hour, limit int) ([]ForecastIssue, error) {
	rows, err := db.pool.Query(ctx, `
		SELECT issued_at, model, cardinality(p50) FROM forecasts
		WHERE meter_no = $1 AND issued_at < coalesce($2::timestamptz, 'infinity')
		ORDER BY issued_at DESC, model LIMIT $3`, meterNo, timeOrNull(before), limit)
	if err != nil {
		return nil, fmt.Errorf("forecast issues of meter %d: %w", meterNo, err)
	}
	issues, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (i ForecastIssue, err error) {
		var issued time.Time
		err = row.Scan(&issued, &i.Model, &i.Hours)
		i.IssuedAt = meter.HourOf(issued)
		return i, err
	})
	if err != nil {
		return nil, fmt.Errorf("forecast issues of meter %d: %w", meterNo, err)
	}
	return issues, nil
}

// ForecastPoint is the forecast of several meters together for one hour. The
// p50 of a sum is near the sum of the p50; the sums of p10 and p90 lie outside
// the 80 % interval of the sum, as meters seldom err the same way.
type ForecastPoint struct {
	Hour          meter.Hour
	P10, P50, P90 float64 // kWh, sums over the meters with a forecast
	Meters        int
}

// SumForecasts adds up the newest forecasts that were issued at one hour at or
// before `at`. It covers a group, or all meters if groupNo is nil. It is empty
// while there is no forecast.
func (db *DB) SumForecasts(ctx context.Context, groupNo *int32, at meter.Hour) ([]ForecastPoint, error) {
	rows, err := db.pool.Query(ctx, `
		WITH newest AS (
			SELECT f.issued_at FROM forecasts f JOIN meters m USING (meter_no)
			WHERE f.issued_at <= $1 AND ($2::int IS NULL OR m.group_no = $2)
			ORDER BY f.issued_at DESC LIMIT 1)
		SELECT f.issued_at + (v.n - 1) * interval '1 hour', sum(v.p10), sum(v.p50), sum(v.p90), count(*)
		FROM forecasts f JOIN meters m USING (meter_no)
		CROSS JOIN LATERAL unnest(f.p10::float8[], f.p50::float8[], f.p90::float8[]) WITH ORDINALITY v(p10, p50, p90, n)
		WHERE f.issued_at = (SELECT issued_at FROM newest) AND ($2::int IS NULL OR m.group_no = $2) AND v.p50 <> 'NaN'
		GROUP BY 1 ORDER BY 1`, at.Time(), groupNo)
	if err != nil {
		return nil, fmt.Errorf("sum of forecasts: %w", err)
	}
	points, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p ForecastPoint, err error) {
		var ts time.Time
		err = row.Scan(&ts, &p.P10, &p.P50, &p.P90, &p.Meters)
		p.Hour = meter.HourOf(ts)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("sum of forecasts: %w", err)
	}
	return points, nil
}

func scanForecast(row pgx.CollectableRow) (f twin.Forecast, err error) {
	var issued time.Time
	err = row.Scan(&f.MeterNo, &issued, &f.Model, &f.P10, &f.P50, &f.P90)
	f.IssuedAt = meter.HourOf(issued)
	return f, err
}
