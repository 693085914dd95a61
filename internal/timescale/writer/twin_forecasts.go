package writer

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// queueLoads writes what the partition knows about its load at issue times.
func queueLoads(q *pgx.Batch, b *Batch) {
	if len(b.Loads) == 0 {
		return
	}
	var at ranges
	var issued, ahead, expected, reported []int32
	var of []meter.Hour
	var dayAhead []bool
	var hash []string
	var kwh []float64
	var series []int64
	for i := range b.Loads {
		l := &b.Loads[i]
		n := at.add(len(l.Sums))
		issued, dayAhead, ahead = append(issued, int32(l.IssuedAt)), append(dayAhead, l.DayAhead), append(ahead, int32(l.Ahead))
		hash, series, of = append(hash, l.SpecHash), append(series, l.Series), append(of, l.Hours[:n]...)
		for k := range l.Sums {
			sum, meters, with := l.Sums[k].Parts()
			kwh, expected, reported = append(kwh, sum), append(expected, meters), append(reported, with)
		}
	}
	q.Queue(`
		INSERT INTO partition_loads (issued_at, partition, day_ahead, ahead, spec_hash, hours, kwh, expected, reported, series_revision)
		SELECT to_timestamp(h * 3600::float8), $1::int4, day_ahead, ahead, hash, ($9::int4[])[f:t], ($10::float8[])[f:t], ($11::int4[])[f:t], ($12::int4[])[f:t], series
		FROM unnest($2::int4[], $3::bool[], $4::int4[], $5::text[], $6::int8[], $7::int4[], $8::int4[]) u(h, day_ahead, ahead, hash, series, f, t)
		ON CONFLICT DO NOTHING`,
		b.Partition, issued, dayAhead, ahead, hash, series, at.from, at.to, hours(of), orEmpty(kwh), orEmpty(expected), orEmpty(reported))
}

// LoadOfPartition is what a partition knew about its load at an issue.
type LoadOfPartition struct {
	twin.PartitionLoad
	Partition int
}

// PartitionLoads are what partitions knew at the issues after hour from, up to and with hour
// to, by issue and partition.
func (db *DB) PartitionLoads(ctx context.Context, from, to meter.Hour) ([]LoadOfPartition, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT issued_at, partition, day_ahead, ahead, spec_hash, hours, kwh, expected, reported, series_revision FROM partition_loads
		WHERE issued_at > $1 AND issued_at <= $2 ORDER BY issued_at, partition`, from.Time(), to.Time())
	if err != nil {
		return nil, fmt.Errorf("loads of partitions: %w", err)
	}
	loads, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (l LoadOfPartition, err error) {
		var issued time.Time
		var kwh []float64
		var expected, reported []int32
		if err = row.Scan(&issued, &l.Partition, &l.DayAhead, &l.Ahead, &l.SpecHash, &l.Hours, &kwh, &expected, &reported, &l.Series); err != nil {
			return l, err
		}
		l.IssuedAt = meter.HourOf(issued)
		for i := range l.Hours {
			l.Sums = append(l.Sums, twin.GroupHourSumOf(kwh[i], expected[i], reported[i]))
		}
		return l, nil
	})
	if err != nil {
		return nil, fmt.Errorf("loads of partitions: %w", err)
	}
	return loads, nil
}

// TwinForecastsDue are the issues of which the whole twin has no forecast yet, or one that
// lacks a partition, and that every partition with readings has passed, in order.
func (db *DB) TwinForecastsDue(ctx context.Context) ([]meter.Hour, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT l.issued_at FROM (
			SELECT issued_at, count(*) AS partitions FROM partition_loads
			WHERE issued_at <= (SELECT min(watermark) FROM stream_offsets) GROUP BY 1) l
		LEFT JOIN twin_forecasts f USING (issued_at)
		WHERE (f.issued_at IS NULL OR f.partitions < l.partitions)
			AND l.issued_at >= coalesce((SELECT decisions_from FROM maintenance), '-infinity') -- what maintenance deleted is not made again
		ORDER BY 1`)
	if err != nil {
		return nil, fmt.Errorf("forecasts of the twin that are due: %w", err)
	}
	due, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (meter.Hour, error) {
		var issued time.Time
		err := row.Scan(&issued)
		return meter.HourOf(issued), err
	})
	if err != nil {
		return nil, fmt.Errorf("forecasts of the twin that are due: %w", err)
	}
	return due, nil
}

// PutTwinForecast stores a forecast of the whole twin. One of fewer partitions is replaced.
func (db *DB) PutTwinForecast(ctx context.Context, f *twin.GroupForecast, partitions int) error {
	_, err := db.Pool.Exec(ctx, `
		INSERT INTO twin_forecasts AS t (issued_at, model, day_ahead, p10, p50, p90, partitions) VALUES ($1, $2, $3, $4, $5, $6, $7)
		ON CONFLICT (issued_at) DO UPDATE SET (model, day_ahead, p10, p50, p90, partitions) =
			(excluded.model, excluded.day_ahead, excluded.p10, excluded.p50, excluded.p90, excluded.partitions)
		WHERE t.partitions < excluded.partitions`,
		f.IssuedAt.Time(), f.Model, f.DayAhead, orEmpty(f.P10), orEmpty(f.P50), orEmpty(f.P90), partitions)
	if err != nil {
		return fmt.Errorf("forecast of the twin of %s: %w", f.IssuedAt, err)
	}
	return nil
}

// SpecOf is the specification with a hash, as Stored wrote it; nil if none is known.
func (db *DB) SpecOf(ctx context.Context, hash string) ([]byte, error) {
	var document []byte
	err := db.Pool.QueryRow(ctx, `SELECT spec FROM spec_revisions WHERE spec_hash = $1 LIMIT 1`, hash).Scan(&document)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("specification %s: %w", hash, err)
	}
	return document, nil
}

// ForgetLoads deletes what partitions knew before hour `before`: no forecast rests on it any more.
func (db *DB) ForgetLoads(ctx context.Context, before meter.Hour) error {
	_, err := db.Pool.Exec(ctx, `DELETE FROM partition_loads WHERE issued_at < $1`, before.Time())
	if err != nil {
		return fmt.Errorf("old loads of partitions: %w", err)
	}
	return nil
}
