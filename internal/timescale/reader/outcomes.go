package reader

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgtype"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/pgvalue"
)

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
	sql, args, err := db.outcomesSQL(ctx, &q)
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

// outcomesSQL sums up in the database: a year of 10,000 meters has millions of plans.
func (db *DB) outcomesSQL(ctx context.Context, q *OutcomeQuery) (string, []any, error) {
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
		bucket = `date_trunc(` + w.param(string(q.Unit)) + `, s.valid_from, ` + w.param(q.Zone) + `)`
	default:
		return "", nil, fmt.Errorf("%w: step %q: use day, week or month", ErrBadQuery, q.Unit)
	}
	day := `date_trunc('day', s.valid_from, ` + w.param(q.Zone) + `)`
	sums, err := db.outcomeSums(ctx, q, &w)
	if err != nil {
		return "", nil, err
	}
	return `
		WITH days AS (
			SELECT ` + bucket + ` AS bucket, ` + day + ` AS day,
				sum(plans) AS plans, sum(settled) AS settled, sum(counted) AS counted,
				min(valid_from) FILTER (WHERE valued > 0) AS first, max(valid_to) FILTER (WHERE valued > 0) AS last,
				sum(kwh_shifted) AS shifted, sum(promised_energy) AS promised_energy, sum(promised_demand) AS promised_demand,
				sum(saving) AS energy, sum(saving_demand) AS demand, sum(estimated) AS estimated, sum(estimates) AS estimates,
				sum(co2_kg) AS co2, sum(co2_plans) AS co2_plans
			FROM (` + sums + `) s GROUP BY 1, 2)
		SELECT bucket, count(*) FILTER (WHERE plans > 0), count(*) FILTER (WHERE plans > 0 AND settled = plans),
			sum(counted)::int8, min(first), max(last), coalesce(sum(shifted), 0), coalesce(sum(promised_energy), 0), coalesce(sum(promised_demand), 'NaN'),
			coalesce(sum(energy), 0), coalesce(sum(demand), 'NaN'), coalesce(sum(estimated), 0), sum(estimates)::int8, coalesce(sum(co2), 0), sum(co2_plans)::int8
		FROM days GROUP BY 1 ORDER BY 1`, w.args, nil
}

// outcomeSums are sums by hours, groups and partitions: of groups and of the twin those
// that are kept, and those of the decisions themselves where there are none yet; of a
// meter only the latter.
func (db *DB) outcomeSums(ctx context.Context, q *OutcomeQuery, w *where) (string, error) {
	from, to, now := w.param(q.From.Time()), w.param(q.To.Time()), w.param(q.Now.Time())
	of := func(table string) string {
		return strings.ReplaceAll(`t.valid_from >= `+from+` AND t.valid_from < `+to+` AND t.valid_to <= `+now, `t.`, table+`.`)
	}
	issuedSince := func(since time.Time) string { return `BETWEEN ` + w.param(since) + ` AND ` + to }
	first := (q.From - issuedBefore).Time()
	if q.MeterNo != nil {
		return decisions.OutcomeSums(issuedSince(first), ``, of(`d`)+` AND d.meter_no = `+w.param(*q.MeterNo)), nil
	}
	within, err := db.within(ctx, q.GroupNo)
	if err != nil {
		return "", err
	}
	summed, err := db.summedTo(ctx)
	if err != nil {
		return "", err
	}
	groups := w.param(within)
	ofGroups := func(table string) string {
		return ` AND (` + groups + `::int[] IS NULL OR ` + table + `.group_no = ANY (` + groups + `))`
	}
	border := `JOIN unnest(` + w.param(summed.partitions) + `::int4[], ` + w.param(summed.to) + `::timestamptz[]) b(partition, summed_to)`
	kept := `SELECT ` + qualified(`t`, decisions.OutcomeSumColumns) + ` FROM outcome_totals t ` + border + ` ON b.partition = t.partition
		WHERE t.valid_to <= b.summed_to AND ` + of(`t`) + ofGroups(`t`)
	if len(summed.partitions) > 0 && !q.Now.Time().After(summed.all) {
		return kept, nil // the decisions of the newest days are not read
	}
	rest := decisions.OutcomeSums(issuedSince(later(first, summed.all.Add(-longestPlan))), border+` ON b.partition = d.partition`,
		`d.valid_to > b.summed_to AND `+of(`d`)+ofGroups(`d`))
	return kept + ` UNION ALL ` + rest, nil
}

// summedPartitions is how far the outcomes of partitions are summed up.
type summedPartitions struct {
	partitions []int32
	to         []pgtype.Timestamptz // may be -infinity
	all        time.Time            // of all of them; zero where one has no sums
}

// summedTo reads how far. It is read before the sums: those up to then stay complete.
func (db *DB) summedTo(ctx context.Context) (s summedPartitions, err error) {
	rows, err := db.Pool.Query(ctx, `SELECT o.partition, coalesce(s.summed_to, '-infinity') FROM stream_offsets o LEFT JOIN settling s USING (partition)`)
	if err != nil {
		return s, fmt.Errorf("sums of outcomes: %w", err)
	}
	var partition int32
	var to pgtype.Timestamptz
	_, err = pgx.ForEachRow(rows, []any{&partition, &to}, func() error {
		if len(s.partitions) == 0 || to.Time.Before(s.all) {
			s.all = to.Time // zero for -infinity
		}
		s.partitions, s.to = append(s.partitions, partition), append(s.to, to)
		return nil
	})
	if err != nil {
		return s, fmt.Errorf("sums of outcomes: %w", err)
	}
	return s, nil
}

// qualified names the table of columns.
func qualified(table, columns string) string {
	return table + `.` + strings.ReplaceAll(strings.Join(strings.Fields(columns), ` `), `, `, `, `+table+`.`)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// issuedBefore is how long before its hours begin a plan may be issued.
const issuedBefore = 2 * meter.HoursPerDay
