package timescale_test

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
)

// A forecast of a group is read as it was issued, with the risk of its limit or without one.
func TestForecastsOfGroupsComeBack(t *testing.T) {
	onEveryServer(t, func(t *testing.T, s store) {
		tw := newSmall(t, s)
		group := tw.meters[0].GroupNo
		with := twin.GroupForecast{
			GroupNo: group, IssuedAt: day + 24, DayAhead: true, Model: "test",
			P10: []float32{1, 2}, P50: []float32{2, 3}, P90: []float32{3, 4},
			Limit: &twin.LimitRisk{
				CapacityKW:        3.5,
				ProbabilityBefore: []float32{0.02, 0.25}, ProbabilityAfter: []float32{0.01, 0.125},
				ExcessBefore: []float32{0.5, 0.75}, ExcessAfter: []float32{0, 0.5},
			},
		}
		without := twin.GroupForecast{
			GroupNo: group, IssuedAt: day + 30, Model: "test", P10: []float32{1}, P50: []float32{2}, P90: []float32{3},
		}
		b := tw.batch(1)
		b.GroupForecasts = []twin.GroupForecast{with, without}
		tw.commit(t, s, b)
		read := func(dayAhead bool) []twin.GroupForecast {
			got, err := s.GroupForecasts(t.Context(), group, day+24, day+48, dayAhead, 10)
			require.NoError(t, err)
			return got
		}
		require.Equal(t, []twin.GroupForecast{without, with}, read(false))
		require.Equal(t, []twin.GroupForecast{with}, read(true))
		newest := func(from, to meter.Hour) []twin.GroupForecast {
			got, err := s.NewestGroupForecasts(t.Context(), from, to)
			require.NoError(t, err)
			return got
		}
		require.Equal(t, []twin.GroupForecast{without}, newest(day+24, day+30))
		require.Equal(t, []twin.GroupForecast{with}, newest(day+24, day+29))
		require.Empty(t, newest(day+25, day+29))

		risk, err := s.GroupRisk(t.Context(), group, day+24, day+48)
		require.NoError(t, err)
		require.Equal(t, []reader.HourRisk{
			{Hour: day + 24, CapacityKW: 3.5, P50: 2, ProbabilityBefore: float64(float32(0.02)), ProbabilityAfter: float64(float32(0.01)), ExcessBefore: .5},
			{Hour: day + 25, CapacityKW: 3.5, P50: 3, ProbabilityBefore: .25, ProbabilityAfter: .125, ExcessBefore: .75, ExcessAfter: .5},
		}, risk, "the newer forecast covers later hours, and knew no limit")
	})
}
