package dsm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/forecast"
)

// The closed form agrees with draws of the same load.
func TestHourRisk(t *testing.T) {
	q := forecast.Quantiles{P10: []float32{8}, P50: []float32{10}, P90: []float32{14}}
	r := rand.New(rand.NewPCG(7, 7))
	const n = 200_000
	errors := make([]float64, n)
	for i := range errors {
		errors[i] = r.NormFloat64()
	}
	for _, capacity := range []float64{3, 7, 9.5, 10, 10.5, 13, 16, 40} {
		for _, change := range []float64{-1.5, 0, 2} {
			exceeded, excess := 0.0, 0.0
			up, down := sidesOf(q, 0)
			for _, e := range errors {
				side := up
				if e < 0 {
					side = down
				}
				if above := 10 + change + e*side - capacity; above > 0 {
					exceeded++
					excess += above
				}
			}
			probability, kwh := HourRisk(q, 0, change, capacity)
			require.InDelta(t, exceeded/n, probability, 0.006)
			require.InDelta(t, excess/n, kwh, 0.06)
		}
	}
	probability, _ := HourRisk(q, 0, 0, 14)
	require.InDelta(t, 0.1, probability, 1e-6, "the 90 % quantile")

	sure := forecast.Quantiles{P10: []float32{5}, P50: []float32{5}, P90: []float32{5}}
	probability, kwh := HourRisk(sure, 0, 0, 4)
	require.Equal(t, []float64{1, 1}, []float64{probability, kwh})
	probability, kwh = HourRisk(sure, 0, 0, 5)
	require.Equal(t, []float64{0, 0}, []float64{probability, kwh})

	nan := float32(math.NaN())
	probability, kwh = HourRisk(forecast.Quantiles{P10: []float32{nan}, P50: []float32{nan}, P90: []float32{nan}}, 0, 0, 4)
	require.True(t, math.IsNaN(probability) && math.IsNaN(kwh))
}
