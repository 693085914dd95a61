package timescale_test

import (
	"context"
	"fmt"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// BenchmarkSettle settles the plans of 10,000 and of 100 meters, day by day, alone and
// beside a replay that commits readings as fast as it can. Beside each stands what limits
// it: the same readings and decisions read, and as many outcomes written in one statement
// a day, with nothing done to them.
func BenchmarkSettle(b *testing.B) {
	for _, srv := range servers {
		if srv.one != nil {
			continue
		}
		for _, size := range []struct{ meters, days int }{{10_000, 8}, {100, 240}} {
			b.Run(fmt.Sprintf("%s/meters=%d", srv.kind, size.meters), func(b *testing.B) {
				s := settleBench{store: srv.filled(b, size.meters, size.days, passedPlans()...), days: meter.Hour(size.days)}
				for _, beside := range []string{"alone", "replay"} {
					b.Run(beside, func(b *testing.B) {
						if beside == "replay" {
							s.replay(b)
						}
						b.Run("energy", func(b *testing.B) { s.settle(b, 0) })
						b.Run("energy and demand", func(b *testing.B) { s.settle(b, 4) })
						b.Run("limit", s.limit)
					})
				}
			})
		}
	}
}

// passedPlans fill a database with plans whose hours have passed. Their parameters are the
// first day, the number of meters and of days.
func passedPlans() []string {
	return []string{
		`INSERT INTO meters (meter_no, name, group_no, partition) OVERRIDING SYSTEM VALUE SELECT m, 'home-' || m, 0, m % 12 FROM generate_series(1, $2::int) m WHERE $1::timestamptz IS NOT NULL AND $3::int > 0`,
		`SELECT setval(pg_get_serial_sequence('meters', 'meter_no'), $2::int) WHERE $1::timestamptz IS NOT NULL AND $3::int > 0`,
		`INSERT INTO stream_offsets (partition, owner, epoch, next_offset, watermark)
		SELECT p, 'bench', 1, 1, $1::timestamptz + $3::int * interval '1 day' FROM generate_series(0, 11) p WHERE $2::int > 0`,
		`INSERT INTO readings (ts, meter_no, kwh) SELECT t, m, 0.5 + m % 7 * 0.1
		FROM generate_series($1::timestamptz, $1::timestamptz + $3::int * interval '1 day' - interval '1 hour', interval '1 hour') t, generate_series(1, $2::int) m`,
		`INSERT INTO decisions (id, issued_at, valid_from, valid_to, actionable_from, partition, meter_no, group_no, provenance_no,
			kwh_shifted, kw_reduction, saving_p10, saving_p50, saving_p90, saving_energy, saving_demand, month_peak, confidence, missing_share, action, reason, stale, plan, packed_version)
		SELECT gen_random_uuid(), t, t, t + interval '1 day', t, m % 12, m, 0, 1, 1, 1, 0.1, 0.2, 0.3, 0.1, 0.1, 0, 1, 0, 1, 1, false,
			array_fill(0.05::real, ARRAY[12]) || array_fill(-0.05::real, ARRAY[12]), 2
		FROM generate_series(1, $2::int) m, generate_series($1::timestamptz, $1::timestamptz + ($3::int - 1) * interval '1 day', interval '1 day') t
		ORDER BY t, m`,
	}
}

type settleBench struct {
	store
	days meter.Hour
}

// replay commits the readings of another partition until the benchmark ends, and reports how
// many a second.
func (s *settleBench) replay(b *testing.B) {
	b.Helper()
	bench := newCommitBenchOf(b, s.store, 12, 833, 10_000)
	bench.hour += s.days * meter.HoursPerDay
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() {
		for ctx.Err() == nil {
			if err := s.Commit(ctx, bench.next()); err != nil && ctx.Err() == nil {
				b.Error(err)
				return
			}
		}
	})
	b.Cleanup(func() {
		stop()
		running.Wait()
		_, err := s.Pool.Exec(context.Background(), `DELETE FROM stream_offsets WHERE partition = 12`)
		require.NoError(b, err)
	})
}

// settle settles all plans, at a demand charge.
func (s *settleBench) settle(b *testing.B, charge float64) {
	cal, err := meter.NewCalendar("Europe/London")
	require.NoError(b, err)
	ledger, err := dsm.NewLedger(dsm.Policy{
		Mode: dsm.ModeAdvisory, Tariff: dsm.Tariff{Currency: "GBP", Default: 0.3, DemandCharge: charge,
			Periods: []dsm.Period{{Name: "night", Days: "All", Start: "00:00", End: "07:00", Price: 0.1}}},
		Flexibility: dsm.Flexibility{ShiftableShare: 0.3},
	}, cal, "default/bench")
	require.NoError(b, err)
	by := writer.Settling{Demand: charge > 0, Settle: func(open []writer.Unsettled) []decisions.Settled {
		out := make([]decisions.Settled, len(open))
		for i := range open {
			u := &open[i]
			r := twin.Realised(ledger, &u.Decision, nil, u.Actual, false, u.Peaks)
			out[i] = decisions.Settled{ID: u.ID, IssuedAt: u.IssuedAt, Method: decisions.SettledSimulated, KWhShifted: r.KWhShifted,
				KWReduction: r.KWReduction, SavingEnergy: r.SavingEnergy, SavingDemand: r.SavingDemand, CO2Kg: r.CO2Kg}
		}
		return out
	}}
	n := 0
	for b.Loop() {
		b.StopTimer()
		_, err := s.Pool.Exec(b.Context(), `TRUNCATE realised, settling, month_peaks`)
		require.NoError(b, err)
		b.StartTimer()
		for some := 1; some > 0; n += some {
			some, err = s.SettleNext(b.Context(), by)
			require.NoError(b, err)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "decisions/s")
}

// limit reads and writes what settling does.
func (s *settleBench) limit(b *testing.B) {
	n := 0
	for b.Loop() {
		b.StopTimer()
		_, err := s.Pool.Exec(b.Context(), `TRUNCATE realised`)
		require.NoError(b, err)
		b.StartTimer()
		for d := range s.days {
			from, to := (day + meter.HoursPerDay*d).Time(), (day + meter.HoursPerDay*(d+1)).Time()
			for _, sql := range []string{
				`COPY (SELECT meter_no, ts, kwh FROM readings WHERE ts >= '` + from.Format("2006-01-02") + `' AND ts < '` + to.Format("2006-01-02") + `') TO STDOUT BINARY`,
				`COPY (SELECT id, meter_no, plan FROM decisions WHERE issued_at = '` + from.Format("2006-01-02") + `') TO STDOUT BINARY`,
			} {
				conn, err := s.Pool.Acquire(b.Context())
				require.NoError(b, err)
				_, err = conn.Conn().PgConn().CopyTo(b.Context(), discard{}, sql)
				require.NoError(b, err)
				conn.Release()
			}
			tag, err := s.Pool.Exec(b.Context(), `INSERT INTO realised (decision_id, issued_at, revision, method, kwh_shifted, kw_reduction, saving, saving_demand, co2_kg)
				SELECT id, issued_at, 0, 1, 1, 1, 1, 1, 1 FROM decisions WHERE issued_at = $1`, from)
			require.NoError(b, err)
			n += int(tag.RowsAffected())
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "decisions/s")
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
