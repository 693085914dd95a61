package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/timescale/writer"
)

// BenchmarkOutcomes sums up the outcomes of the plans of 10,000 meters in 60 days,
// and in the last 7 of them as the first page asks for.
func BenchmarkOutcomes(b *testing.B) {
	const meters, days = 10_000, 60
	s := openFilled(b, meters, days,
		`INSERT INTO decisions (id, issued_at, valid_from, valid_to, actionable_from, partition, meter_no, group_no, provenance_no,
			kwh_shifted, kw_reduction, saving_p10, saving_p50, saving_p90, confidence, missing_share, action, reason, stale, plan, packed_version)
		SELECT gen_random_uuid(), t, t, t + interval '1 day', t, 0, m, m % 100 + 1, 1, 1, 1, 0.1, 0.2, 0.3, 1, 0, 1, 1, false, array_fill(0.5::real, ARRAY[24]), 1
		FROM generate_series(1, $2::int) m, generate_series($1::timestamptz, $1::timestamptz + ($3::int - 1) * interval '1 day', interval '1 day') t
		ORDER BY t, m`,
		`INSERT INTO realised (decision_id, issued_at, revision, method, kwh_shifted, kw_reduction, saving, co2_kg)
		SELECT id, issued_at, 0, 1, 1, 1, 0.2, 0.1 FROM decisions
		WHERE issued_at >= $1 AND $2::int > 0 AND $3::int > 0`,
		`INSERT INTO stream_offsets (partition, watermark) SELECT 0, $1::timestamptz + $3::int * interval '1 day' WHERE $2::int > 0`,
		`INSERT INTO settling (partition, settled_to) SELECT 0, $1::timestamptz + $3::int * interval '1 day' WHERE $2::int > 0`)
	_, err := s.SettleNext(b.Context(), writer.Settling{}) // sums up what is settled
	require.NoError(b, err)
	for name, q := range map[string]reader.OutcomeQuery{
		"all":  {From: day, To: day + 24*days, Now: day + 24*days, Unit: reader.Days, Zone: "Europe/London"},
		"week": {From: day + 24*(days-7), To: day + 24*days, Now: day + 24*days},
		"one":  {Scope: reader.Scope{MeterNo: ptr(int32(77))}, From: day, To: day + 24*days, Now: day + 24*days, Unit: reader.Months},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				_, err := s.Outcomes(b.Context(), q)
				require.NoError(b, err)
			}
		})
	}
}

// openFilled is a database that statements have filled. They are given the first
// day, the number of meters, and that of days.
func openFilled(b *testing.B, meters, days int, statements ...string) store {
	b.Helper()
	if len(servers) == 0 {
		b.Skip("no PostgreSQL here")
	}
	return servers[0].filled(b, meters, days, statements...)
}

// filled is a database of this server after some statements.
func (srv server) filled(b *testing.B, meters, days int, statements ...string) store {
	b.Helper()
	s := srv.open(b)
	for _, sql := range statements {
		_, err := s.Pool.Exec(b.Context(), sql, day.Time(), meters, days)
		require.NoError(b, err)
	}
	_, err := s.Pool.Exec(b.Context(), `VACUUM ANALYZE`)
	require.NoError(b, err)
	return s
}
