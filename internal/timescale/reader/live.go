package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/twin"
)

// DecisionsIssued are the decisions for action of a partition that were issued at hour h, in
// an order that stays.
func (db *DB) DecisionsIssued(ctx context.Context, partition int, h meter.Hour) ([]decisions.Row, error) {
	return decisions.Query(ctx, db.Pool, decisions.Select+`
		WHERE d.issued_at = $1 AND d.partition = $2 AND `+decisions.Advised+` ORDER BY d.meter_no, d.group_no, d.valid_from, d.id`, h.Time(), partition)
}

// GroupHour is the load of a group in an hour.
type GroupHour struct {
	Group  string // "" for the meters outside any
	KWh    float64
	Meters int // that have reported it
}

// GroupLoadAt is the load of a partition's groups at hour h, by name, without the groups below
// them.
func (db *DB) GroupLoadAt(ctx context.Context, partition int, h meter.Hour) ([]GroupHour, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT g.name, l.kwh, l.meters::int FROM group_load l JOIN groups g USING (group_no)
		WHERE l.ts = $1 AND l.partition = $2 ORDER BY g.name`, h.Time(), partition)
	if err != nil {
		return nil, fmt.Errorf("load of partition %d at %s: %w", partition, h, err)
	}
	loads, err := pgx.CollectRows(rows, pgx.RowToStructByPos[GroupHour])
	if err != nil {
		return nil, fmt.Errorf("load of partition %d at %s: %w", partition, h, err)
	}
	return loads, nil
}

// NamedGroupForecast is a forecast of a group with the group's name.
type NamedGroupForecast struct {
	Group string
	twin.GroupForecast
}

// GroupForecastsIssued are the forecasts of a partition's groups that were issued at hour h,
// by name.
func (db *DB) GroupForecastsIssued(ctx context.Context, partition int, h meter.Hour) ([]NamedGroupForecast, error) {
	rows, err := db.Pool.Query(ctx, withinSQL+`
		SELECT DISTINCT ON (g.name) g.name, f.group_no, f.issued_at, f.day_ahead, f.model, f.p10, f.p50, f.p90,
			f.capacity_kw, f.exceed_before, f.exceed_after, f.excess_before, f.excess_after
		FROM group_forecasts f JOIN groups g USING (group_no)
		WHERE f.issued_at = $3 AND f.group_no IN (
			SELECT w.whole FROM within w WHERE EXISTS (SELECT FROM meters m WHERE m.group_no = w.part AND m.partition = $4))
		ORDER BY g.name, f.model`, db.nesting.Whole, db.nesting.Part, h.Time(), partition)
	if err != nil {
		return nil, fmt.Errorf("forecasts of partition %d issued at %s: %w", partition, h, err)
	}
	forecasts, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (f NamedGroupForecast, err error) {
		f.GroupForecast, err = scanWholeForecast(prefixedRow{row, &f.Group})
		return f, err
	})
	if err != nil {
		return nil, fmt.Errorf("forecasts of partition %d issued at %s: %w", partition, h, err)
	}
	return forecasts, nil
}

// prefixedRow is a row with one more column in front.
type prefixedRow struct {
	pgx.CollectableRow
	first any
}

func (r prefixedRow) Scan(dest ...any) error {
	return r.CollectableRow.Scan(append([]any{r.first}, dest...)...)
}

// Rejections are the rejected messages of some offsets of a partition, by reason.
type Rejections struct {
	Reason   string
	Messages int64
	First    time.Time // when the first of them was stored
}

// RejectedBetween counts the rejected messages of a partition from one offset to another, both
// included.
func (db *DB) RejectedBetween(ctx context.Context, partition int, from, to int64) ([]Rejections, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT reason, count(*), min(known_at) FROM quarantine
		WHERE partition = $1 AND stream_offset BETWEEN $2 AND $3 GROUP BY reason ORDER BY count(*) DESC, reason`, partition, from, to)
	if err != nil {
		return nil, fmt.Errorf("rejected messages of partition %d: %w", partition, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Rejections])
	if err != nil {
		return nil, fmt.Errorf("rejected messages of partition %d: %w", partition, err)
	}
	return found, nil
}
