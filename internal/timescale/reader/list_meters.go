package reader

import (
	"context"
	"errors"
	"fmt"
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

// The orders.
const (
	SortName     MeterSort = "name"
	SortNameDesc MeterSort = "-name"
	SortLoad     MeterSort = "load"  // least newest reading first; meters without any before all
	SortLoadDesc MeterSort = "-load" // greatest first
)

// MeterFilter picks meters. Zero fields do not filter.
type MeterFilter struct {
	Prefix         string // of the name
	Contains       string // in the name, in any case
	Group          *string
	Status         MeterStatus
	FreshnessHours int // after which a meter is stale; 0 is 24
	Sort           MeterSort
	After          *MeterCursor
	Limit          int
}

// MeterCursor is the place of the last meter of a page.
type MeterCursor struct {
	Name string
	Load float32 // LastKWh; of no meaning when sorted by name
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

// Cursor is where the page after this meter begins.
func (m *Meter) Cursor() MeterCursor { return MeterCursor{m.Name, m.LastKWh} }

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
	order, err := f.order(&w)
	if err != nil {
		return nil, err
	}
	if f.Status != "" {
		w.add(`status = ?`, string(f.Status))
	}
	page := w.sql() + order + ` LIMIT ` + w.param(f.Limit)
	sql := `SELECT * FROM (` + meterStatus(meterRows, lastDayOfAll) + `) meters` + page
	if f.Status == "" && f.Limit <= mostProbed { // the page is known before its days are
		sql = meterStatus(`SELECT * FROM (`+meterRows+`) meters`+page, lastDayOf) + order
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
	const load = `coalesce(last_kwh, '-infinity'::real)`
	switch f.Sort {
	case SortName, "":
		if f.After != nil {
			w.add(`name > ?`, f.After.Name)
		}
		return ` ORDER BY name`, nil
	case SortNameDesc:
		if f.After != nil {
			w.add(`name < ?`, f.After.Name)
		}
		return ` ORDER BY name DESC`, nil
	case SortLoad:
		if f.After != nil {
			w.add(`(`+load+`, name) > (coalesce(?::real, '-infinity'), ?)`, pgvalue.NumberOrNull(f.After.Load), f.After.Name)
		}
		return ` ORDER BY ` + load + `, name`, nil
	case SortLoadDesc:
		if f.After != nil {
			w.add(`(`+load+`, name) < (coalesce(?::real, '-infinity'), ?)`, pgvalue.NumberOrNull(f.After.Load), f.After.Name)
		}
		return ` ORDER BY ` + load + ` DESC, name DESC`, nil
	}
	return "", fmt.Errorf("%w: sort %q: use name, -name, load or -load", ErrBadQuery, f.Sort)
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
