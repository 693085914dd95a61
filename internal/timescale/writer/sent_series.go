package writer

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
)

// SeriesUse is the offset of a partition from which on a revision of the series holds.
type SeriesUse struct {
	FromOffset int64
	Revision   int64
}

// RecordSeriesUse stores that revisions of the series hold from offset on, which is the next
// one of the partition. Those that are recorded already stay. The epoch must be that of the
// owner: else ErrFenced.
func (db *DB) RecordSeriesUse(ctx context.Context, partition int, epoch, offset int64, revisions []int64) error {
	err := pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		var mine bool
		err := tx.QueryRow(ctx, `SELECT epoch = $2 AND next_offset = $3 FROM stream_offsets WHERE partition = $1 FOR SHARE`, partition, epoch, offset).Scan(&mine)
		if errors.Is(err, pgx.ErrNoRows) || err == nil && !mine {
			return ErrFenced
		}
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `
			INSERT INTO series_uses (partition, revision, from_offset, watermark)
			SELECT $1, r, $2, (SELECT watermark FROM stream_offsets WHERE partition = $1) FROM unnest($3::bigint[]) r
			ON CONFLICT (partition, revision) DO NOTHING`, partition, offset, revisions)
		return err
	})
	if err != nil {
		return fmt.Errorf("record the series of partition %d: %w", partition, err)
	}
	return nil
}

// SeriesUses are the revisions of the series that the partition is processed with, in
// order.
func (db *DB) SeriesUses(ctx context.Context, partition int) ([]SeriesUse, error) {
	rows, err := db.Pool.Query(ctx, `SELECT from_offset, revision FROM series_uses WHERE partition = $1 ORDER BY revision`, partition)
	if err != nil {
		return nil, fmt.Errorf("series of partition %d: %w", partition, err)
	}
	uses, err := pgx.CollectRows(rows, pgx.RowToStructByPos[SeriesUse])
	if err != nil {
		return nil, fmt.Errorf("series of partition %d: %w", partition, err)
	}
	return uses, nil
}

// readSeriesRevisions reads with which revision of the series the last hours of decisions
// were processed. The partition has passed them: it gets no other one before.
func readSeriesRevisions(ctx context.Context, tx pgx.Tx, open []Unsettled) error {
	var sent bool
	if err := tx.QueryRow(ctx, `SELECT EXISTS (SELECT FROM series_uses)`).Scan(&sent); err != nil || !sent {
		return err
	}
	meters, ends := make([]int32, len(open)), make([]int32, len(open))
	for i := range open {
		meters[i], ends[i] = open[i].MeterNo, int32(open[i].ValidTo)
	}
	rows, err := tx.Query(ctx, `
		WITH ends AS (
			SELECT DISTINCT m.partition, u.h, to_timestamp(u.h * 3600::float8) AS at FROM unnest($1::int4[], $2::int4[]) u(no, h) JOIN meters m ON m.meter_no = u.no
		), used AS (
			SELECT e.partition, e.h, (SELECT revision FROM series_uses s WHERE s.partition = e.partition
				AND (s.watermark IS NULL OR s.watermark < e.at) ORDER BY revision DESC LIMIT 1) AS revision FROM ends e
		)
		SELECT DISTINCT m.meter_no, used.h, used.revision FROM unnest($1::int4[], $2::int4[]) u(no, h)
		JOIN meters m ON m.meter_no = u.no JOIN used ON used.partition = m.partition AND used.h = u.h WHERE used.revision IS NOT NULL`, meters, ends)
	if err != nil {
		return fmt.Errorf("series of decisions: %w", err)
	}
	type end struct {
		no int32
		h  meter.Hour
	}
	revisions := map[end]int64{}
	var at end
	var revision int64
	if _, err := pgx.ForEachRow(rows, []any{&at.no, &at.h, &revision}, func() error { revisions[at] = revision; return nil }); err != nil {
		return fmt.Errorf("series of decisions: %w", err)
	}
	for i := range open {
		open[i].Series = revisions[end{open[i].MeterNo, open[i].ValidTo}]
	}
	return nil
}
