package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkSkillOf judges a day of 10,000 meters, as the status port does once for
// each day.
func BenchmarkSkillOf(b *testing.B) {
	const meters, days = 10_000, 15
	s := openFilled(b, meters, days,
		`INSERT INTO readings (ts, meter_no, kwh)
		SELECT t, m, 0.1 * (m % 7) FROM generate_series($1::timestamptz, $1::timestamptz + ($3::int * 24 - 1) * interval '1 hour', interval '1 hour') t,
			generate_series(1, $2::int) m`,
		`INSERT INTO forecasts (issued_at, meter_no, model, p10, p50, p90)
		SELECT t, m, 'combined', p, p, p FROM (SELECT array_fill(0.3::real, ARRAY[24]) p) p, generate_series(1, $2::int) m,
			generate_series($1::timestamptz, $1::timestamptz + ($3::int - 1) * interval '1 day', interval '1 day') t`)
	for b.Loop() {
		skill, err := s.SkillOf(b.Context(), day+24*(days-1))
		require.NoError(b, err)
		require.Equal(b, meters*24, skill.Hours)
	}
}
