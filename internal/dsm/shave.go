package dsm

import "math"

// ShavePeak plans a day of one meter so that its highest hour becomes as low as
// its flexibility allows, and returns how high that is in kW. load is in kWh by
// hour, plan the change of each hour; plan has the length of load, at most 32.
//
// The lowest peak M is that of peakProblem. Hours above M give what lies above
// it; it goes to the lowest hours, which are filled up to one level, the same
// for all, so that a forecast that errs has the most room left.
func ShavePeak(load []float64, flex Flexibility, plan []float64) (peak float64) {
	q := peakProblem{n: len(load), reach: len(load), rebound: flex.Rebound}
	room := flex.MaxIncrease * peakOf(load)
	for t, v := range load {
		q.load[t], q.give[t], q.room[t] = v, flex.ShiftableShare*max(v, 0), room
	}
	peak = q.lowest(math.Inf(-1))
	moved := 0.0
	for t, v := range load {
		plan[t] = -max(v-peak, 0)
		moved -= plan[t]
	}
	fillValleys(&q, peak, (1+flex.Rebound)*moved, plan)
	return peak
}

// fillValleys spreads energy over the hours below a peak, lowest first.
func fillValleys(q *peakProblem, peak, energy float64, plan []float64) {
	if energy <= 0 {
		return
	}
	placed := func(level float64) (sum float64) {
		for t := range q.n {
			sum += min(max(level-q.load[t], 0), q.room[t])
		}
		return sum
	}
	low, high := peak, peak
	for t := range q.n {
		low = min(low, q.load[t])
	}
	const steps = 60 // halve the range until nothing is left to decide
	for range steps {
		level := low + (high-low)/2
		if placed(level) < energy {
			low = level
		} else {
			high = level
		}
	}
	for t := range q.n {
		plan[t] += min(max(high-q.load[t], 0), q.room[t])
	}
}
