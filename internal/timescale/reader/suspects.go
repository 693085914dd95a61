package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
)

// SuspectReading is a stored reading that nothing is computed from.
type SuspectReading struct {
	Hour meter.Hour
	KWh  float32
}

// Suspects are the suspect readings of a meter from hour `from` to before hour
// `to`, by hour, at most limit of them.
func (db *DB) Suspects(ctx context.Context, meterNo int32, from, to meter.Hour, limit int) ([]SuspectReading, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT ts, kwh FROM readings
		WHERE ts >= $1 AND ts < $2 AND meter_no = $3 AND channel = 0 AND quality >= 4
		ORDER BY ts LIMIT $4`, from.Time(), to.Time(), meterNo, limit)
	if err != nil {
		return nil, fmt.Errorf("suspect readings of meter %d: %w", meterNo, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (s SuspectReading, err error) {
		var ts time.Time
		err = row.Scan(&ts, &s.KWh)
		s.Hour = meter.HourOf(ts)
		return s, err
	})
	if err != nil {
		return nil, fmt.Errorf("suspect readings of meter %d: %w", meterNo, err)
	}
	return found, nil
}

// SuspectMeter is a meter with suspect readings.
type SuspectMeter struct {
	Name     string
	Readings int
	Newest   meter.Hour
	KWh      float32 // of the newest
}

// queueSuspectMeters asks for the meters with suspect readings from hour `from` to before
// hour `to`, those with most first, at most limit of them.
func queueSuspectMeters(q *pgx.Batch, from, to meter.Hour, limit int, into *[]SuspectMeter) {
	q.Queue(`
		SELECT m.name, count(*)::int, max(r.ts), (array_agg(r.kwh ORDER BY r.ts DESC))[1]
		FROM readings r JOIN meters m USING (meter_no)
		WHERE r.ts >= $1 AND r.ts < $2 AND r.channel = 0 AND r.quality >= 4
		GROUP BY m.name ORDER BY count(*) DESC, m.name LIMIT $3`, from.Time(), to.Time(), limit).Query(func(rows pgx.Rows) (err error) {
		*into, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (s SuspectMeter, err error) {
			var ts time.Time
			err = row.Scan(&s.Name, &s.Readings, &ts, &s.KWh)
			s.Newest = meter.HourOf(ts)
			return s, err
		})
		return err
	})
}
