package dsm

import "math"

// peakProblem asks how low the highest hour can be brought:
//
//	minimise M subject to max(load−give) ≤ M, and what is taken above M can be
//	placed below it: hour a gives (load−M)⁺, hour b takes at most
//	min(room, (M−load)⁺), (1+ρ) kWh arrive per kWh taken, |a−b| ≤ reach.
type peakProblem struct {
	n       int
	reach   int
	rebound float64
	load    [maxSlots]float64
	give    [maxSlots]float64
	room    [maxSlots]float64
}

// lowest is the smallest such M that is not below floor.
func (p *peakProblem) lowest(floor float64) float64 {
	low, high := floor, floor
	for t := range p.n {
		low = max(low, p.load[t]-p.give[t])
		high = max(high, p.load[t])
	}
	if p.reach < p.n {
		return p.lowestWithin(low, high)
	}
	return p.lowestAnywhere(low, high)
}

// surplus is the space below m less the energy above it, rebound included, with
// its slope: it never falls with m and is linear between breakpoints.
func (p *peakProblem) surplus(m float64) (value, slope float64) {
	factor := 1 + p.rebound
	for t := range p.n {
		switch gap := m - p.load[t]; {
		case gap < 0:
			value += factor * gap
			slope += factor
		case gap < p.room[t]:
			value += gap
			slope++
		default:
			value += p.room[t]
		}
	}
	return value, slope
}

// lowestAnywhere finds the root of surplus between low and high: Newton's step,
// which ends on the linear piece that holds the root, or the middle where the
// step leaves the bracket (and every fourth time, so that the bracket shrinks).
func (p *peakProblem) lowestAnywhere(low, high float64) float64 {
	value, slope := p.surplus(low)
	if value >= 0 {
		return low
	}
	m := low
	for i := range 200 {
		if value < 0 {
			low = m
		} else {
			high = m
		}
		next := m - value/slope
		if next == m {
			return m
		}
		if next <= low || next >= high || i%4 == 3 {
			next = low + (high-low)/2
		}
		if next <= low || next >= high {
			return high
		}
		m = next
		if value, slope = p.surplus(m); value == 0 {
			return m
		}
	}
	return high
}

// lowestWithin bisects on whether all that lies above m can be placed, from what
// would do if any hour could take it.
func (p *peakProblem) lowestWithin(low, high float64) float64 {
	if low = p.lowestAnywhere(low, high); p.fits(low) {
		return low
	}
	const near = 1e-13 // of the peak: rounding
	for high-low > near*math.Abs(high) {
		m := low + (high-low)/2
		if m <= low || m >= high {
			break
		}
		if p.fits(m) {
			high = m
		} else {
			low = m
		}
	}
	return high
}

// fits reports whether what lies above m can be placed below it within reach.
func (p *peakProblem) fits(m float64) bool {
	factor := 1 + p.rebound
	var need, space [maxSlots]float64
	for t := range p.n {
		need[t] = factor * max(p.load[t]-m, 0)
		space[t] = min(p.room[t], max(m-p.load[t], 0))
	}
	return placeable(p.n, p.reach, &need, &space, 0)
}

// placeable reports whether the need of every hour finds space within reach, up
// to slack. Needs come in order of time and take the earliest space first: as
// both ends of their windows move on together, no other order places more
// (Glover 1967).
func placeable(n, reach int, need, space *[maxSlots]float64, slack float64) bool {
	used, b := 0.0, 0 // of the space at b
	for a := range n {
		left := need[a]
		if left <= slack {
			continue
		}
		if b < a-reach {
			b, used = a-reach, 0
		}
		for left > slack {
			if b >= n || b > a+reach {
				return false
			}
			free := space[b] - used
			if free > left {
				used += left
				break
			}
			left -= max(free, 0)
			b, used = b+1, 0
		}
	}
	return true
}
