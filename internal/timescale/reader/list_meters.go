package reader

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/twin"
)

// MeterStatus is how well a meter reports, against the watermark of its
// partition.
type MeterStatus string

// The statuses.
const (
	StatusOK      MeterStatus = "ok"
	StatusStale   MeterStatus = "stale"   // nothing for longer than the freshness, or nothing ever
	StatusGap     MeterStatus = "gap"     // reports, but hours of the last 24 are missing
	StatusSuspect MeterStatus = "suspect" // readings of the last 24 hours cannot be right
)

// MeterSort is the order of a list of meters.
type MeterSort string

// The orders; meters that are equal in it are in the order of their names.
const (
	SortName     MeterSort = "name"
	SortGroup    MeterSort = "group"    // meters without a group first
	SortLoad     MeterSort = "load"     // least newest reading first; meters without any before all
	SortNewest   MeterSort = "newest"   // by the time of the newest reading; meters without any first
	SortReadings MeterSort = "readings" // by how many are stored
	SortMissing  MeterSort = "missing"  // by the hours that are missing of the last 24
)

// Desc is the order from the end.
func (s MeterSort) Desc() MeterSort { return "-" + s }

// meterOrder is an order as the store has it: an expression and its type.
type meterOrder struct{ key, as string }

var meterOrders = map[MeterSort]meterOrder{
	SortName:     {`name`, `text`},
	SortGroup:    {`group_name`, `text`},
	SortLoad:     {`coalesce(last_kwh, '-infinity')`, `real`},
	SortNewest:   {`coalesce(last_ts, '-infinity')`, `timestamptz`},
	SortReadings: {`readings`, `bigint`},
	SortMissing:  {`missing`, `integer`},
}

// MeterFilter picks meters. Zero fields do not filter.
type MeterFilter struct {
	Prefix         string // of the name
	Contains       string // in the name, in any case
	Group          *string
	Status         MeterStatus
	FreshnessHours int // after which a meter is stale; 0 is 24
	Sort           MeterSort
	After          *MeterCursor
	Offset         int // meters that are left out, after the cursor
	Limit          int
}

// PassesAll reports whether all meters are passed over before the page is known.
func (f *MeterFilter) PassesAll() bool { return f.moves() || f.Contains != "" || f.Offset > 0 }

// MeterCursor is the place of the last meter of a page.
type MeterCursor struct {
	Name string
	Key  string // what is sorted by, as text
}

// Meter is a meter with the newest that is known of it.
type Meter struct {
	twin.MeterRef
	LastHour  meter.Hour // NoHour while nothing is known
	LastKWh   float32    // NaN while nothing is known
	Readings  int64      // rows stored
	Missing   int        // hours without a reading, or with a suspect one, among the 24 before the watermark
	Suspect   int        // hours with a suspect one, among the 24 up to the watermark
	Watermark meter.Hour // of its partition
	FirstSeen time.Time
	Status    MeterStatus
}

// Cursor is where the page after this meter begins, in an order.
func (m *Meter) Cursor(by MeterSort) MeterCursor {
	return MeterCursor{Name: m.Name, Key: m.sortKey(MeterSort(strings.TrimPrefix(string(by), "-")))}
}

// sortKey is what an order goes by, as the store reads it from a text.
func (m *Meter) sortKey(by MeterSort) string {
	const least = "-infinity"
	switch by {
	case SortGroup:
		return m.Group
	case SortLoad:
		if math.IsNaN(float64(m.LastKWh)) {
			return least
		}
		return strconv.FormatFloat(float64(m.LastKWh), 'g', -1, 32)
	case SortNewest:
		if m.LastHour == meter.NoHour {
			return least
		}
		return m.LastHour.Time().UTC().Format(time.RFC3339)
	case SortReadings:
		return strconv.FormatInt(m.Readings, 10)
	case SortMissing:
		return strconv.Itoa(m.Missing)
	}
	return m.Name
}

const defaultFreshness = 24

