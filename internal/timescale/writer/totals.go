package writer

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// Sums of forecasts and plans over the meters of a group are kept in the transaction
// of the rows that they are sums of, so that a load is read without reading every meter.

// sumForecasts and sumPlans sum up stored rows, plans less those that they supersede. Each
// takes a condition on f, d or m.
const (
	sumForecasts = `
		SELECT issued_at, group_no, partition, array_agg(p10 ORDER BY n), array_agg(p50 ORDER BY n), array_agg(p90 ORDER BY n), array_agg(meters ORDER BY n)
		FROM (
			SELECT f.issued_at, m.group_no, m.partition, v.n, coalesce(sum(v.p10) FILTER (WHERE v.p50 <> 'NaN'), 0) AS p10,
				coalesce(sum(v.p50) FILTER (WHERE v.p50 <> 'NaN'), 0) AS p50, coalesce(sum(v.p90) FILTER (WHERE v.p50 <> 'NaN'), 0) AS p90,
				count(*) FILTER (WHERE v.p50 <> 'NaN')::int AS meters
			FROM forecasts f JOIN meters m USING (meter_no)
			CROSS JOIN LATERAL unnest(f.p10::float8[], f.p50::float8[], f.p90::float8[]) WITH ORDINALITY v(p10, p50, p90, n)
			WHERE %s
			GROUP BY 1, 2, 3, 4) hours
		GROUP BY 1, 2, 3`

	sumPlans = `
		SELECT issued_at, group_no, partition, valid_from, provenance_no, array_agg(kwh ORDER BY n), array_agg(plans ORDER BY n)
		FROM (
			SELECT d.issued_at, d.group_no, d.partition, d.valid_from, d.provenance_no, v.n,
				sum(coalesce(d.plan[v.n], 0)::float8 - coalesce(o.plan[o_passed + v.n], 0)::float8) AS kwh,
				sum((d.plan[v.n] IS NOT NULL)::int - (o.plan[o_passed + v.n] IS NOT NULL)::int)::int AS plans
			FROM decisions d LEFT JOIN decisions o ON o.id = d.supersedes AND o.meter_no = d.meter_no
			CROSS JOIN LATERAL (SELECT coalesce((extract(epoch FROM d.valid_from - o.valid_from) / 3600)::int, 0) AS o_passed) p
			CROSS JOIN LATERAL generate_series(1, greatest(cardinality(d.plan), cardinality(o.plan) - o_passed)) v(n)
			WHERE d.meter_no <> 0 AND %s
			GROUP BY 1, 2, 3, 4, 5, 6) hours
		GROUP BY 1, 2, 3, 4, 5`
)

// queueTotals writes the sums of the batch's forecasts and plans, after their rows. Where
// a sum is there already, as in a replay without its checkpoint, it is computed from the
// rows again, so that none counts twice.
func queueTotals(q *pgx.Batch, b *Batch) {
	queueForecastTotals(q, b.Partition, forecastTotals(b.Forecasts))
	queuePlanTotals(q, b, planTotals(b.Decisions))
}

func queueForecastTotals(q *pgx.Batch, partition int, totals []*forecastTotal) {
	if len(totals) == 0 {
		return
	}
	var at ranges
	var issued, group, meters []int32
	var p10, p50, p90 []float64
	for _, t := range totals {
		n := at.add(len(t.meters))
		issued, group = append(issued, int32(t.issued)), append(group, t.group)
		p10, p50, p90, meters = append(p10, t.p10[:n]...), append(p50, t.p50[:n]...), append(p90, t.p90[:n]...), append(meters, t.meters...)
	}
	q.Queue(insertForecastTotals, partition, issued, group, at.from, at.to, orEmpty(p10), orEmpty(p50), orEmpty(p90), orEmpty(meters))
}

func queuePlanTotals(q *pgx.Batch, b *Batch, totals []*planTotal) {
	if len(totals) == 0 {
		return
	}
	var at ranges
	var issued, from, group, plans []int32
	var kwh []float64
	for _, t := range totals {
		n := at.add(len(t.plans))
		issued, from, group = append(issued, int32(t.issued)), append(from, int32(t.from)), append(group, t.group)
		kwh, plans = append(kwh, t.kwh[:n]...), append(plans, t.plans...)
	}
	q.Queue(insertPlanTotals, b.Partition, b.Provenance, issued, group, from, at.from, at.to, kwh, plans)
}

var (
	insertForecastTotals = `
		INSERT INTO forecast_totals AS t (issued_at, group_no, partition, p10, p50, p90, meters)
		SELECT to_timestamp(h * 3600::float8), no, $1::int4, ($6::float8[])[f:t], ($7::float8[])[f:t], ($8::float8[])[f:t], ($9::int4[])[f:t]
		FROM unnest($2::int4[], $3::int4[], $4::int4[], $5::int4[]) u(h, no, f, t)
		ON CONFLICT (issued_at, group_no, partition) DO UPDATE SET (p10, p50, p90, meters) = (
			SELECT s.p10, s.p50, s.p90, s.meters FROM (` + fmt.Sprintf(sumForecasts, `f.issued_at = t.issued_at AND m.group_no = t.group_no AND m.partition = t.partition`) + `
			) s(issued_at, group_no, partition, p10, p50, p90, meters))`

	insertPlanTotals = `
		INSERT INTO plan_totals AS t (issued_at, group_no, partition, valid_from, provenance_no, kwh, plans)
		SELECT to_timestamp(h * 3600::float8), no, $1::int4, to_timestamp(valid * 3600::float8), $2::int4, ($8::float8[])[f:t], ($9::int4[])[f:t]
		FROM unnest($3::int4[], $4::int4[], $5::int4[], $6::int4[], $7::int4[]) u(h, no, valid, f, t)
		ON CONFLICT (issued_at, group_no, partition, valid_from, provenance_no) DO UPDATE SET (kwh, plans) = (
			SELECT s.kwh, s.plans FROM (` + fmt.Sprintf(sumPlans, `d.issued_at = t.issued_at AND d.group_no = t.group_no AND d.partition = t.partition
				AND d.valid_from = t.valid_from AND d.provenance_no = t.provenance_no`) + `
			) s(issued_at, group_no, partition, valid_from, provenance_no, kwh, plans))`
)

