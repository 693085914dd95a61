package dsm

import (
	"math"
	"math/rand/v2"
	"slices"

	"github.com/energytwin/energytwin/internal/forecast"
)

const (
	// scenarioCount is how many equally likely scenarios of a day a plan is evaluated
	// on.
	scenarioCount = 20

	// persistence is how much of an hour's forecast error the next hour keeps, as
	// the coefficient of a first-order autoregression: 0.85 is the median over 20
	// buildings in 2019 (four weeks' median as forecast; after 4 hours 0.58, after
	// 8 hours 0.30, where the autoregression has 0.52 and 0.27).
	persistence = 0.85

	// decileScore is the 90 % quantile of the standard normal distribution.
	decileScore = 1.2815515655446004
)

// drawMirrored fills in an even number of rows of standard normal errors by the hour, each
// of which keeps persistence of the hour before. Every second row is the mirror image of
// the one before it, so that their mean is 0.
func drawMirrored(rows [][maxSlots]float64, seed uint64) {
	r := rand.New(rand.NewPCG(seed, 85))
	fresh := math.Sqrt(1 - persistence*persistence)
	for k := 0; k < len(rows); k += 2 {
		e := r.NormFloat64()
		for t := range maxSlots {
			rows[k][t], rows[k+1][t] = e, -e
			e = persistence*e + fresh*r.NormFloat64()
		}
	}
}

// normalErrors are scenarios of a standard normal error: half of them drawn from a
// fixed seed, the others their mirror images, so that their mean is 0. They are
// the same in every process, as decisions have to be.
type normalErrors [scenarioCount][maxSlots]float64

func newNormalErrors() *normalErrors {
	z := new(normalErrors)
	drawMirrored(z[:], 20)
	for t := range maxSlots { // each hour has a standard deviation of 1
		sum := 0.0
		for k := range scenarioCount {
			sum += z[k][t] * z[k][t]
		}
		scale := 1 / math.Sqrt(sum/scenarioCount)
		for k := range scenarioCount {
			z[k][t] *= scale
		}
	}
	return z
}

// ExpectedLoad is what plans are made for: the mean of the scenarios of a forecast, in kWh by
// slot, of n slots. A slot without a forecast has 0.
func ExpectedLoad(q forecast.Quantiles, n int) [MaxSlots]float64 {
	var s scenarios
	s.set(newNormalErrors(), q, n, math.Inf(-1))
	return s.mean
}

// scenarioLoads are loads in kWh by slot and scenario.
type scenarioLoads [maxSlots][scenarioCount]float64

// scenarios are the loads that a meter's day may take, in kWh per slot.
type scenarios struct {
	load scenarioLoads
	mean [maxSlots]float64

	spreads scenarioSpreads // memory of set
}

// scenarioSpreads are the slots about which scenarios spread; the assembler reads it too.
type scenarioSpreads struct {
	median       [maxSlots]float64
	below, above [maxSlots]float64 // standard deviation on either side
	least        [maxSlots]float64 // no load is below
	sum          [maxSlots]float64 // of the deviations of all scenarios
}

// set spreads the scenarios about the median so that each hour has the forecast's
// 10 % and 90 % quantiles: median + z·σ, with a σ for either side (a two-piece
// normal distribution, Wallis 2014). A forecast that is nowhere negative has no
// negative scenario. It returns the slots with a forecast; the others count as 0.
func (s *scenarios) set(z *normalErrors, q forecast.Quantiles, n int, floor float64) (known uint32) {
	x := &s.spreads
	for t := range n {
		x.median[t], x.below[t], x.above[t], x.least[t] = 0, 0, 0, 0
		if t >= len(q.P50) || math.IsNaN(float64(q.P50[t])) {
			continue
		}
		known |= 1 << t
		median := max(float64(q.P50[t]), floor)
		low, high := spread(q.P10, t, median), spread(q.P90, t, median)
		least := floor
		if median-low >= 0 {
			least = max(floor, 0)
		}
		x.median[t], x.least[t] = median, least
		x.below[t], x.above[t] = max(low, 0)/decileScore, max(-high, 0)/decileScore
	}
	if hasVectors {
		drawScenarios(z, x, (n+3)/4, &s.load)
	} else {
		x.draw(z, n, &s.load)
	}
	for t := range n {
		s.mean[t] = x.median[t] + x.sum[t]/scenarioCount
	}
	return known
}

// draw fills in the loads of n slots.
func (x *scenarioSpreads) draw(z *normalErrors, n int, load *scenarioLoads) {
	for t := range n {
		// The side is looked up: a branch on a random sign costs more.
		sides := [2]float64{x.above[t], x.below[t]}
		sum := 0.0
		for k := range scenarioCount {
			e := z[k][t]
			v := x.median[t] + e*sides[math.Float64bits(e)>>63]
			if v < x.least[t] {
				v = x.least[t]
			}
			load[t][k] = v
			sum += v - x.median[t]
		}
		x.sum[t] = sum
	}
}

// scenario is one of the scenarios, of n slots.
func (s *scenarios) scenario(k, n int) (out [maxSlots]float64) {
	for t := range n {
		out[t] = s.load[t][k]
	}
	return out
}

// spread is the median less a quantile; 0 where the quantile is not known.
func spread(quantile []float32, t int, median float64) float64 {
	if t >= len(quantile) || math.IsNaN(float64(quantile[t])) {
		return 0
	}
	return median - float64(quantile[t])
}

// outcomes are what a plan is worth on each scenario of a day.
type outcomes struct {
	cash, value    [scenarioCount]float64
	energy, demand float64 // means of the two parts of cash
	co2            float64 // mean; NaN if the intensity of a changed hour is unknown
}

func (o *outcomes) set(k int, w worth) {
	if k == 0 {
		o.energy, o.demand, o.co2 = 0, 0, 0
	}
	o.cash[k], o.value[k] = w.cash, w.value
	o.energy += (w.cash - w.demand) / scenarioCount
	o.demand += w.demand / scenarioCount
	o.co2 += w.co2 / scenarioCount
}

// expected is the mean of the values, by the policy's objective.
func (o *outcomes) expected() float64 {
	sum := 0.0
	for _, v := range o.value {
		sum += v
	}
	return sum / scenarioCount
}

// setSavings sets the quantiles of the saving and its two parts.
func (out *Decision) setSavings(o *outcomes) {
	p10, p50, p90 := o.quantiles()
	out.SavingP10, out.SavingP50, out.SavingP90 = float32(p10), float32(p50), float32(p90)
	out.SavingEnergy, out.SavingDemand = float32(o.energy), float32(o.demand)
}

// quantiles sorts the savings and gives three of their quantiles, between the
// neighbours in proportion.
func (o *outcomes) quantiles() (p10, p50, p90 float64) {
	slices.Sort(o.cash[:])
	return o.quantile(0.1), o.quantile(0.5), o.quantile(0.9)
}

func (o *outcomes) quantile(share float64) float64 {
	at := share * (scenarioCount - 1)
	i := int(at)
	return o.cash[i] + (at-float64(i))*(o.cash[i+1]-o.cash[i])
}

// confidence is the share of scenarios on which the plan gains by the objective.
func (o *outcomes) confidence() float32 {
	n := 0
	for _, v := range o.value {
		if v > 0 {
			n++
		}
	}
	return float32(n) / scenarioCount
}