// Meters are those that the filter picks, in its order, names by byte.
func (db *DB) Meters(ctx context.Context, f MeterFilter) ([]Meter, error) {
	w := where{args: []any{f.freshness()}}
	db.chooseMeters(&w, &f)
	order, err := f.order(&w)
	if err != nil {
		return nil, err
	}
	picked := `(` + meterRows + `) m` + w.sql()
	if f.moves() {
		// OFFSET 0 has all meters compared: to walk through their names until enough are
		// found takes far longer where few match.
		picked = `(SELECT * FROM ` + picked + ` OFFSET 0) m`
	}
	page := order + ` LIMIT ` + w.param(f.Limit)
	if f.Offset > 0 {
		page += ` OFFSET ` + w.param(f.Offset)
	}
	// The page is known before all is read of its meters.
	rows, err := db.Pool.Query(ctx, `SELECT `+meterColumns+` FROM (`+meterRows+`) m
		WHERE meter_no IN (SELECT meter_no FROM `+picked+page+`)`+order, w.args...)
	if err != nil {
		return nil, fmt.Errorf("meters: %w", err)
	}
	meters, err := pgx.CollectRows(rows, scanMeter)
	if err != nil {
		return nil, fmt.Errorf("meters: %w", err)
	}
	return meters, nil
}

// MeterOrder are the numbers of all meters that the filter picks, in its order: its place
// and limit do not matter.
func (db *DB) MeterOrder(ctx context.Context, f MeterFilter) (numbers []int32, err error) {
	f.After = nil
	w := where{args: []any{f.freshness()}}
	db.chooseMeters(&w, &f)
	order, err := f.order(&w)
	if err != nil {
		return nil, err
	}
	batch := &pgx.Batch{} // one transaction, whose sort has room enough to go without files
	batch.Queue(`SELECT set_config('work_mem', '16MB', true)`)
	batch.Queue(`SELECT coalesce(array_agg(meter_no), '{}') FROM (SELECT meter_no FROM (`+meterRows+`) m`+w.sql()+order+`) ordered`, w.args...).
		QueryRow(func(row pgx.Row) error { return row.Scan(&numbers) })
	if err := db.Pool.SendBatch(ctx, batch).Close(); err != nil {
		return nil, fmt.Errorf("order of meters: %w", err)
	}
	return numbers, nil
}

// MeterVersion changes with what MeterOrder answers to the filter: with the meters, and,
// where their readings count, with each batch that is stored.
func (db *DB) MeterVersion(ctx context.Context, f *MeterFilter) (version string, err error) {
	sql := `SELECT count(*)::text FROM meters` // none is changed or deleted
	if f.moves() {
		sql = `SELECT (` + sql + `) || coalesce((SELECT string_agg(concat_ws(' ', '', partition, xmin, updated_at), '' ORDER BY partition) FROM stream_offsets), '')`
	}
	if err := db.Pool.QueryRow(ctx, sql).Scan(&version); err != nil {
		return "", fmt.Errorf("version of the meters: %w", err)
	}
	return version, nil
}

// moves reports whether readings change which meters are picked, or their order.
func (f *MeterFilter) moves() bool {
	by := MeterSort(strings.TrimPrefix(string(f.Sort), "-"))
	return f.Status != "" || by != "" && by != SortName && by != SortGroup
}

func (f *MeterFilter) freshness() int { return cmp.Or(f.FreshnessHours, defaultFreshness) }

// MetersNumbered are the meters of some numbers, in their order.
func (db *DB) MetersNumbered(ctx context.Context, numbers []int32, freshnessHours int) ([]Meter, error) {
	rows, err := db.Pool.Query(ctx, `SELECT `+meterColumns+`
		FROM unnest($2::int4[]) WITH ORDINALITY u(meter_no, n) JOIN (`+meterRows+`) m USING (meter_no) ORDER BY u.n`,
		cmp.Or(freshnessHours, defaultFreshness), numbers)
	if err != nil {
		return nil, fmt.Errorf("%d meters: %w", len(numbers), err)
	}
	meters, err := pgx.CollectRows(rows, scanMeter)
	if err != nil {
		return nil, fmt.Errorf("%d meters: %w", len(numbers), err)
	}
	return meters, nil
}

