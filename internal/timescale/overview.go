package timescale

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/timescale/schema"
	"github.com/energytwin/energytwin/internal/twin"
)

// PartitionProgress is where the stream of one partition stands.
type PartitionProgress struct {
	Partition  int
	Owner      string
	Epoch      int64
	NextOffset int64
	Watermark  meter.Hour
	Totals     twin.Counts
	UpdatedAt  time.Time
}

// Progress is that of all partitions that were ever taken, by number.
func (db *DB) Progress(ctx context.Context) ([]PartitionProgress, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT partition, owner, epoch, next_offset, watermark, updated_at,
			messages, stored, quarantined, duplicates, corrections, late, forecasts, decisions, suspect, confirmed
		FROM stream_offsets ORDER BY partition`)
	if err != nil {
		return nil, fmt.Errorf("progress: %w", err)
	}
	progress, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (p PartitionProgress, err error) {
		var mark *time.Time
		t := &p.Totals
		err = row.Scan(&p.Partition, &p.Owner, &p.Epoch, &p.NextOffset, &mark, &p.UpdatedAt,
			&t.In, &t.Stored, &t.Quarantined, &t.Duplicates, &t.Corrections, &t.Late, &t.Forecasts, &t.Decisions, &t.Suspect, &t.Confirmed)
		p.Watermark = pgvalue.HourOrNone(mark)
		return p, err
	})
	if err != nil {
		return nil, fmt.Errorf("progress: %w", err)
	}
	return progress, nil
}

// Summary is the twin as a whole.
type Summary struct {
	Totals twin.Counts
	Meters int
	Groups int // named ones

	// Watermarks of the partitions that have any: up to LeastWatermark every
	// partition is done. NoHour while there is none.
	LeastWatermark    meter.Hour
	GreatestWatermark meter.Hour

	LoadKWh   float64   // of all meters in the hour LeastWatermark
	Reported  int       // meters that reported it
	UpdatedAt time.Time // of the last batch; zero before the first
}

// Size is how many meters and named groups the twin has.
func (db *DB) Size(ctx context.Context) (meters, groups int, err error) {
	err = db.Pool.QueryRow(ctx, `SELECT (SELECT count(*) FROM meters), (SELECT count(*) FROM groups WHERE group_no <> 0)`).Scan(&meters, &groups)
	if err != nil {
		return 0, 0, fmt.Errorf("size of the twin: %w", err)
	}
	return meters, groups, nil
}

// Summary adds up what all partitions have done.
func (db *DB) Summary(ctx context.Context) (Summary, error) {
	var s Summary
	var least, greatest, updated *time.Time
	t := &s.Totals
	err := db.Pool.QueryRow(ctx, `
		WITH o AS (SELECT
				coalesce(sum(messages), 0)::int8, coalesce(sum(stored), 0)::int8, coalesce(sum(quarantined), 0)::int8,
				coalesce(sum(duplicates), 0)::int8, coalesce(sum(corrections), 0)::int8, coalesce(sum(late), 0)::int8,
				coalesce(sum(forecasts), 0)::int8, coalesce(sum(decisions), 0)::int8,
				coalesce(sum(suspect), 0)::int8, coalesce(sum(confirmed), 0)::int8,
				min(watermark) AS least, max(watermark), max(updated_at) FILTER (WHERE next_offset > 0)
			FROM stream_offsets)
		SELECT o.*, l.*,
			(SELECT count(*) FROM meters), (SELECT count(*) FROM groups WHERE group_no <> 0)
		FROM o CROSS JOIN LATERAL (
			SELECT coalesce(sum(kwh), 0), coalesce(sum(meters), 0) FROM group_load WHERE ts = o.least) l`).
		Scan(&t.In, &t.Stored, &t.Quarantined, &t.Duplicates, &t.Corrections, &t.Late, &t.Forecasts, &t.Decisions,
			&t.Suspect, &t.Confirmed, &least, &greatest, &updated, &s.LoadKWh, &s.Reported, &s.Meters, &s.Groups)
	if err != nil {
		return s, fmt.Errorf("summary: %w", err)
	}
	s.LeastWatermark, s.GreatestWatermark = pgvalue.HourOrNone(least), pgvalue.HourOrNone(greatest)
	if updated != nil {
		s.UpdatedAt = *updated
	}
	return s, nil
}

// Capabilities asks the server.
func (db *DB) Capabilities(ctx context.Context) (schema.Capabilities, error) {
	return schema.ReadCapabilities(ctx, db.Pool)
}

// SchemaCurrent reports whether all migrations of this binary have been applied.
func (db *DB) SchemaCurrent(ctx context.Context) error {
	return schema.Current(ctx, db.Pool)
}
