package writer

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// queueSubHourDone forgets the sub-hour readings of hours that are whole now, or given up.
func queueSubHourDone(q *pgx.Batch, done []twin.MeterHour) {
	if len(done) == 0 {
		return
	}
	no, hour := make([]int32, len(done)), make([]int32, len(done))
	for i, d := range done {
		no[i], hour[i] = d.MeterNo, int32(d.Hour)
	}
	q.Queue(`
		DELETE FROM sub_hour_readings p
		USING (SELECT no, to_timestamp(h * 3600::float8) AS ts FROM unnest($1::int4[], $2::int4[]) u(no, h)) u
		WHERE p.meter_no = u.no AND p.ts >= u.ts AND p.ts < u.ts + interval '1 hour'`, no, hour)
}

// queueSubHours keeps sub-hour readings, over those that they correct.
func queueSubHours(q *pgx.Batch, readings []twin.SubHourReading) {
	if len(readings) == 0 {
		return
	}
	n := len(readings)
	no, minute, offset := make([]int32, n), make([]int64, n), make([]int64, n)
	key, value := make([][]byte, n), make([][]byte, n)
	for i := range readings {
		p := &readings[i]
		no[i], minute[i], offset[i] = p.MeterNo, int64(p.Hour)*60+int64(p.Minute), p.Offset
		key[i], value[i] = orEmpty(p.Key), orEmpty(p.Value)
	}
	q.Queue(`
		INSERT INTO sub_hour_readings (meter_no, ts, stream_offset, key, value)
		SELECT no, to_timestamp(minute * 60::float8), off, key, value
		FROM unnest($1::int4[], $2::int8[], $3::int8[], $4::bytea[], $5::bytea[]) u(no, minute, off, key, value)
		ON CONFLICT (meter_no, ts) DO UPDATE
		SET stream_offset = excluded.stream_offset, key = excluded.key, value = excluded.value`,
		no, minute, offset, key, value)
}

// SubHours are the sub-hour readings of a partition's meters that wait for the rest
// of their hours, in the order in which they came.
func (db *DB) SubHours(ctx context.Context, partition int) ([]twin.SubHourReading, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT p.meter_no, p.ts, p.stream_offset, p.key, p.value
		FROM sub_hour_readings p JOIN meters m USING (meter_no)
		WHERE m.partition = $1 ORDER BY p.stream_offset, p.meter_no`, partition)
	if err != nil {
		return nil, fmt.Errorf("sub-hour readings of partition %d: %w", partition, err)
	}
	readings, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p twin.SubHourReading, err error) {
		var ts time.Time
		err = row.Scan(&p.MeterNo, &ts, &p.Offset, &p.Key, &p.Value)
		p.Hour, p.Minute = meter.HourOf(ts), uint8(ts.Minute())
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("sub-hour readings of partition %d: %w", partition, err)
	}
	return readings, nil
}
