package reader

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
)

// GroupDays are the hourly readings of a group's own meters on each day of a range.
type GroupDays struct {
	Name     string  // "" stands for meters outside any group
	Meters   int     // that have ever reported
	Due      []int64 // hours of its meters on each day, of each from its first reading on
	Reported []int64 // of those, the hours with a reading that is not suspect
}

// GroupDays are those of a group and of the groups below it, or of all groups with meters if
// groupNo is nil, by name. bounds are the hours at which the days begin, in order, and the one
// at which the last one ends. It reads the loads of groups, which count their meters, and no
// readings of meters.
func (db *DB) GroupDays(ctx context.Context, groupNo *int32, bounds []meter.Hour) ([]GroupDays, error) {
	within, err := db.within(ctx, groupNo)
	if err != nil {
		return nil, err
	}
	starts := make([]time.Time, len(bounds))
	for i, h := range bounds {
		starts[i] = h.Time()
	}
	groups, at, err := db.dueByDay(ctx, within, bounds, starts)
	if err != nil {
		return nil, fmt.Errorf("hours of meters by group: %w", err)
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT group_no, width_bucket(ts, $1::timestamptz[]) - 1, sum(meters)::int8 FROM group_load
		WHERE ts >= $2 AND ts < $3 AND ($4::int[] IS NULL OR group_no = ANY ($4)) GROUP BY 1, 2`,
		starts, starts[0], starts[len(starts)-1], within)
	if err != nil {
		return nil, fmt.Errorf("readings by group and day: %w", err)
	}
	var no, day int32
	var reported int64
	_, err = pgx.ForEachRow(rows, []any{&no, &day, &reported}, func() error {
		if i, met := at[no]; met {
			g := &groups[i]
			g.Reported[day] = min(reported, g.Due[day]) // of a meter that changed its group, another one counts
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("readings by group and day: %w", err)
	}
	return groups, nil
}

// dueByDay are the groups with the hours of their meters, and where each group stands by its
// number. Before the first load of the twin nothing is due.
func (db *DB) dueByDay(ctx context.Context, within []int32, bounds []meter.Hour, starts []time.Time) (groups []GroupDays, at map[int32]int, err error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT g.group_no, g.name, greatest(s.first_ts, $1, (SELECT min(ts) FROM group_load)) AS since, count(*)::int4
		FROM meters m JOIN meter_state s USING (meter_no) JOIN groups g USING (group_no)
		WHERE s.first_ts IS NOT NULL AND ($2::int[] IS NULL OR m.group_no = ANY ($2))
		GROUP BY 1, 2, 3 ORDER BY 2`, starts[0], within)
	if err != nil {
		return nil, nil, err
	}
	days := len(bounds) - 1
	at = make(map[int32]int)
	var no, meters int32
	var name string
	var since time.Time
	_, err = pgx.ForEachRow(rows, []any{&no, &name, &since, &meters}, func() error {
		i, met := at[no]
		if !met {
			i = len(groups)
			at[no] = i
			groups = append(groups, GroupDays{Name: name, Due: make([]int64, days), Reported: make([]int64, days)})
		}
		g := &groups[i]
		g.Meters += int(meters)
		first := meter.HourOf(since)
		for d := range days {
			g.Due[d] += int64(meters) * int64(bounds[d+1]-min(max(first, bounds[d]), bounds[d+1]))
		}
		return nil
	})
	return groups, at, err
}
