package dsm

import (
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// nearEqual is the share of the day's range of values within which hours count
// as equally good, so that load is spread over them instead of all meters
// moving to the very cheapest one. A plan loses at most twice that share of the
// range per kWh.
const nearEqual = 0.01

// dayRates are the rates of one plan's slots. All meters share them.
type dayRates struct {
	start meter.Hour
	n     int
	quiet uint32 // slots in which no load is taken away

	price  [maxSlots]float64 // currency per kWh
	carbon [maxSlots]float64 // kg per kWh, NaN where unknown
	value  [maxSlots]float64 // Cost·price + Carbon·carbon; an unknown carbon counts as the day's mean

	// worth and cost stand in for value where near-equal hours are to be treated
	// alike: the least and the greatest value of the hours that are near-equal.
	// So a move that pays by them pays by the true values too.
	worth [maxSlots]float64
	cost  [maxSlots]float64

	feedIn [maxSlots]float64 // value of a kWh fed in: what it earns, and the carbon that it avoids
	ownUse [maxSlots]float64 // value of a kWh that is used instead of fed in: feedIn, not below 0 with a rebound
}

// hour is the hour of a slot.
func (d *dayRates) hour(t int) meter.Hour { return d.start + meter.Hour(t) }

// set fills in the rates of n slots from start on, unless they are there.
func (d *dayRates) set(p *planner, start meter.Hour, n int) {
	if d.n == n && d.start == start {
		return
	}
	r, o, rebound := p.rates, p.policy.Objective, p.policy.Flexibility.Rebound
	d.start, d.n, d.quiet = start, n, 0
	for t := range n {
		h := start + meter.Hour(t)
		d.price[t] = r.price(h)
		d.carbon[t] = r.carbonAt(h)
		if p.quiet != nil && p.quiet.price(h) > 0 {
			d.quiet |= 1 << t
		}
	}
	mean := meanOfKnown(d.carbon[:n])
	for t := range n {
		d.value[t] = o.Cost*d.price[t] + o.Carbon*orElse(d.carbon[t], mean)
		carbon := d.value[t] - o.Cost*d.price[t]
		d.feedIn[t] = o.Cost*p.policy.Tariff.Export + carbon
		d.ownUse[t] = d.feedIn[t]
		if rebound > 0 {
			d.ownUse[t] = max(d.ownUse[t], 0)
		}
	}
	d.setNearEqual(rebound)
}

// setNearEqual groups the hours by value, each group as wide as near-equal
// hours may differ. With a rebound, values below zero count as zero: a load that
// grows when moved would else gain by being moved about, which no home does. The
// plan stays feasible, and what it is worth is computed with the true values.
func (d *dayRates) setNearEqual(rebound float64) {
	var order [maxSlots]uint8
	var v [maxSlots]float64
	low, high := math.Inf(1), math.Inf(-1)
	for t := range d.n {
		v[t] = d.value[t]
		if rebound > 0 {
			v[t] = max(v[t], 0)
		}
		low, high = min(low, v[t]), max(high, v[t])
		i := t
		for ; i > 0 && v[order[i-1]] > v[t]; i-- {
			order[i] = order[i-1]
		}
		order[i] = uint8(t)
	}
	width := nearEqual * (high - low)
	for first := 0; first < d.n; {
		end := first + 1
		for end < d.n && v[order[end]] <= v[order[first]]+width {
			end++
		}
		for _, t := range order[first:end] {
			d.worth[t], d.cost[t] = v[order[first]], v[order[end-1]]
		}
		first = end
	}
}

// meanOfKnown is the mean of the values that are not NaN, 0 if there is none.
func meanOfKnown(values []float64) float64 {
	sum, n := 0.0, 0
	for _, v := range values {
		if v == v {
			sum += v
			n++
		}
	}
	if n == 0 {
		return 0
	}
	return sum / float64(n)
}

func orElse(v, other float64) float64 {
	if v == v {
		return v
	}
	return other
}
