package timescale

import (
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// HistoryStep is how many hours of readings are asked for at a time: it bounds what
// the server sorts and keeps one query short.
const HistoryStep = 14 * meter.HoursPerDay

// YieldHistory yields rows of meter number, time, kWh and quality. It stops at the
// first error of yield.
func YieldHistory(rows pgx.Rows, yield func(int32, meter.Hour, float32, twin.Quality) error) error {
	var no int32
	var ts time.Time
	var kwh float32
	var quality int16
	_, err := pgx.ForEachRow(rows, []any{&no, &ts, &kwh, &quality}, func() error {
		return yield(no, meter.HourOf(ts), kwh, twin.Quality(quality))
	})
	return err
}
