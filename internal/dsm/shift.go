package dsm

import (
	"math"

	"github.com/energytwin/energytwin/internal/forecast"
)

// maxSlots is the most hours that a plan can have; a set of slots fits a word.
const maxSlots = 32

var _ [maxSlots - forecast.MaxDay]struct{} // a forecast fits a plan

// shiftProblem asks which load to move where:
//
//	maximise Σ worth·d − Σ cost·u
//	subject to 0 ≤ d ≤ give, 0 ≤ u ≤ room, and (1+ρ)·x(a→b) kWh arrive at b for
//	each x(a→b) taken from a, which is allowed for 0 < |a−b| ≤ reach only.
//
// d is the sum of x over its targets, u that of (1+ρ)·x over its sources. An
// hour that feeds in takes its first kWh at the price of what it feeds in and the
// rest at the price of what it draws: room and cost, then more and moreCost ≥ cost.
// Of what an hour gives, at least must is taken away whatever it is worth. All
// energies are in kWh, all prices in currency per kWh.
type shiftProblem struct {
	n        int
	reach    int     // hours; n or more: anywhere
	rebound  float64 // ρ ≥ 0
	begun    int     // windows to avoid that the day has had before
	give     [maxSlots]float64
	must     [maxSlots]float64
	room     [maxSlots]float64
	more     [maxSlots]float64
	worth    [maxSlots]float64
	cost     [maxSlots]float64
	moreCost [maxSlots]float64
	level    [maxSlots]float64 // load before the shift; breaks ties: give from high, take to low
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
		first := min(s.up[t], p.room[t])
		sum += p.worth[t]*s.down[t] - p.cost[t]*first - p.moreCost[t]*(s.up[t]-first)
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

// slotOrder holds slots in the order in which a solver uses them.
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

// maxBlocks is the most blocks in which hours can take load.
const maxBlocks = 2 * maxSlots

// block is load that one hour can take at one cost.
type block struct {
	slot  uint8
	room  float64
	cost  float64
	level float64 // load of the hour before this block is filled
}

// intake holds the blocks in which hours take load, the cheapest first; of equal
// cost the lowest level first.
type intake struct {
	n     int
	block [maxBlocks]block
}

// set lists the blocks of a problem.
func (o *intake) set(p *shiftProblem) {
	o.n = 0
	for t := range p.n {
		o.add(block{uint8(t), p.room[t], p.cost[t], p.level[t]})
		o.add(block{uint8(t), p.more[t], p.moreCost[t], p.level[t] + p.room[t]})
	}
}

func (o *intake) add(x block) {
	if x.room <= 0 {
		return
	}
	i := o.n
	for ; i > 0; i-- {
		s := &o.block[i-1]
		if s.cost < x.cost || s.cost == x.cost && s.level <= x.level {
			break
		}
		o.block[i] = *s
	}
	o.block[i] = x
	o.n++
}

// shiftAnywhere solves the problem for an unlimited reach: the highest-priced donors
// give to the cheapest receivers while worth > (1+ρ)·cost. That is optimal
// because any donor may serve any receiver, so only the marginal pair matters.
// It needs costs ≥ 0 where ρ > 0 (else an hour would gain by serving itself).
// Receivers of equal cost are then filled from the lowest level up.
func shiftAnywhere(p *shiftProblem, out *shiftPlan) {
	*out = shiftPlan{}
	var from slotOrder
	var to intake
	from.donors(p)
	to.set(p)
	pass := anywherePass{p: p, to: &to, out: out, factor: 1 + p.rebound}
	for i := range from.n { // what must go, goes first: into the same cheapest blocks
		a := from.slot[i]
		pass.send(a, p.must[a], math.Inf(1))
	}
	for i := range from.n {
		a := from.slot[i]
		if !pass.send(a, p.give[a]-out.down[a], p.worth[a]) {
			break
		}
	}
	levelReceivers(&to, &pass.got, out)
}

// anywherePass fills the blocks in order.
type anywherePass struct {
	p      *shiftProblem
	to     *intake
	out    *shiftPlan
	factor float64
	next   int                // first block that is not full
	got    [maxBlocks]float64 // by block
}

// send moves up to x kWh from slot a while that gains; false if nothing more
// would gain or fit.
func (s *anywherePass) send(a uint8, x, worth float64) bool {
	for s.next < s.to.n {
		if x <= 0 {
			return true
		}
		b := &s.to.block[s.next]
		if worth <= s.factor*b.cost {
			return false
		}
		space := (b.room - s.got[s.next]) / s.factor
		step := min(x, space)
		s.out.down[a] += step
		s.out.up[b.slot] += s.factor * step
		s.got[s.next] += s.factor * step
		x -= step
		if step == space {
			s.next++
		}
	}
	return false
}

// levelReceivers spreads again what each run of blocks of equal cost got, so that
// they end on one level as far as their room allows. The cost stays.
func levelReceivers(to *intake, got *[maxBlocks]float64, out *shiftPlan) {
	for first := 0; first < to.n; {
		end := first + 1
		for end < to.n && to.block[end].cost == to.block[first].cost {
			end++
		}
		if end-first > 1 {
			var v waterFilling
			total := 0.0
			for k := first; k < end; k++ {
				b := &to.block[k]
				total += got[k]
				out.up[b.slot] -= got[k]
				v.add(b.slot, b.level-out.down[b.slot], b.room)
			}
			if total > 0 {
				v.fill(total)
			}
			for k := range v.n {
				out.up[v.slot[k]] = max(out.up[v.slot[k]], 0) + v.got[k]
			}
		}
		first = end
	}
}

// waterFilling is a set of slots that are filled like connected water tanks: the lowest
// first, all to one level, none above its room.
type waterFilling struct {
	n    int
	slot [maxBlocks]uint8
	base [maxBlocks]float64 // level before filling, ascending
	room [maxBlocks]float64
	got  [maxBlocks]float64
}

// add enters a slot, keeping the order of levels; equals stay in order of entry.
func (v *waterFilling) add(slot uint8, base, room float64) {
	i := v.n
	for ; i > 0 && v.base[i-1] > base; i-- {
		v.slot[i], v.base[i], v.room[i] = v.slot[i-1], v.base[i-1], v.room[i-1]
	}
	v.slot[i], v.base[i], v.room[i] = slot, base, room
	v.n++
}

// fill spreads total over the slots and sets got. It is exact: the level rises
// from one event (a slot begins or ends to fill) to the next.
func (v *waterFilling) fill(total float64) {
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
