package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// MeterForecasts are the forecasts of a meter issued from hour `from` to before
// hour `to`, newest first, at most limit; only day-ahead ones if that is wanted.
func (db *DB) MeterForecasts(ctx context.Context, meterNo int32, from, to meter.Hour, onlyDayAhead bool, limit int) ([]twin.Forecast, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT meter_no, issued_at, day_ahead, model, p10, p50, p90 FROM forecasts
		WHERE meter_no = $1 AND issued_at >= $2 AND issued_at < $3 AND (day_ahead OR NOT $4)
		ORDER BY issued_at DESC, model LIMIT $5`, meterNo, from.Time(), to.Time(), onlyDayAhead, limit)
	if err != nil {
		return nil, fmt.Errorf("forecasts of meter %d: %w", meterNo, err)
	}
	forecasts, err := pgx.CollectRows(rows, scanForecast)
	if err != nil {
		return nil, fmt.Errorf("forecasts of meter %d: %w", meterNo, err)
	}
	return forecasts, nil
}

// ForecastPlace is the place of the last forecast of a page of AllForecasts.
type ForecastPlace struct {
	IssuedAt meter.Hour
	MeterNo  int32
	Model    string
}

// AllForecasts are the forecasts of all meters, or of those of a group, issued from
// hour `from` to before hour `to`, oldest first, that follow a place; at most limit.
func (db *DB) AllForecasts(ctx context.Context, groupNo *int32, from, to meter.Hour, onlyDayAhead bool, after *ForecastPlace, limit int) ([]twin.Forecast, error) {
	within, err := db.within(ctx, groupNo)
	if err != nil {
		return nil, err
	}
	if after == nil {
		after = &ForecastPlace{IssuedAt: from}
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT meter_no, issued_at, day_ahead, model, p10, p50, p90 FROM forecasts
		WHERE issued_at >= $1 AND issued_at < $2 AND (day_ahead OR NOT $3) AND (issued_at, meter_no, model) > ($4, $5, $6)
			AND ($7::int[] IS NULL OR meter_no IN (SELECT meter_no FROM meters WHERE group_no = ANY ($7)))
		ORDER BY issued_at, meter_no, model LIMIT $8`,
		after.IssuedAt.Time(), to.Time(), onlyDayAhead, after.IssuedAt.Time(), after.MeterNo, after.Model, within, limit)
	if err != nil {
		return nil, fmt.Errorf("forecasts of all meters: %w", err)
	}
	forecasts, err := pgx.CollectRows(rows, scanForecast)
	if err != nil {
		return nil, fmt.Errorf("forecasts of all meters: %w", err)
	}
	return forecasts, nil
}

// GroupForecasts are the forecasts of the load of a group as a whole, like MeterForecasts.
func (db *DB) GroupForecasts(ctx context.Context, groupNo int32, from, to meter.Hour, onlyDayAhead bool, limit int) ([]twin.GroupForecast, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT group_no, issued_at, day_ahead, model, p10, p50, p90, capacity_kw, exceed_before, exceed_after, excess_before, excess_after
		FROM group_forecasts
		WHERE group_no = $1 AND issued_at >= $2 AND issued_at < $3 AND (day_ahead OR NOT $4)
		ORDER BY issued_at DESC, model LIMIT $5`, groupNo, from.Time(), to.Time(), onlyDayAhead, limit)
	if err != nil {
		return nil, fmt.Errorf("forecasts of group %d: %w", groupNo, err)
	}
	forecasts, err := pgx.CollectRows(rows, scanWholeForecast)
	if err != nil {
		return nil, fmt.Errorf("forecasts of group %d: %w", groupNo, err)
	}
	return forecasts, nil
}

// NewestGroupForecasts are, for each group, the newest forecast of its load as a whole
// that was issued from one hour to another, both included.
func (db *DB) NewestGroupForecasts(ctx context.Context, from, to meter.Hour) ([]twin.GroupForecast, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT f.* FROM groups g CROSS JOIN LATERAL (
			SELECT group_no, issued_at, day_ahead, model, p10, p50, p90, capacity_kw, exceed_before, exceed_after, excess_before, excess_after
			FROM group_forecasts f
			WHERE f.group_no = g.group_no AND issued_at >= $1 AND issued_at <= $2
			ORDER BY issued_at DESC, model LIMIT 1) f
		ORDER BY f.group_no`, from.Time(), to.Time())
	if err != nil {
		return nil, fmt.Errorf("newest forecasts of groups: %w", err)
	}
	forecasts, err := pgx.CollectRows(rows, scanWholeForecast)
	if err != nil {
		return nil, fmt.Errorf("newest forecasts of groups: %w", err)
	}
	return forecasts, nil
}

func scanWholeForecast(row pgx.CollectableRow) (f twin.GroupForecast, err error) {
	var issued time.Time
	var capacity *float32
	var l twin.LimitRisk
	err = row.Scan(&f.GroupNo, &issued, &f.DayAhead, &f.Model, &f.P10, &f.P50, &f.P90,
		&capacity, &l.ProbabilityBefore, &l.ProbabilityAfter, &l.ExcessBefore, &l.ExcessAfter)
	f.IssuedAt = meter.HourOf(issued)
	if capacity != nil {
		l.CapacityKW = *capacity
		f.Limit = &l
	}
	return f, err
}

// ForecastPoint is the forecast of several meters together for one hour. The
// p50 of a sum is near the sum of the p50; the sums of p10 and p90 lie outside
// the 80 % interval of the sum, as meters seldom err the same way.
type ForecastPoint struct {
	Hour          meter.Hour
	P10, P50, P90 float64 // kWh, sums over the meters with a forecast
	Meters        int
}

func scanForecast(row pgx.CollectableRow) (f twin.Forecast, err error) {
	var issued time.Time
	err = row.Scan(&f.MeterNo, &issued, &f.DayAhead, &f.Model, &f.P10, &f.P50, &f.P90)
	f.IssuedAt = meter.HourOf(issued)
	return f, err
}
