package timescale

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// meterRange is what meterProbes is measured against: one range of the key.
const meterRange = `SELECT r.ts, r.kwh FROM readings r
	WHERE r.meter_no = $6 AND r.channel = 0 AND r.ts >= $1 AND r.ts < $2`

// BenchmarkMeterHistory reads 60 days of one meter out of 1000.
func BenchmarkMeterHistory(b *testing.B) {
	const days = 60
	for _, srv := range servers {
		if srv.one != nil {
			continue
		}
		s := srv.open(b)
		bench := newCommitBench(b, s, 1000, 24_000)
		for range days {
			require.NoError(b, s.Commit(b.Context(), bench.next()))
		}
		_, err := s.pool.Exec(b.Context(), `VACUUM ANALYZE readings`)
		require.NoError(b, err)
		q := SeriesQuery{From: day, To: day + days*meter.HoursPerDay, Unit: Days, Aggregate: Sum}
		for _, c := range []struct{ name, source string }{{"probes", meterProbes}, {"range", meterRange}} {
			b.Run(srv.kind+"/"+c.name, func(b *testing.B) {
				for b.Loop() {
					points, err := s.series(b.Context(), q, c.source, bench.meters[500].MeterNo)
					require.NoError(b, err)
					require.Len(b, points, days)
				}
			})
		}
	}
}
