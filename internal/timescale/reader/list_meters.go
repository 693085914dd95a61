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
	"unicode"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
	"github.com/energytwin/energytwin/internal/timescale/schema"
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

// PassesAll reports whether the last day of all meters has to be counted before the page
// is known.
func (f *MeterFilter) PassesAll() bool {
	return f.Status != "" || f.Limit > mostProbed || strings.TrimPrefix(string(f.Sort), "-") == string(SortMissing)
}

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
	Missing   int        // hours without a reading, or with a suspect one, among the 24 up to the watermark
	Suspect   int        // hours with a suspect one among them
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

// meterRows are meters with the newest that is known of them; what follows chooses.
const meterRows = `
	SELECT m.name, g.name AS group_name, m.meter_no, m.group_no, m.partition,
		s.last_ts, s.last_kwh, coalesce(s.readings, 0) AS readings, o.watermark, m.first_seen
	FROM meters m JOIN groups g USING (group_no)
	LEFT JOIN meter_state s USING (meter_no)
	LEFT JOIN stream_offsets o ON o.partition = m.partition`

// The hours of the last day of a meter m are counted by probes of the key, or for all
// meters in one pass over the day, which costs as much as the probes of some hundred.
const mostProbed = 200

const (
	counted   = `count(*) FILTER (WHERE r.` + schema.Plausible + `)::int AS known, count(*) FILTER (WHERE NOT r.` + schema.Plausible + `)::int AS suspect`
	lastDayOf = `CROSS JOIN LATERAL (
		SELECT ` + counted + ` FROM generate_series(m.watermark - interval '23 hours', m.watermark, interval '1 hour') t(ts)
		JOIN readings r ON r.ts = t.ts AND r.meter_no = m.meter_no AND r.channel = 0) h`
	lastDayOfAll = `LEFT JOIN (
		SELECT meter_no, ` + counted + ` FROM readings r JOIN meters USING (meter_no) JOIN stream_offsets o USING (partition)
		WHERE r.ts > (SELECT min(watermark) FROM stream_offsets) - interval '24 hours' AND r.ts <= (SELECT max(watermark) FROM stream_offsets)
			AND r.ts > o.watermark - interval '24 hours' AND r.ts <= o.watermark AND r.channel = 0
		GROUP BY meter_no) h USING (meter_no)`
)

// meterStatus is rows of meters m with their last day h; $1 is the freshness in hours.
func meterStatus(rows, lastDay string) string {
	return `
	SELECT m.name, m.group_name, m.meter_no, m.group_no, m.partition, m.last_ts, m.last_kwh, m.readings,
		24 - coalesce(h.known, 0) AS missing, coalesce(h.suspect, 0) AS suspect, m.watermark, m.first_seen,
		CASE WHEN h.suspect > 0 THEN 'suspect'
			WHEN m.last_ts IS NULL OR m.last_ts < m.watermark - $1::int * interval '1 hour' THEN 'stale'
			WHEN coalesce(h.known, 0) < 24 THEN 'gap' ELSE 'ok' END AS status
	FROM (` + rows + `) m ` + lastDay
}

// Meters are those that the filter picks, in its order, names by byte.
func (db *DB) Meters(ctx context.Context, f MeterFilter) ([]Meter, error) {
	if f.FreshnessHours == 0 {
		f.FreshnessHours = defaultFreshness
	}
	w := where{args: []any{f.FreshnessHours}}
	db.chooseMeters(&w, &f)
	order, err := f.order(&w)
	if err != nil {
		return nil, err
	}
	page := w.sql() + order + ` LIMIT ` + w.param(f.Limit)
	if f.Offset > 0 {
		page += ` OFFSET ` + w.param(f.Offset)
	}
	sql := `SELECT * FROM (` + meterStatus(meterRows, lastDayOfAll) + `) meters` + page
	if !f.PassesAll() {
		// The page is known before the newest of its meters is read, and their days.
		sql = meterStatus(meterRows+` WHERE m.meter_no IN (SELECT meter_no FROM (`+meterRows+`) meters`+page+`)`, lastDayOf) + order
	}
	rows, err := db.Pool.Query(ctx, sql, w.args...)
	if err != nil {
		return nil, fmt.Errorf("meters: %w", err)
	}
	meters, err := pgx.CollectRows(rows, scanMeter)
	if err != nil {
		return nil, fmt.Errorf("meters: %w", err)
	}
	return meters, nil
}

// CountMeters is how many meters the filter picks: its order, place and limit do not matter.
func (db *DB) CountMeters(ctx context.Context, f MeterFilter) (n int, err error) {
	if f.FreshnessHours == 0 {
		f.FreshnessHours = defaultFreshness
	}
	w, from := where{}, meterRows
	if f.Status != "" {
		w.param(f.FreshnessHours)
		from = meterStatus(meterRows, lastDayOfAll)
	}
	db.chooseMeters(&w, &f)
	if err := db.Pool.QueryRow(ctx, `SELECT count(*) FROM (`+from+`) meters`+w.sql(), w.args...).Scan(&n); err != nil {
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
		w.add(`name ~ ?`, anyCase(f.Contains))
	}
	if f.Group != nil {
		w.add(`group_name = ANY (?::text[])`, db.nesting.namesWithin(*f.Group))
	}
	if f.Status != "" {
		w.add(`status = ?`, string(f.Status))
	}
}

// LastDays are the loads of the 24 hours up to the watermark of each meter, the oldest
// first; NaN where a reading is missing or suspect.
func (db *DB) LastDays(ctx context.Context, meterNos []int32) (map[int32][]float32, error) {
	rows, err := db.Pool.Query(ctx, `
		SELECT m.meter_no, array_agg(CASE WHEN r.`+schema.Plausible+` THEN r.kwh ELSE 'NaN' END ORDER BY t.ts)
		FROM unnest($1::int[]) AS n (meter_no) JOIN meters m USING (meter_no) JOIN stream_offsets o USING (partition)
		CROSS JOIN generate_series(o.watermark - interval '23 hours', o.watermark, interval '1 hour') t(ts)
		LEFT JOIN readings r ON r.ts = t.ts AND r.meter_no = m.meter_no AND r.channel = 0
		GROUP BY 1`, meterNos)
	if err != nil {
		return nil, fmt.Errorf("last days of meters: %w", err)
	}
	days := make(map[int32][]float32, len(meterNos))
	var no int32
	var kwh []float32
	if _, err := pgx.ForEachRow(rows, []any{&no, &kwh}, func() error {
		days[no], kwh = kwh, nil
		return nil
	}); err != nil {
		return nil, fmt.Errorf("last days of meters: %w", err)
	}
	return days, nil
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

// anyCase is a regular expression for a text in any case: names have a collation that
// knows the case of ASCII alone.
func anyCase(text string) string {
	var b strings.Builder
	for _, r := range text {
		b.WriteString(`(?:`)
		b.WriteString(literal(r))
		for other := unicode.SimpleFold(r); other != r; other = unicode.SimpleFold(other) {
			b.WriteString(`|` + literal(other))
		}
		b.WriteString(`)`)
	}
	return b.String()
}

// literal is a character as a regular expression of PostgreSQL.
func literal(r rune) string {
	if r < unicode.MaxASCII && !unicode.IsLetter(r) && !unicode.IsDigit(r) {
		return `\` + string(r)
	}
	return string(r)
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
	if freshnessHours == 0 {
		freshnessHours = defaultFreshness
	}
	rows, err := db.Pool.Query(ctx, meterStatus(meterRows+` WHERE m.name = $2`, lastDayOf), freshnessHours, name)
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
