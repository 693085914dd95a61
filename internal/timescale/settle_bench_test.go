package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/writer"
	"github.com/energytwin/energytwin/internal/twin"
)

// BenchmarkSettle settles the plans of 10,000 meters, day by day. Beside it stands what
// limits it: the same readings and decisions read, and as many outcomes written, with
// nothing done to them.
func BenchmarkSettle(b *testing.B) {
	const meters, days = 10_000, 8
	s := openFilled(b, meters, days,
		`INSERT INTO meters (meter_no, name, group_no, partition) OVERRIDING SYSTEM VALUE SELECT m, 'home-' || m, 0, m % 12 FROM generate_series(1, $2::int) m WHERE $1::timestamptz IS NOT NULL AND $3::int > 0`,
		`INSERT INTO stream_offsets (partition, owner, epoch, next_offset, watermark)
		SELECT p, 'bench', 1, 1, $1::timestamptz + $3::int * interval '1 day' FROM generate_series(0, 11) p WHERE $2::int > 0`,
		`INSERT INTO readings (ts, meter_no, kwh) SELECT t, m, 0.5 + m % 7 * 0.1
		FROM generate_series($1::timestamptz, $1::timestamptz + $3::int * interval '1 day' - interval '1 hour', interval '1 hour') t, generate_series(1, $2::int) m`,
		`INSERT INTO decisions (id, issued_at, valid_from, valid_to, actionable_from, partition, meter_no, group_no, provenance_no,
			kwh_shifted, kw_reduction, saving_p10, saving_p50, saving_p90, saving_energy, saving_demand, month_peak, confidence, missing_share, action, reason, stale, plan, packed_version)
		SELECT gen_random_uuid(), t, t, t + interval '1 day', t, m % 12, m, 0, 1, 1, 1, 0.1, 0.2, 0.3, 0.1, 0.1, 0, 1, 0, 1, 1, false,
			array_fill(0.05::real, ARRAY[12]) || array_fill(-0.05::real, ARRAY[12]), 2
		FROM generate_series(1, $2::int) m, generate_series($1::timestamptz, $1::timestamptz + ($3::int - 1) * interval '1 day', interval '1 day') t
		ORDER BY t, m`)
	cal, err := meter.NewCalendar("Europe/London")
	require.NoError(b, err)
	for _, charge := range []float64{0, 4} {
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
		b.Run(map[bool]string{false: "energy", true: "energy and demand"}[charge > 0], func(b *testing.B) {
			n := 0
			for b.Loop() {
				b.StopTimer()
				_, err := s.Pool.Exec(b.Context(), `TRUNCATE realised, settling, month_peaks`)
				require.NoError(b, err)
				b.StartTimer()
				for {
					some, err := s.SettleNext(b.Context(), by)
					require.NoError(b, err)
					if some == 0 {
						break
					}
					n += some
				}
			}
			b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "decisions/s")
		})
	}
	b.Run("limit", func(b *testing.B) {
		n := 0
		for b.Loop() {
			b.StopTimer()
			_, err := s.Pool.Exec(b.Context(), `TRUNCATE realised`)
			require.NoError(b, err)
			b.StartTimer()
			for d := range meter.Hour(days) {
				from, to := (day + 24*d).Time(), (day + 24*(d+1)).Time()
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
	})
}

type discard struct{}

func (discard) Write(p []byte) (int, error) { return len(p), nil }