// forecastTotal is the sum of the forecasts of a group's meters, one value an hour.
type forecastTotal struct {
	issued        meter.Hour
	group         int32
	p10, p50, p90 []float64
	meters        []int32
}

// forecastTotals sum up, by issue and group, in the order of the forecasts.
func forecastTotals(forecasts []twin.Forecast) []*forecastTotal {
	type key struct {
		issued meter.Hour
		group  int32
	}
	var out []*forecastTotal
	of := map[key]*forecastTotal{}
	for i := range forecasts {
		f := &forecasts[i]
		k := key{f.IssuedAt, f.GroupNo}
		t := of[k]
		if t == nil {
			t = &forecastTotal{issued: f.IssuedAt, group: f.GroupNo}
			of[k] = t
			out = append(out, t)
		}
		t.add(f)
	}
	return out
}

// add counts the hours that the forecast has a value of.
func (t *forecastTotal) add(f *twin.Forecast) {
	t.p10, t.p50, t.p90, t.meters = atLeast(t.p10, len(f.P50)), atLeast(t.p50, len(f.P50)), atLeast(t.p90, len(f.P50)), atLeast(t.meters, len(f.P50))
	for i, median := range f.P50 {
		if median != median {
			continue
		}
		t.p10[i] += float64(f.P10[i])
		t.p50[i] += float64(median)
		t.p90[i] += float64(f.P90[i])
		t.meters[i]++
	}
}

// planTotal is the sum of the plans of a group's meters, one value an hour. A revision adds
// what it changes, so that the sum over all issues is what holds.
type planTotal struct {
	issued, from meter.Hour
	group        int32
	kwh          []float64
	plans        []int32
}

// planTotals sum up, by issue, group and first hour, in the order of the decisions.
// Decisions about groups are left out: their plans are such sums.
func planTotals(decisions []twin.Decision) []*planTotal {
	type key struct {
		issued, from meter.Hour
		group        int32
	}
	var out []*planTotal
	of := map[key]*planTotal{}
	for i := range decisions {
		d := &decisions[i]
		n := max(len(d.Plan), len(d.Superseded))
		if d.MeterNo == 0 || n == 0 {
			continue
		}
		k := key{d.IssuedAt, d.ValidFrom, d.GroupNo}
		t := of[k]
		if t == nil {
			t = &planTotal{issued: d.IssuedAt, from: d.ValidFrom, group: d.GroupNo}
			of[k] = t
			out = append(out, t)
		}
		t.kwh, t.plans = atLeast(t.kwh, n), atLeast(t.plans, n)
		for h, change := range d.Plan {
			t.kwh[h] += float64(change)
			t.plans[h]++
		}
		for h, change := range d.Superseded {
			t.kwh[h] -= float64(change)
			t.plans[h]--
		}
	}
	return out
}

// atLeast is v with zeros up to a length.
func atLeast[T int32 | float64](v []T, n int) []T {
	if len(v) >= n {
		return v
	}
	return append(v, make([]T, n-len(v))...)
}

// completeTotals sums up what was issued for a partition after the newest sums: all of
// it, where the database is from before they were kept, and what a process of an
// earlier version wrote during an upgrade. The caller owns the partition.
func (db *DB) completeTotals(ctx context.Context, partition int) error {
	return pgx.BeginFunc(ctx, db.Pool, func(tx pgx.Tx) error {
		var last *time.Time
		err := tx.QueryRow(ctx, `
			SELECT greatest((SELECT max(issued_at) FROM forecast_totals WHERE partition = $1), (SELECT max(issued_at) FROM plan_totals WHERE partition = $1))`,
			partition).Scan(&last)
		if err != nil {
			return err
		}
		if _, err = tx.Exec(ctx, `INSERT INTO forecast_totals (issued_at, group_no, partition, p10, p50, p90, meters) `+
			fmt.Sprintf(sumForecasts, `m.partition = $1 AND f.issued_at > coalesce($2::timestamptz, '-infinity')`)+` ON CONFLICT DO NOTHING`, partition, last); err != nil {
			return err
		}
		_, err = tx.Exec(ctx, `INSERT INTO plan_totals (issued_at, group_no, partition, valid_from, provenance_no, kwh, plans) `+
			fmt.Sprintf(sumPlans, `d.partition = $1 AND d.issued_at > coalesce($2::timestamptz, '-infinity')`)+` ON CONFLICT DO NOTHING`, partition, last)
		return err
	})
}
