package reader

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
)

// Group is a group of meters with its newest hour: that of the watermark, or
// the one before while nothing of it is known, as where hours arrive as sub-hour readings.
type Group struct {
	GroupNo  int32
	Name     string // "" for the meters outside any group
	Meters   int
	LastHour meter.Hour // NoHour while nothing is known
	LastKWh  float64    // load of that hour
	Reported int        // meters that reported it
}

var groupSelect = withinSQL + `
	SELECT g.group_no, g.name, (SELECT count(*) FROM meters m WHERE m.group_no = ANY (w.parts)), l.ts, l.kwh, l.meters
	FROM groups g JOIN (SELECT whole, array_agg(part) AS parts FROM within GROUP BY whole) w ON w.whole = g.group_no
	CROSS JOIN LATERAL (
		SELECT min(o.watermark) AS ts FROM stream_offsets o
		WHERE o.partition IN (SELECT m.partition FROM meters m WHERE m.group_no = ANY (w.parts))) mark
	LEFT JOIN LATERAL (
		SELECT l.ts, sum(l.kwh) AS kwh, sum(l.meters)::int AS meters FROM group_load l
		WHERE l.group_no = ANY (w.parts)
			AND l.ts BETWEEN mark.ts - interval '1 hour' AND mark.ts
		GROUP BY l.ts ORDER BY l.ts DESC LIMIT 1) l ON true`

// Groups are all groups that have meters, in them or in groups below them, by name.
func (db *DB) Groups(ctx context.Context) ([]Group, error) {
	rows, err := db.Pool.Query(ctx, groupSelect+`
		WHERE EXISTS (SELECT FROM meters m WHERE m.group_no = ANY (w.parts)) ORDER BY g.name`, db.nesting.Whole, db.nesting.Part)
	if err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	groups, err := pgx.CollectRows(rows, scanGroup)
	if err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	return groups, nil
}

// GroupByName is one group. ErrNotFound if there is none.
func (db *DB) GroupByName(ctx context.Context, name string) (Group, error) {
	rows, err := db.Pool.Query(ctx, groupSelect+` WHERE g.name = $3`, db.nesting.Whole, db.nesting.Part, name)
	if err != nil {
		return Group{}, fmt.Errorf("group %q: %w", name, err)
	}
	g, err := pgx.CollectExactlyOneRow(rows, scanGroup)
	if errors.Is(err, pgx.ErrNoRows) {
		err = ErrNotFound
	}
	if err != nil {
		return Group{}, fmt.Errorf("group %q: %w", name, err)
	}
	return g, nil
}

func scanGroup(row pgx.CollectableRow) (g Group, err error) {
	var last *time.Time
	var kwh *float64
	var reported *int
	err = row.Scan(&g.GroupNo, &g.Name, &g.Meters, &last, &kwh, &reported)
	g.LastHour = pgvalue.HourOrNone(last)
	if last != nil {
		g.LastKWh, g.Reported = *kwh, *reported
	}
	return g, err
}
