package timescale_test

import (
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// meterRange reads one range of the key, which the reader's way is measured against.
const meterRange = `SELECT date_trunc('day', r.ts, 'UTC') AS day, sum(r.kwh::float8) FROM readings r
	WHERE r.meter_no = $3 AND r.channel = 0 AND r.ts >= $1 AND r.ts < $2 GROUP BY day ORDER BY day`

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
		_, err := s.Pool.Exec(b.Context(), `VACUUM ANALYZE readings`)
		require.NoError(b, err)
		q := reader.SeriesQuery{From: day, To: day + days*meter.HoursPerDay, Unit: reader.Days, Aggregate: reader.Sum}
		no := bench.meters[500].MeterNo
		b.Run(srv.kind, func(b *testing.B) {
			for b.Loop() {
				points, err := s.MeterSeries(b.Context(), no, q)
				require.NoError(b, err)
				require.Len(b, points, days)
			}
		})
		b.Run(srv.kind+"/range", func(b *testing.B) {
			for b.Loop() {
				rows, err := s.Pool.Query(b.Context(), meterRange, q.From.Time(), q.To.Time(), no)
				require.NoError(b, err)
				points, err := pgx.CollectRows(rows, pgx.RowToStructByPos[dayTotal])
				require.NoError(b, err)
				require.Len(b, points, days)
			}
		})
	}
}

type dayTotal struct {
	Day time.Time
	KWh float64
}
