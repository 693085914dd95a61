package dsm

import (
	"math"

	"github.com/energytwin/energytwin/internal/forecast"
)

// HourRisk is the probability that the load of hour t of a forecast exceeds a capacity, kW,
// and the energy expected above it, kWh, with a change of the load, kWh. The load is a
// two-piece normal through the quantiles, as in the joint scenarios of a limit. Both are
// NaN where the forecast has no value, and 0 where an exceedance is less likely than
// negligible.
func HourRisk(q forecast.Quantiles, t int, change, capacity float64) (probability, excess float64) {
	median := float64(q.P50[t])
	if median != median {
		return math.NaN(), math.NaN()
	}
	up, down := sidesOf(q, t)
	room := capacity - median - change
	if room >= 0 {
		return upperTail(room, up)
	}
	below, rest := upperTail(-room, down)
	return 1 - below, -room + meanOfHalf*(up-down) + rest
}

// negligible is the probability of an hour in a century.
const negligible = 1e-6

// upperTail is, for a normal error with deviation sigma ≥ 0 whose median is 0, the
// probability that it exceeds x ≥ 0, and the mean of what is above x.
func upperTail(x, sigma float64) (probability, excess float64) {
	if sigma <= 0 {
		return 0, 0
	}
	a := x / sigma
	if probability = math.Erfc(a/math.Sqrt2) / 2; probability < negligible {
		return 0, 0
	}
	density := math.Exp(-a*a/2) * meanOfHalf
	return probability, max(sigma*density-x*probability, 0)
}
