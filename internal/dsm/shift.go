package dsm

import "github.com/energytwin/energytwin/internal/forecast"

// maxSlots is the most hours that a plan can have; a set of slots fits a word.
const maxSlots = 32

var _ [maxSlots - forecast.MaxHorizon]struct{} // a forecast fits a plan

// shiftProblem asks which load to move where:
//
//	maximise Σ worth·d − Σ cost·u
//	subject to 0 ≤ d ≤ give, 0 ≤ u ≤ room, and (1+ρ)·x(a→b) kWh arrive at b for
//	each x(a→b) taken from a, which is allowed for 0 < |a−b| ≤ reach only.
//
// d is the sum of x over its targets, u that of (1+ρ)·x over its sources. All
// energies are in kWh, all prices in currency per kWh.
type shiftProblem struct {
	n       int
	reach   int     // hours; n or more: anywhere
	rebound float64 // ρ ≥ 0
	give    [maxSlots]float64
	room    [maxSlots]float64
	worth   [maxSlots]float64
	cost    [maxSlots]float64
	level   [maxSlots]float64 // load before the shift; breaks ties: give from high, take to low
}

// shiftPlan is a solution: energy taken away and energy added, per slot.
type shiftPlan struct {
	down [maxSlots]float64
	up   [maxSlots]float64
}

// moved is Σd.
func (s *shiftPlan) moved(n int) float64 {
	sum := 0.0
	for _, d := range s.down[:n] {
		sum += d
	}
	return sum
}

// gain is the objective at a plan.
func (p *shiftProblem) gain(s *shiftPlan) float64 {
	sum := 0.0
	for t := range p.n {
		sum += p.worth[t]*s.down[t] - p.cost[t]*s.up[t]
	}
	return sum
}

// negligible is the energy below which a rest counts as rounding.
func (p *shiftProblem) negligible() float64 {
	most := 0.0
	for _, g := range p.give[:p.n] {
		most = max(most, g)
	}
	return most * 1e-13
}

// slotOrder holds slots in the order in which a solver wants to use them.
type slotOrder struct {
	n    int
	slot [maxSlots]uint8
}

// donors sets o to the slots that can give, the most worth first; of equal
// worth the highest level first.
func (o *slotOrder) donors(p *shiftProblem) {
	o.n = 0
	for t := range p.n {
		if p.give[t] <= 0 {
			continue
		}
		i := o.n
		for ; i > 0; i-- {
			s := o.slot[i-1]
			if p.worth[s] > p.worth[t] || p.worth[s] == p.worth[t] && p.level[s] >= p.level[t] {
				break
			}
			o.slot[i] = s
		}
		o.slot[i] = uint8(t)
		o.n++
	}
}

// receivers sets o to the slots that can take, the cheapest first; of equal
// cost the lowest level first.
func (o *slotOrder) receivers(p *shiftProblem) {
	o.n = 0
	for t := range p.n {
		if p.room[t] <= 0 {
			continue
		}
		i := o.n
		for ; i > 0; i-- {
			s := o.slot[i-1]
			if p.cost[s] < p.cost[t] || p.cost[s] == p.cost[t] && p.level[s] <= p.level[t] {
				break
			}
			o.slot[i] = s
		}
		o.slot[i] = uint8(t)
		o.n++
	}
}

// shiftAnywhere solves the problem for an unlimited reach: the dearest donors
// give to the cheapest receivers while worth > (1+ρ)·cost. That is optimal
// because any donor may serve any receiver, so only the marginal pair matters.
// It needs costs ≥ 0 where ρ > 0 (else an hour would gain by serving itself).
// Receivers of equal cost are then filled from the lowest level up.
func shiftAnywhere(p *shiftProblem, out *shiftPlan) {
	*out = shiftPlan{}
	var from, to slotOrder
	from.donors(p)
	to.receivers(p)
	factor := 1 + p.rebound
	i, j := 0, 0
	for i < from.n && j < to.n {
		a, b := from.slot[i], to.slot[j]
		if p.worth[a] <= factor*p.cost[b] {
			break
		}
		left, space := p.give[a]-out.down[a], (p.room[b]-out.up[b])/factor
		x := min(left, space)
		out.down[a] += x
		out.up[b] += factor * x
		if left <= space {
			i++
		}
		if space <= left {
			j++
		}
	}
	levelReceivers(p, &to, out)
}

// levelReceivers pours what each run of receivers of equal cost got anew, so
// that they end on one level as far as their room allows. The cost stays.
func levelReceivers(p *shiftProblem, to *slotOrder, out *shiftPlan) {
	for first := 0; first < to.n; {
		end := first + 1
		for end < to.n && p.cost[to.slot[end]] == p.cost[to.slot[first]] {
			end++
		}
		if end-first > 1 {
			var v vessel
			total := 0.0
			for _, t := range to.slot[first:end] {
				total += out.up[t]
				v.add(t, p.level[t]-out.down[t], p.room[t])
			}
			if total > 0 {
				v.pour(total)
				for k := range v.n {
					out.up[v.slot[k]] = v.got[k]
				}
			}
		}
		first = end
	}
}

// vessel is a set of slots that are filled like connected basins: the lowest
// first, all to one level, none above its room.
type vessel struct {
	n    int
	slot [maxSlots]uint8
	base [maxSlots]float64 // level before pouring, ascending
	room [maxSlots]float64
	got  [maxSlots]float64
}

// add enters a slot, keeping the order of levels; equals stay in order of entry.
func (v *vessel) add(slot uint8, base, room float64) {
	i := v.n
	for ; i > 0 && v.base[i-1] > base; i-- {
		v.slot[i], v.base[i], v.room[i] = v.slot[i-1], v.base[i-1], v.room[i-1]
	}
	v.slot[i], v.base[i], v.room[i] = slot, base, room
	v.n++
}

// pour spreads total over the slots and sets got. It is exact: the level rises
// from one event (a basin begins or ends to fill) to the next.
func (v *vessel) pour(total float64) {
	level, wet := v.base[0], 0
	for {
		for wet < v.n && v.base[wet] <= level {
			wet++
		}
		rate, next := 0.0, level
		if wet < v.n {
			next = v.base[wet]
		}
		for k := range wet {
			top := v.base[k] + v.room[k]
			if top <= level {
				continue
			}
			rate++
			if next == level || top < next {
				next = top
			}
		}
		if next == level { // all are full
			break
		}
		need := (next - level) * rate
		if need >= total {
			level += total / rate
			break
		}
		total -= need
		level = next
	}
	for k := range v.n {
		v.got[k] = min(max(level-v.base[k], 0), v.room[k])
	}
}
