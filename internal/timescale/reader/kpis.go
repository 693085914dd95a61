package reader

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// Scope is whose load and decisions are meant: those of one meter, of one
// group (0 is all meters outside groups), or of all meters if both are nil.
type Scope struct {
	MeterNo *int32
	GroupNo *int32
}

// MeteredHour is what meters drew and fed in in one hour.
type MeteredHour struct {
	Hour  meter.Hour
	KWh   float64 // drawn less fed in
	FedIn float64 // kWh, 0 or more; NaN where that was not counted yet
}

// MeteredHours are the hours from `from` to before `to` that have a measurement,
// in order of time.
func (db *DB) MeteredHours(ctx context.Context, scope Scope, from, to meter.Hour) ([]MeteredHour, error) {
	if scope.MeterNo != nil {
		return db.meteredByOne(ctx, *scope.MeterNo, from, to)
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT ts, sum(kwh), CASE WHEN count(fed_in) = count(*) THEN sum(fed_in) ELSE 'NaN' END FROM group_load
		WHERE ts >= $1 AND ts < $2 AND ($3::int IS NULL OR group_no = $3)
		GROUP BY ts ORDER BY ts`, from.Time(), to.Time(), scope.GroupNo)
	if err != nil {
		return nil, fmt.Errorf("metered hours: %w", err)
	}
	hours, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (m MeteredHour, err error) {
		var ts time.Time
		err = row.Scan(&ts, &m.KWh, &m.FedIn)
		m.Hour = meter.HourOf(ts)
		return m, err
	})
	if err != nil {
		return nil, fmt.Errorf("metered hours: %w", err)
	}
	return hours, nil
}

func (db *DB) meteredByOne(ctx context.Context, no int32, from, to meter.Hour) ([]MeteredHour, error) {
	points, err := db.MeterSeries(ctx, no, SeriesQuery{From: from, To: to, Aggregate: Sum, MaxPoints: int(to - from)})
	if err != nil {
		return nil, err
	}
	var hours []MeteredHour
	for _, p := range points {
		if p.Value != nil {
			hours = append(hours, MeteredHour{meter.HourOf(p.Start), *p.Value, math.Max(-*p.Value, 0)})
		}
	}
	return hours, nil
}

// OutcomeQuery selects the outcomes of plans that were issued, and so begin, in
// the hours From to before To.
type OutcomeQuery struct {
	Scope
	From, To meter.Hour
	Unit     Unit   // Hours: all in one; Days, Weeks or Months: of the calendar of Zone
	Zone     string // IANA name; "" is UTC
}

// Outcomes are the realised savings of the plans of one bucket: those for action
// about meters whose hours have passed and whose saving could be computed.
type Outcomes struct {
	Start       time.Time // of the bucket: a local midnight, or From
	Plans       int64
	First, Last meter.Hour // hours of the plans, Last exclusive

	KWhShifted float64
	Promised   float64 // expected savings (median), currency
	Realised   float64 // currency
	Estimated  float64 // the share of Realised that was computed against forecasts: the plans may have been followed
	CO2Kg      float64 // avoided; of the plans of which that is known
	CO2Plans   int64   // how many these are
}

// Outcomes are the buckets that have plans, in order of time. A plan counts in
// the bucket in which it was issued, with the newest revision of its outcome.
func (db *DB) Outcomes(ctx context.Context, q OutcomeQuery) ([]Outcomes, error) {
	sql, args, err := q.sql()
	if err != nil {
		return nil, err
	}
	rows, err := db.Pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("outcomes of plans: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o Outcomes, err error) {
		var first, last time.Time
		err = row.Scan(&o.Start, &o.Plans, &first, &last, &o.KWhShifted, &o.Promised, &o.Realised, &o.Estimated, &o.CO2Kg, &o.CO2Plans)
		o.First, o.Last = meter.HourOf(first), meter.HourOf(last)
		return o, err
	})
	if err != nil {
		return nil, fmt.Errorf("outcomes of plans: %w", err)
	}
	return out, nil
}

// sql sums up in the database: a year of 10,000 meters has millions of plans.
func (q *OutcomeQuery) sql() (string, []any, error) {
	if q.Zone == "" {
		q.Zone = "UTC"
	}
	if _, err := time.LoadLocation(q.Zone); err != nil {
		return "", nil, fmt.Errorf("%w: time zone %q: use an IANA name such as Europe/London", ErrBadQuery, q.Zone)
	}
	w := where{}
	var bucket string
	switch q.Unit {
	case Hours:
		bucket = w.param(q.From.Time()) + `::timestamptz`
	case Days, Weeks, Months:
		bucket = `date_trunc(` + w.param(string(q.Unit)) + `, d.issued_at, ` + w.param(q.Zone) + `)`
	default:
		return "", nil, fmt.Errorf("%w: step %q: use day, week or month", ErrBadQuery, q.Unit)
	}
	for _, table := range []string{"d", "r"} {
		w.add(table+`.issued_at >= ?`, q.From.Time())
		w.add(table+`.issued_at < ?`, q.To.Time())
	}
	w.add(`d.meter_no <> 0`) // the plan of a group is a sum of those of its meters
	if q.MeterNo != nil {
		w.add(`d.meter_no = ?`, *q.MeterNo)
	}
	if q.GroupNo != nil {
		w.add(`d.group_no = ?`, *q.GroupNo)
	}
	w.add(`r.saving IS NOT NULL`)
	w.add(decisions.Advised)
	w.add(`NOT EXISTS (SELECT FROM realised n
		WHERE n.issued_at = r.issued_at AND n.decision_id = r.decision_id AND n.revision > r.revision)`)
	return `
		SELECT ` + bucket + `, count(*), min(d.issued_at), max(d.valid_to),
			coalesce(sum(r.kwh_shifted::float8), 0), sum(d.saving_p50::float8), sum(r.saving::float8),
			coalesce(sum(r.saving::float8) FILTER (WHERE r.method = ` + w.param(decisions.SettledEstimated) + `), 0),
			coalesce(sum(r.co2_kg::float8), 0), count(r.co2_kg)
		FROM decisions d JOIN realised r ON r.issued_at = d.issued_at AND r.decision_id = d.id` + w.sql() + `
		GROUP BY 1 ORDER BY 1`, w.args, nil
}
