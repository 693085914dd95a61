package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/twin"
)

// Sums that are kept are those of the rows, whatever wrote the rows: a batch, the same
// batch in a replay without its checkpoint, one with more meters of an issue, or a
// process of a version that kept none.
func TestTotalsAreThoseOfTheRows(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		ctx := t.Context()
		require.Equal(t, 6, s.count(t, `SELECT count(*) FROM forecast_totals`), "3 issues of 2 groups")
		require.Equal(t, 6, s.count(t, `SELECT count(*) FROM plan_totals`))
		requireTotals(t, s)

		again := tw.batch(1)
		for i, m := range tw.meters {
			again.Forecasts = append(again.Forecasts, groupForecast(m, day+24, float32(i+2)))
			decided(again, shiftDecision(m, day+24, tw.prov))
		}
		tw.commit(t, s, again)
		requireTotals(t, s)

		for i, m := range tw.meters[:2] { // one meter of the issue a batch
			b := tw.batch(1)
			b.Forecasts = []twin.Forecast{groupForecast(m, day+96, float32(i+2))}
			decided(b, shiftDecision(m, day+96, tw.prov))
			tw.commit(t, s, b)
		}
		requireTotals(t, s)

		_, err := s.Pool.Exec(ctx, `DELETE FROM forecast_totals WHERE issued_at >= $1`, (day + 72).Time())
		require.NoError(t, err)
		_, err = s.Pool.Exec(ctx, `DELETE FROM plan_totals WHERE issued_at >= $1`, (day + 72).Time())
		require.NoError(t, err)
		_, err = s.TakePartition(ctx, tw.no, "the next owner")
		require.NoError(t, err)
		requireTotals(t, s)
		_, err = s.Pool.Exec(ctx, `DELETE FROM forecast_totals`)
		require.NoError(t, err)
		_, err = s.Pool.Exec(ctx, `DELETE FROM plan_totals`)
		require.NoError(t, err)
		_, err = s.TakePartition(ctx, tw.no, "the first owner after the upgrade")
		require.NoError(t, err)
		requireTotals(t, s)
	})
}

// requireTotals compares each hour of the sums with the rows.
func requireTotals(t *testing.T, s store) {
	t.Helper()
	require.Zero(t, s.count(t, `
		SELECT count(*) FROM (
			SELECT issued_at, group_no, partition, n, v.p10, v.p50, v.p90, v.meters
			FROM forecast_totals f CROSS JOIN LATERAL unnest(f.p10, f.p50, f.p90, f.meters) WITH ORDINALITY v(p10, p50, p90, meters, n) WHERE v.meters > 0) kept
		FULL JOIN (
			SELECT f.issued_at, m.group_no, m.partition, n, sum(v.p10) AS p10, sum(v.p50) AS p50, sum(v.p90) AS p90, count(*) AS meters
			FROM forecasts f JOIN meters m USING (meter_no)
			CROSS JOIN LATERAL unnest(f.p10::float8[], f.p50::float8[], f.p90::float8[]) WITH ORDINALITY v(p10, p50, p90, n) WHERE v.p50 <> 'NaN'
			GROUP BY 1, 2, 3, 4) rows USING (issued_at, group_no, partition, n)
		WHERE (abs(kept.p10 - rows.p10) < 1e-9 AND abs(kept.p50 - rows.p50) < 1e-9 AND abs(kept.p90 - rows.p90) < 1e-9 AND kept.meters = rows.meters) IS NOT TRUE`))
	require.Zero(t, s.count(t, `
		SELECT count(*) FROM (
			SELECT issued_at, group_no, partition, valid_from, provenance_no, n, v.kwh, v.plans
			FROM plan_totals p CROSS JOIN LATERAL unnest(p.kwh, p.plans) WITH ORDINALITY v(kwh, plans, n)) kept
		FULL JOIN (
			SELECT issued_at, group_no, partition, valid_from, provenance_no, n, sum(kwh::float8) AS kwh, sum(plans) AS plans FROM (
				SELECT d.issued_at, d.group_no, d.partition, d.valid_from, d.provenance_no, v.n, v.kwh, 1 AS plans
				FROM decisions d CROSS JOIN LATERAL unnest(d.plan) WITH ORDINALITY v(kwh, n) WHERE d.meter_no <> 0
				UNION ALL
				SELECT d.issued_at, d.group_no, d.partition, d.valid_from, d.provenance_no, v.n - extract(epoch FROM d.valid_from - o.valid_from)::int / 3600, -v.kwh, -1
				FROM decisions d JOIN decisions o ON o.id = d.supersedes CROSS JOIN LATERAL unnest(o.plan) WITH ORDINALITY v(kwh, n)
				WHERE d.meter_no <> 0 AND o.valid_from + (v.n - 1) * interval '1 hour' >= d.valid_from) changes
			GROUP BY 1, 2, 3, 4, 5, 6) rows USING (issued_at, group_no, partition, valid_from, provenance_no, n)
		WHERE (abs(kept.kwh - rows.kwh) < 1e-9 AND kept.plans = rows.plans) IS NOT TRUE`))
}

// Meters without a group lie in several partitions: each keeps its own sum.
func TestTotalsOfSeveralPartitions(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		prov, err := s.EnsureProvenance(t.Context(), decisions.Provenance{Model: "seasonal-naive", ModelVersion: "1", Image: "energytwin:test", Origin: "stream"})
		require.NoError(t, err)
		for no, name := range []string{"a", "b"} {
			p := take(t, s, no, twin.MeterKey{Name: name})
			b := p.batch(1)
			b.Forecasts = []twin.Forecast{groupForecast(p.meters[0], day, 4)}
			decided(b, shiftDecision(p.meters[0], day, prov))
			p.commit(t, s, b)
		}
		requireTotals(t, s)
		points, err := s.ForecastsInForce(t.Context(), nil, day, day+1)
		require.NoError(t, err)
		require.Len(t, points, 1)
		require.InDelta(t, 8, points[0].P50, 0)
		require.Equal(t, 2, points[0].Meters)
	})
}
