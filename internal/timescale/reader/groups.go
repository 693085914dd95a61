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

// groupSelect are groups with their newest hour, of the groups below them too, and with
// how many meters they have of those that a WHERE clause picks. Meters are counted in one
// pass, whatever the number of groups.
func groupSelect(meters string) string {
	return withinSQL + `,
	held AS (
		SELECT w.whole, array_agg(w.part) AS parts, sum(c.meters)::int AS meters, min(o.watermark) AS mark
		FROM within w JOIN (SELECT m.group_no, m.partition, count(*) AS meters FROM meters m ` + meters + ` GROUP BY 1, 2) c ON c.group_no = w.part
		LEFT JOIN stream_offsets o ON o.partition = c.partition GROUP BY w.whole)
	SELECT g.group_no, g.name, coalesce(held.meters, 0), l.ts, l.kwh, l.reported
	FROM groups g LEFT JOIN held ON held.whole = g.group_no
	LEFT JOIN LATERAL (
		SELECT l.ts, sum(l.kwh) AS kwh, sum(l.meters)::int AS reported FROM group_load l
		WHERE l.group_no = ANY (held.parts)
			AND l.ts BETWEEN held.mark - interval '1 hour' AND held.mark
		GROUP BY l.ts ORDER BY l.ts DESC LIMIT 1) l ON true`
}

// Groups are all groups that have meters, in them or in groups below them, by name.
func (db *DB) Groups(ctx context.Context) ([]Group, error) {
	rows, err := db.Pool.Query(ctx, groupSelect(``)+` WHERE held.meters > 0 ORDER BY g.name`, db.nesting.Whole, db.nesting.Part)
	if err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	groups, err := pgx.CollectRows(rows, scanGroup)
	if err != nil {
		return nil, fmt.Errorf("groups: %w", err)
	}
	return groups, nil
}

// ofGroup are the meters of the group that is named in $3.
const ofGroup = `WHERE m.group_no IN (SELECT w.part FROM within w JOIN groups g ON g.group_no = w.whole WHERE g.name = $3)`

// GroupByName is one group. ErrNotFound if there is none.
func (db *DB) GroupByName(ctx context.Context, name string) (Group, error) {
	rows, err := db.Pool.Query(ctx, groupSelect(ofGroup)+` WHERE g.name = $3`, db.nesting.Whole, db.nesting.Part, name)
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

// GroupNames are the names of all groups by their numbers, without anything that is known
// of them; "" is that of the meters outside any group.
func (db *DB) GroupNames(ctx context.Context) (map[int32]string, error) {
	rows, err := db.Pool.Query(ctx, `SELECT group_no, name FROM groups`)
	if err != nil {
		return nil, fmt.Errorf("names of groups: %w", err)
	}
	names := map[int32]string{}
	var no int32
	var name string
	if _, err := pgx.ForEachRow(rows, []any{&no, &name}, func() error {
		names[no] = name
		return nil
	}); err != nil {
		return nil, fmt.Errorf("names of groups: %w", err)
	}
	return names, nil
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