// CountMeters is how many meters the filter picks: its order, place and limit do not matter.
func (db *DB) CountMeters(ctx context.Context, f MeterFilter) (n int, err error) {
	w := where{args: []any{f.freshness()}}
	db.chooseMeters(&w, &f)
	if err := db.Pool.QueryRow(ctx, `SELECT count(*) FROM (`+meterRows+`) m`+w.sql(), w.args...).Scan(&n); err != nil {
		return 0, fmt.Errorf("count meters: %w", err)
	}
	return n, nil
}

// chooseMeters adds the conditions of a filter.
func (db *DB) chooseMeters(w *where, f *MeterFilter) {
	if f.Prefix != "" {
		w.add(`starts_with(name, ?)`, f.Prefix)
		w.add(`name >= ?`, f.Prefix) // which the index can use
	}
	if f.Contains != "" {
		contains(w, f.Contains)
	}
	if f.Group != nil {
		w.add(`group_name = ANY (?::text[])`, db.nesting.namesWithin(*f.Group))
	}
	if f.Status != "" {
		w.add(`status = ?`, string(f.Status))
	}
}

// MeterName is a meter and its group, without anything that is known of it.
type MeterName struct {
	MeterNo     int32
	Name, Group string
}

// MeterNames are all meters by name, or those of a group and the groups below it; group ""
// is all.
func (db *DB) MeterNames(ctx context.Context, group string) ([]MeterName, error) {
	var within []string
	if group != "" {
		within = db.nesting.namesWithin(group)
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT meter_no, m.name, g.name FROM meters m JOIN groups g USING (group_no)
		WHERE $1::text[] IS NULL OR g.name = ANY ($1) ORDER BY m.name`, within)
	if err != nil {
		return nil, fmt.Errorf("names of meters: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowToStructByPos[MeterName])
	if err != nil {
		return nil, fmt.Errorf("names of meters: %w", err)
	}
	return names, nil
}

// order gives the ORDER BY, and adds the condition of the cursor.
func (f *MeterFilter) order(w *where) (string, error) {
	name, down := strings.CutPrefix(string(f.Sort), "-")
	by, known := meterOrders[cmp.Or(MeterSort(name), SortName)]
	if !known {
		return "", fmt.Errorf("%w: sort %q: use name, group, load, newest, readings or missing, with a minus or without", ErrBadQuery, f.Sort)
	}
	beyond, direction := ` > `, ``
	if down {
		beyond, direction = ` < `, ` DESC`
	}
	if by.key == `name` {
		if f.After != nil {
			w.add(`name`+beyond+`?`, f.After.Name)
		}
		return ` ORDER BY name` + direction, nil
	}
	if f.After != nil {
		w.add(`(`+by.key+`, name)`+beyond+`(?::text::`+by.as+`, ?)`, f.After.Key, f.After.Name)
	}
	return ` ORDER BY ` + by.key + direction + `, name` + direction, nil
}

// MeterByName is one meter. ErrNotFound if there is none.
func (db *DB) MeterByName(ctx context.Context, name string, freshnessHours int) (Meter, error) {
	rows, err := db.Pool.Query(ctx, `SELECT `+meterColumns+` FROM (`+meterRows+`) m WHERE name = $2`, cmp.Or(freshnessHours, defaultFreshness), name)
	if err != nil {
		return Meter{}, fmt.Errorf("meter %q: %w", name, err)
	}
	m, err := pgx.CollectExactlyOneRow(rows, scanMeter)
	if errors.Is(err, pgx.ErrNoRows) {
		return Meter{}, fmt.Errorf("meter %q: %w", name, ErrNotFound)
	}
	if err != nil {
		return Meter{}, fmt.Errorf("meter %q: %w", name, err)
	}
	return m, nil
}

func scanMeter(row pgx.CollectableRow) (m Meter, err error) {
	var last, mark *time.Time
	var kwh *float32
	var status string
	err = row.Scan(&m.Name, &m.Group, &m.MeterNo, &m.GroupNo, &m.Partition,
		&last, &kwh, &m.Readings, &m.Missing, &m.Suspect, &mark, &m.FirstSeen, &status)
	m.LastHour, m.Watermark, m.LastKWh = pgvalue.HourOrNone(last), pgvalue.HourOrNone(mark), pgvalue.NumberOrNaN(kwh)
	m.Status = MeterStatus(status)
	return m, err
}
