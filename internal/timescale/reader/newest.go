package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
)

// Newest is what was issued last.
type Newest struct {
	// ForecastMeters counts the meters with a forecast issued in the day up to the
	// newest one. A day of issues holds each meter once at least, also while the
	// partitions are at different days.
	ForecastMeters int
	Decision       meter.Hour // issue of the newest decision; NoHour if there is none
}

// NewestReading is the newest hour with a reading, NoHour if there is none.
func (db *DB) NewestReading(ctx context.Context) (meter.Hour, error) {
	var newest *time.Time
	if err := db.Pool.QueryRow(ctx, `SELECT max(last_ts) FROM meter_state`).Scan(&newest); err != nil {
		return meter.NoHour, fmt.Errorf("newest reading: %w", err)
	}
	return pgvalue.HourOrNone(newest), nil
}

// Newest looks for what was issued last.
func (db *DB) Newest(ctx context.Context) (Newest, error) {
	var forecast, decision *time.Time
	err := db.Pool.QueryRow(ctx, `SELECT (SELECT max(issued_at) FROM forecasts), (SELECT max(issued_at) FROM decisions)`).Scan(&forecast, &decision)
	if err != nil {
		return Newest{}, fmt.Errorf("newest issues: %w", err)
	}
	newest := Newest{Decision: pgvalue.HourOrNone(decision)}
	if forecast == nil {
		return newest, nil
	}
	err = db.Pool.QueryRow(ctx, `SELECT count(DISTINCT meter_no) FROM forecasts WHERE issued_at >= $1`, forecast.Add(-24*time.Hour)).
		Scan(&newest.ForecastMeters)
	if err != nil {
		return Newest{}, fmt.Errorf("meters with a forecast: %w", err)
	}
	return newest, nil
}
