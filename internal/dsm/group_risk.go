package dsm

import (
	"math"
	"slices"

	"github.com/energytwin/energytwin/internal/forecast"
)

const (
	// riskScenarios is how many joint scenarios of a group's day its limit is evaluated
	// on: a probability of 0.1 then has a standard error of 0.013.
	riskScenarios = 500

	// errorCorrelation is the correlation of the errors of two meters in one hour, for a
	// group without a forecast of its own. Bands
	// of groups of ten buildings, made from the sum's own errors, are 0.49 as wide as the
	// sum of the meters' bands, and those of nine homes 0.42: for equal meters the share
	// is √(ρ + (1−ρ)/n), so ρ is 0.15 and 0.08.
	errorCorrelation = 0.12

	// meanOfHalf is the mean of the positive half of a standard normal, 1/√(2π): how
	// far an unequal spread moves the mean of a two-piece normal off its median.
	meanOfHalf = 0.3989422804014327
)

// jointErrors are equally likely standard errors of a group's sum by the hour, with
// the persistence of a meter's. They are the same in every process.
type jointErrors struct {
	of       [riskScenarios][maxSlots]float64
	greatest [maxSlots]float64 // of all scenarios
}

func newJointErrors() *jointErrors {
	z := new(jointErrors)
	drawMirrored(z.of[:], 500)
	for k := range z.of {
		for t, e := range z.of[k] {
			z.greatest[t] = max(z.greatest[t], e)
		}
	}
	return z
}

// groupRisk is how far the sum of a group may err, and what follows for its limit.
type groupRisk struct {
	up, down [maxSlots]float64 // standard deviations above and below the median, kWh
	shift    [maxSlots]float64 // of the mean by the group's own forecast from the sum of its meters', kWh
	reserve  [maxSlots]float64 // that plans leave below the capacity, kWh; 0 where the limit holds for the mean day

	before, after float64 // probability that some hour exceeds the capacity, without plans and with them
	excess        float64 // expected energy above the capacity with the plans, kWh
}

// learn takes the load of the group from its own forecast, where it has one: the
// spread, and how far its mean lies from sum, that of its meters' means. The other
// hours keep that mean, and a spread that follows from the meters'.
func (g *groupRisk) learn(meters []MeterInput, n int, own forecast.Quantiles, sum *[maxSlots]float64) {
	g.addSpreads(meters, n)
	for t := range min(n, len(own.P50)) {
		median := float64(own.P50[t])
		if median != median {
			continue
		}
		g.up[t], g.down[t] = sidesOf(own, t)
		g.shift[t] = median + g.offset(t) - sum[t]
	}
}

// addSpreads adds the meters' spreads up as errors that have errorCorrelation: the sum's
// variance is ρ·(Σσ)² + (1−ρ)·Σσ². Errors of all meters at once, as if ρ were 1, would
// make it wider by half the number of meters' root.
func (g *groupRisk) addSpreads(meters []MeterInput, n int) {
	for t := range n {
		var up, down, up2, down2 float64
		for i := range meters {
			a, b := sidesOf(meters[i].Forecast, t)
			up, up2 = up+a, up2+a*a
			down, down2 = down+b, down2+b*b
		}
		g.up[t] = math.Sqrt(errorCorrelation*up*up + (1-errorCorrelation)*up2)
		g.down[t] = math.Sqrt(errorCorrelation*down*down + (1-errorCorrelation)*down2)
	}
}

// sidesOf are the standard deviations above and below the median of a meter's hour.
func sidesOf(q forecast.Quantiles, t int) (up, down float64) {
	if t >= len(q.P50) || q.P50[t] != q.P50[t] {
		return 0, 0
	}
	median := float64(q.P50[t])
	return max(-spread(q.P90, t, median), 0) / decileScore, max(spread(q.P10, t, median), 0) / decileScore
}

// atRisk is how many standard deviations above its load an hour counts as one that
// may exceed the capacity.
const atRisk = 3

// setReserve finds the reserve with which some hour of the day exceeds the capacity
// with a probability of exceedance at most: κ standard deviations in each hour, where
// κ is the quantile of the greatest error of the day, over the hours that may exceed.
// It is 0 for a group without an exceedance.
func (g *groupRisk) setReserve(z *jointErrors, n int, load, planned *[maxSlots]float64, capacity, exceedance float64) {
	if exceedance <= 0 {
		return
	}
	var worst [riskScenarios]float64
	for t := range n {
		if max(load[t], planned[t])+atRisk*g.up[t] <= capacity {
			continue
		}
		for k := range worst {
			worst[k] = max(worst[k], z.of[k][t])
		}
	}
	slices.Sort(worst[:])
	kappa := worst[min(int(math.Ceil((1-exceedance)*riskScenarios)), riskScenarios)-1]
	for t := range n {
		g.reserve[t] = max(kappa*g.up[t]-g.offset(t), 0)
	}
}

// offset is how far the mean of an hour lies above its median.
func (g *groupRisk) offset(t int) float64 { return meanOfHalf * (g.up[t] - g.down[t]) }

// exceeds evaluates a mean load on the joint scenarios: the probability that some hour
// from the slot first on exceeds the capacity, and the energy expected above it.
func (g *groupRisk) exceeds(z *jointErrors, first, n int, mean *[maxSlots]float64, capacity float64) (probability, kwh float64) {
	limit := capacity * (1 + 1e-9)
	var above [riskScenarios]float64
	for t := first; t < n; t++ {
		middle := mean[t] - g.offset(t)
		if middle+z.greatest[t]*g.up[t]-limit <= 0 {
			continue // no scenario exceeds it
		}
		// The side is looked up: a branch on a random sign costs more.
		sides := [2]float64{g.up[t], g.down[t]}
		for k := range above {
			e := z.of[k][t]
			above[k] += max(middle+e*sides[math.Float64bits(e)>>63]-limit, 0)
		}
	}
	days := 0
	for _, a := range above {
		if a > 0 {
			days++
		}
		kwh += a / riskScenarios
	}
	return float64(days) / riskScenarios, kwh
}
