package reader

import (
	"context"
	"fmt"
	"math"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
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
	within, err := db.within(ctx, scope.GroupNo)
	if err != nil {
		return nil, err
	}
	rows, err := db.Pool.Query(ctx, `
		SELECT ts, sum(kwh), CASE WHEN count(fed_in) = count(*) THEN sum(fed_in) ELSE 'NaN' END FROM group_load
		WHERE ts >= $1 AND ts < $2 AND ($3::int[] IS NULL OR group_no = ANY ($3))
		GROUP BY ts ORDER BY ts`, from.Time(), to.Time(), within)
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

// OutcomeQuery selects the outcomes of plans whose hours begin in the hours From to before
// To and end at Now or before.
type OutcomeQuery struct {
	Scope
	From, To meter.Hour
	Now      meter.Hour // of the twin
	Unit     Unit       // Hours: all in one; Days, Weeks or Months: of the calendar of Zone
	Zone     string     // IANA name; "" is UTC
}

// Outcomes are the savings of the plans of one bucket, for action and about meters, whose
// hours have passed. Sums hold those that are settled, and whose saving could be computed.
// A plan that was revised is one: what is promised for an hour counts once, and of each
// decision the hours that it held.
type Outcomes struct {
	Start       time.Time  // of the bucket: a local midnight, or From
	Plans       int64      // in the sums
	First, Last meter.Hour // hours of these plans, Last exclusive

	Days        int64 // local days with plans
	SettledDays int64 // of them, those whose plans are all settled

	KWhShifted float64
	Promised   Saving // expected when the plans were issued
	Realised   Saving
	Estimated  float64 // the share of Realised.Energy that was computed against forecasts: the plans may have been followed
	Estimates  int64   // plans in the sums of which that is true
	CO2Kg      float64 // avoided; of the plans of which that is known
	CO2Plans   int64   // how many these are
}

// Saving is what plans save, in currency; NaN where it is not known of any of them.
type Saving struct {
	Energy float64
	Demand float64 // on the demand charge
}

// Outcomes are the buckets that have plans, in order of time. A plan counts in
// the bucket in which its hours begin, with the newest revision of its outcome.
func (db *DB) Outcomes(ctx context.Context, q OutcomeQuery) ([]Outcomes, error) {
	within, err := db.within(ctx, q.GroupNo)
	if err != nil {
		return nil, err
	}
	sql, args, err := q.sql(within)
	if err != nil {
		return nil, err
	}
	rows, err := db.Pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("outcomes of plans: %w", err)
	}
	out, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (o Outcomes, err error) {
		var first, last *time.Time
		err = row.Scan(&o.Start, &o.Days, &o.SettledDays, &o.Plans, &first, &last, &o.KWhShifted, &o.Promised.Energy, &o.Promised.Demand,
			&o.Realised.Energy, &o.Realised.Demand, &o.Estimated, &o.Estimates, &o.CO2Kg, &o.CO2Plans)
		o.First, o.Last = pgvalue.HourOrNone(first), pgvalue.HourOrNone(last)
		return o, err
	})
	if err != nil {
		return nil, fmt.Errorf("outcomes of plans: %w", err)
	}
	return out, nil
}

// sql sums up in the database, of some groups or of all: a year of 10,000 meters has millions of plans.
func (q *OutcomeQuery) sql(groups []int32) (string, []any, error) {
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
		bucket = `date_trunc(` + w.param(string(q.Unit)) + `, d.valid_from, ` + w.param(q.Zone) + `)`
	default:
		return "", nil, fmt.Errorf("%w: step %q: use day, week or month", ErrBadQuery, q.Unit)
	}
	day := `date_trunc('day', d.valid_from, ` + w.param(q.Zone) + `)`
	method := w.param(decisions.SettledEstimated)
	outcome := w.param((q.From - issuedBefore).Time())
	until := w.param(q.To.Time())
	w.add(`d.issued_at >= ?`, (q.From - issuedBefore).Time())
	w.add(`d.issued_at < ?`, q.To.Time())
	w.add(`d.valid_from >= ?`, q.From.Time())
	w.add(`d.valid_from < ?`, q.To.Time())
	w.add(`d.valid_to <= ?`, q.Now.Time())
	w.add(`d.meter_no <> 0`) // the plan of a group is a sum of those of its meters
	if q.MeterNo != nil {
		w.add(`d.meter_no = ?`, *q.MeterNo)
	}
	if groups != nil {
		w.add(`d.group_no = ANY (?::int[])`, groups)
	}
	w.add(`(d.action <> 0 OR r.decision_id IS NOT NULL)`) // without a plan some cost what others had saved on the demand charge
	w.add(decisions.Advised)
	return `
		WITH outcomes AS (
			SELECT r.* FROM realised r WHERE r.issued_at >= ` + outcome + ` AND r.issued_at < ` + until + `
				AND NOT EXISTS (SELECT FROM realised n
					WHERE n.issued_at = r.issued_at AND n.decision_id = r.decision_id AND n.revision > r.revision)
		), days AS (
			SELECT ` + bucket + ` AS bucket, ` + day + ` AS day,
				count(*) FILTER (WHERE d.action <> 0) AS plans, count(r.decision_id) FILTER (WHERE d.action <> 0) AS settled,
				count(r.saving) FILTER (WHERE d.superseded_energy IS NULL) AS counted, min(d.valid_from) FILTER (WHERE r.saving IS NOT NULL) AS first, max(d.valid_to) FILTER (WHERE r.saving IS NOT NULL) AS last,
				sum(r.kwh_shifted::float8) AS shifted,
				sum(coalesce(d.saving_energy, d.saving_p50)::float8 - coalesce(d.superseded_energy, 0)) FILTER (WHERE r.saving IS NOT NULL) AS promised_energy,
				sum(d.saving_demand::float8 - coalesce(d.superseded_demand, 0)) FILTER (WHERE r.saving IS NOT NULL) AS promised_demand,
				sum(r.saving::float8) AS energy, sum(r.saving_demand::float8) AS demand,
				sum(r.saving::float8) FILTER (WHERE r.method = ` + method + `) AS estimated,
				count(r.saving) FILTER (WHERE r.method = ` + method + `) AS estimates,
				sum(r.co2_kg::float8) AS co2, count(r.co2_kg) AS co2_plans
			FROM decisions d LEFT JOIN outcomes r ON r.issued_at = d.issued_at AND r.decision_id = d.id` + w.sql() + `
			GROUP BY 1, 2)
		SELECT bucket, count(*) FILTER (WHERE plans > 0), count(*) FILTER (WHERE plans > 0 AND settled = plans),
			sum(counted)::int8, min(first), max(last), coalesce(sum(shifted), 0), coalesce(sum(promised_energy), 0), coalesce(sum(promised_demand), 'NaN'),
			coalesce(sum(energy), 0), coalesce(sum(demand), 'NaN'), coalesce(sum(estimated), 0), sum(estimates)::int8, coalesce(sum(co2), 0), sum(co2_plans)::int8
		FROM days GROUP BY 1 ORDER BY 1`, w.args, nil
}

// issuedBefore is how long before its hours begin a plan may be issued.
const issuedBefore = 2 * meter.HoursPerDay
