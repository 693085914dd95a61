package reader

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/schema"
)

// Aggregate is how the hours of a bucket become one value.
type Aggregate string

// The aggregates.
const (
	Sum     Aggregate = "sum" // kWh
	Average Aggregate = "avg" // of the hours that have a value; kWh per hour, which is mean kW
	Maximum Aggregate = "max"
	Minimum Aggregate = "min"
)

// Unit is a calendar step. Its buckets begin at local midnight of the zone.
type Unit string

// The units.
const (
	Hours  Unit = "" // SeriesQuery.Hours at a time, counted from From
	Days   Unit = "day"
	Weeks  Unit = "week" // from Monday
	Months Unit = "month"
)

// SeriesQuery selects a series of buckets over the hours From to before To.
type SeriesQuery struct {
	From, To  meter.Hour
	Unit      Unit
	Hours     int // width of a bucket if Unit is Hours; 0 is 1
	Aggregate Aggregate
	Zone      string // IANA name for calendar units; "" is UTC
	MaxPoints int    // most buckets; 0 is 10,000

	// AsKnown takes back what corrections and late readings changed when the watermark was
	// past this hour. Of a meter alone; nil is what is known now.
	AsKnown *meter.Hour
}

// Point is one bucket of a series.
type Point struct {
	Start time.Time
	Value *float64 // nil where no hour of the bucket has a value
	Known int      // hours of the bucket that have a value
	Hours int      // hours of the bucket that the query covers
}

// Errors of queries that the caller can fix.
var (
	ErrTooManyPoints = errors.New("too many points: ask for a shorter range or a wider step")
	ErrBadQuery      = errors.New("bad query")
)

const defaultMaxPoints = 10_000

// check rejects what cannot be answered, before anything is read.
func (q *SeriesQuery) check() error {
	if q.Hours == 0 {
		q.Hours = 1
	}
	if q.Zone == "" {
		q.Zone = "UTC"
	}
	if q.MaxPoints == 0 {
		q.MaxPoints = defaultMaxPoints
	}
	switch q.Aggregate {
	case Sum, Average, Maximum, Minimum:
	default:
		return fmt.Errorf("%w: aggregate %q: use sum, avg, max or min", ErrBadQuery, q.Aggregate)
	}
	width := q.Hours
	switch q.Unit {
	case Hours:
	case Days:
		width = meter.HoursPerDay
	case Weeks:
		width = meter.HoursPerWeek
	case Months:
		width = 28 * meter.HoursPerDay
	default:
		return fmt.Errorf("%w: step %q: use day, week, month or a number of hours", ErrBadQuery, q.Unit)
	}
	if width < 1 {
		return fmt.Errorf("%w: a step of %d hours: use at least 1", ErrBadQuery, width)
	}
	if _, err := time.LoadLocation(q.Zone); err != nil {
		return fmt.Errorf("%w: time zone %q: use an IANA name such as Europe/London", ErrBadQuery, q.Zone)
	}
	if q.From >= q.To {
		return fmt.Errorf("%w: the range from %s to %s is empty", ErrBadQuery, q.From, q.To)
	}
	if n := int64(q.To-q.From) / int64(width); n > int64(q.MaxPoints) {
		return fmt.Errorf("%w: %d points, at most %d", ErrTooManyPoints, n, q.MaxPoints)
	}
	return nil
}

// Each source has the columns ts and kwh and a row for each hour of the spine, with null where
// there is no value; it fills parameters from $6 on.
const (
	// One probe of the key per hour: a range would pass over every other meter.
	meterProbes = `SELECT h.ts, r.kwh FROM spine h LEFT JOIN LATERAL (` + readingOfHour + `) r ON true`

	// Compressed chunks hold a meter's rows together, and want a range; what is
	// not compressed yet needs probes.
	meterChunks = `SELECT h.ts, r.kwh FROM spine h LEFT JOIN (
			SELECT r.ts, r.kwh FROM readings r
			WHERE r.meter_no = $6 AND r.channel = 0 AND r.` + schema.Plausible + ` AND r.ts >= $1 AND r.ts < least($2, $7)) r USING (ts)
		WHERE h.ts < $7
		UNION ALL
		SELECT h.ts, r.kwh FROM spine h LEFT JOIN LATERAL (` + readingOfHour + `) r ON true WHERE h.ts >= $7`

	readingOfHour = `SELECT kwh FROM readings r WHERE r.ts = h.ts AND r.meter_no = $6 AND r.channel = 0 AND r.` + schema.Plausible + ` LIMIT 1`

	oneGroup = `SELECT ts, l.kwh FROM spine LEFT JOIN (
		SELECT ts, sum(kwh) AS kwh FROM group_load WHERE group_no = ANY ($6::int[]) AND ts >= $1 AND ts < $2 GROUP BY ts) l USING (ts)`

	everyGroup = `SELECT ts, l.kwh FROM spine LEFT JOIN (
		SELECT ts, sum(kwh) AS kwh FROM group_load WHERE ts >= $1 AND ts < $2 GROUP BY ts) l USING (ts)`
)

