package reader

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
)

// Scope is whose load and decisions are meant: those of one meter, of one
// group (0 is all meters outside groups), or of all meters if both are nil.
type Scope struct {
	MeterNo *int32
	GroupNo *int32
}

// MeteredHour is what meters drew and fed in in one hour.
type MeteredHour struct {
	Hour  meter.Hour
	KWh   float64 // drawn less fed in
	FedIn float64 // kWh, 0 or more; NaN where that was not counted yet
}

// MeteredHours are the hours from `from` to before `to` that have a measurement,
// in order of time.
func (db *DB) MeteredHours(ctx context.Context, scope Scope, from, to meter.Hour) ([]MeteredHour, error) {
	if scope.MeterNo != nil {
		return db.meteredByOne(ctx, *scope.MeterNo, from, to)
	}
	within, err := db.within(ctx, scope.GroupNo)
	if err != nil {
		return nil, err
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT ts, sum(kwh), CASE WHEN count(fed_in) = count(*) THEN sum(fed_in) ELSE 'NaN' END FROM group_load
		WHERE ts >= $1 AND ts < $2 AND ($3::int[] IS NULL OR group_no = ANY ($3))
		GROUP BY ts ORDER BY ts`, from.Time(), to.Time(), within)
	if err != nil {
		return nil, fmt.Errorf("metered hours: %w", err)
	}
	hours, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m MeteredHour, err error) {
		var ts time.Time
		err = row.Scan(&ts, &m.KWh, &m.FedIn)
		m.Hour = meter.HourOf(ts)
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("metered hours: %w", err)
	}
	return hours, nil
}

func (db *DB) meteredByOne(ctx context.Context, no int32, from, to meter.Hour) ([]MeteredHour, error) {
	points, err := db.MeterSeries(ctx, no, SeriesQuery{From: from, To: to, Aggregate: Sum, MaxPoints: int(to - from)})
	if err != nil {
		return nil, err
	}
	var hours []MeteredHour
	for _, p := range points {
		if p.Value != nil {
			hours = append(hours, MeteredHour{meter.HourOf(p.Start), *p.Value, math.Max(-*p.Value, 0)})
		}
	}
	return hours, nil
}
