package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// BenchmarkAccuracy judges the forecasts of 30 days of 2,000 meters, nearly as many rows as
// one request may read. Beside it stands what limits it: the same readings and forecasts
// read, and their hours counted.
func BenchmarkAccuracy(b *testing.B) {
	const meters, days = 2_000, 37
	s := openFilled(b, meters, days,
		`INSERT INTO groups (group_no, name) SELECT g, 'feeder-' || g FROM generate_series(1, 20) g WHERE $1::timestamptz IS NOT NULL AND $2::int > 0 AND $3::int > 0`,
		`INSERT INTO meters (meter_no, name, group_no, partition) OVERRIDING SYSTEM VALUE SELECT m, 'home-' || m, 1 + m % 20, 0 FROM generate_series(1, $2::int) m WHERE $1::timestamptz IS NOT NULL AND $3::int > 0`,
		`INSERT INTO readings (ts, meter_no, kwh)
		SELECT t, m, 0.5 + 0.1 * (m % 7) + extract(hour FROM t) / 24 + extract(day FROM t) / 100 FROM generate_series($1::timestamptz, $1::timestamptz + ($3::int * 24 - 1) * interval '1 hour', interval '1 hour') t,
			generate_series(1, $2::int) m`,
		`INSERT INTO forecasts (issued_at, meter_no, model, p10, p50, p90)
		SELECT t, m, 'combined', p, p, p FROM (SELECT array_fill(0.3::real, ARRAY[24]) p) p, generate_series(1, $2::int) m,
			generate_series($1::timestamptz + interval '7 days', $1::timestamptz + ($3::int - 1) * interval '1 day', interval '1 day') t`)
	end := day + days*meter.HoursPerDay
	for _, by := range []reader.AccuracyKey{reader.ByNothing, reader.ByLead, reader.ByMeter} {
		b.Run(string(by), func(b *testing.B) {
			for b.Loop() {
				lines, err := s.Accuracy(b.Context(), reader.AccuracyQuery{From: day + meter.HoursPerWeek, To: end, Now: end, By: by, Zone: "Europe/London"})
				require.NoError(b, err)
				require.NotEmpty(b, lines)
			}
		})
	}
	b.Run("limit", func(b *testing.B) {
		for b.Loop() {
			var readings, hours int
			require.NoError(b, s.Pool.QueryRow(b.Context(), `SELECT (SELECT count(kwh) FROM readings WHERE channel = 0 AND quality < 4),
				(SELECT count(v) FROM forecasts CROSS JOIN LATERAL unnest(p10, p50, p90) u(v))`).Scan(&readings, &hours))
			require.Equal(b, meters*days*meter.HoursPerDay, readings)
		}
	})
}