// firstSourceArg is the number of a source's first parameter.
const firstSourceArg = 6

// asKnown is a meter's source before what was revised when the watermark was past the
// hour of parameter n: the first of such revisions keeps what there was.
func asKnown(source string, n int) string {
	return `SELECT h.ts, CASE WHEN v.ts IS NULL THEN h.kwh ELSE v.kwh END AS kwh FROM (` + source + `) h
		LEFT JOIN LATERAL (
			SELECT v.ts, CASE WHEN v.old_quality & 4 = 0 THEN v.old_kwh END AS kwh FROM reading_revisions v
			WHERE v.ts = h.ts AND v.meter_no = $6 AND v.channel = 0 AND v.watermark > $` + strconv.Itoa(n) + `
			ORDER BY v.watermark, v.known_at, v.stream_offset LIMIT 1) v ON true`
}

// bucketSQL makes buckets of a source's hours, from $1 to before $2. Parameters: $3 unit,
// $4 zone, $5 hours of a bucket.
func bucketSQL(agg Aggregate, source string) string {
	return `
		WITH spine AS (SELECT ts FROM generate_series($1::timestamptz, $2::timestamptz - interval '1 hour', interval '1 hour') s(ts))
		SELECT CASE WHEN $3::text = '' THEN date_bin($5::int * interval '1 hour', ts, $1::timestamptz)
			ELSE date_trunc(nullif($3::text, ''), ts, $4::text) END AS bucket,
			` + string(agg) + `(source.kwh::float8), count(source.kwh), count(*)
		FROM (` + source + `) source
		GROUP BY 1 ORDER BY 1`
}

// MeterSeries is the history of one meter.
func (db *DB) MeterSeries(ctx context.Context, meterNo int32, q SeriesQuery) ([]Point, error) {
	compressed, err := db.compressedTo(ctx)
	if err != nil {
		return nil, fmt.Errorf("history of meter %d: %w", meterNo, err)
	}
	source, args := meterProbes, []any{meterNo}
	if compressed != nil && compressed.After(q.From.Time()) {
		source, args = meterChunks, append(args, *compressed)
	}
	if q.AsKnown != nil {
		args = append(args, q.AsKnown.Time())
		source = asKnown(source, firstSourceArg+len(args)-1)
	}
	return db.series(ctx, q, source, args...)
}

// compressedTo is the end of the chunks that maintenance has compressed; nil
// while there is none.
func (db *DB) compressedTo(ctx context.Context) (*time.Time, error) {
	var to *time.Time
	err := db.Pool.QueryRow(ctx, `SELECT compressed_to FROM maintenance`).Scan(&to)
	return to, err
}

// GroupSeries is the load of one group; 0 is all meters outside groups.
func (db *DB) GroupSeries(ctx context.Context, groupNo int32, q SeriesQuery) ([]Point, error) {
	within, err := db.within(ctx, &groupNo)
	if err != nil {
		return nil, err
	}
	return db.series(ctx, q, oneGroup, within)
}

// TwinSeries is the load of all meters together.
func (db *DB) TwinSeries(ctx context.Context, q SeriesQuery) ([]Point, error) {
	return db.series(ctx, q, everyGroup)
}

func (db *DB) series(ctx context.Context, q SeriesQuery, source string, args ...any) ([]Point, error) {
	if err := q.check(); err != nil {
		return nil, err
	}
	all := append([]any{q.From.Time(), q.To.Time(), string(q.Unit), q.Zone, q.Hours}, args...)
	rows, err := db.Pool.Query(ctx, bucketSQL(q.Aggregate, source), all...)
	if err != nil {
		return nil, fmt.Errorf("series: %w", err)
	}
	points, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Point])
	if err != nil {
		return nil, fmt.Errorf("series: %w", err)
	}
	return points, nil
}
