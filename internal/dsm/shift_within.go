package dsm

import "math/bits"

// transport solves shift problems with a limited reach. It is a workspace: use
// one per goroutine. The zero value is ready.
type transport struct {
	from slotOrder
	to   intake
	// Donors and receivers (blocks of hours) are known here by their place in from
	// and to, so that the lowest bit of a set of receivers is the cheapest.
	flow    [maxSlots][maxBlocks]float64 // kWh taken from a donor for a receiver
	supply  [maxSlots]float64            // what a donor can still give
	worth   [maxSlots]float64            // of what it gives
	space   [maxBlocks]float64           // what a receiver can still take, before rebound
	arcs    [maxSlots]uint64             // receivers within a donor's reach
	senders [maxBlocks]uint32            // donors with flow to a receiver
	nearest [maxSlots]uint8              // no receiver before this one is open within a donor's reach
	path    *searchPath                  // of the best donor so far
	paths   [2]searchPath                // that one, and where the next is written
	takers  [maxSlots]uint64             // receivers with flow from a donor, while flow is levelled
	filling waterFilling
}

// unreached stands for a receiver where there is none.
const unreached = maxBlocks

// searchPath is how a search reached the receivers it saw.
type searchPath struct {
	donor    [maxBlocks]uint8 // of a receiver: the donor it was reached from
	receiver [maxSlots]uint8  // of a donor: the receiver it was reached from
}

// solve finds an optimal plan by successive best paths (min-cost flow). Prices
// stand at donors and receivers only, so a path's gain is the worth of its first
// donor less (1+ρ) times the cost of its last receiver, whatever is rerouted
// between; each round takes a path of the greatest gain, which keeps the flow
// optimal for its size (Ahuja, Magnanti and Orlin 1993, section 9.7), until no
// path gains. It needs costs ≥ 0 where ρ > 0.
func (f *transport) solve(p *shiftProblem, out *shiftPlan) {
	f.start(p)
	tiny := p.negligible()
	open := uint64(1)<<f.to.n - 1 // receivers with space
	if f.supplyMust(p) {
		open = f.send(p, open, tiny)
	}
	for a := range f.from.n {
		s := f.from.slot[a]
		f.supply[a], f.worth[a] = f.supply[a]+p.give[s]-min(p.must[s], p.give[s]), p.worth[s]
	}
	f.send(p, open, tiny)
	f.levelWithin(p)
	f.collect(p, out)
}

// supplyMust offers what must be taken away, at a worth above any cost; false if
// there is none.
func (f *transport) supplyMust(p *shiftProblem) bool {
	highest, cheapest := 0.0, 0.0
	for b := range f.to.n {
		highest, cheapest = max(highest, f.to.block[b].cost), min(cheapest, f.to.block[b].cost)
	}
	offered := false
	for a := range f.from.n {
		s := f.from.slot[a]
		f.supply[a] = min(p.must[s], p.give[s])
		f.worth[a] = 1 + 2*(1+p.rebound)*(highest-cheapest)
		offered = offered || f.supply[a] > 0
	}
	return offered
}

// send moves load from donors to open receivers until no path gains, and gives
// the receivers that are still open.
//
// A path that is used opens ways back only among hours from which its receiver
// could be reached before, and that was the cheapest of them. So what a donor
// reaches never becomes cheaper, and a donor is searched from again only if what
// it reached last would still be the best.
func (f *transport) send(p *shiftProblem, open uint64, tiny float64) uint64 {
	factor := 1 + p.rebound
	clear(f.nearest[:f.from.n])
	for open != 0 {
		donor, receiver, gain := -1, -1, 0.0
		cheapest := bits.TrailingZeros64(open)
		for a := range f.from.n {
			worth := f.worth[a]
			if worth-factor*f.to.block[cheapest].cost <= gain {
				break // no later donor can do better
			}
			if f.supply[a] <= tiny || f.nearest[a] == unreached || worth-factor*f.to.block[f.nearest[a]].cost <= gain {
				continue
			}
			other := &f.paths[0]
			if other == f.path {
				other = &f.paths[1]
			}
			b := f.search(a, open, cheapest, other)
			f.nearest[a] = uint8(b)
			if b == unreached {
				continue
			}
			if g := worth - factor*f.to.block[b].cost; g > gain {
				donor, receiver, gain = a, b, g
				f.path = other
				if b == cheapest {
					break
				}
			}
		}
		if donor < 0 {
			break
		}
		f.augment(donor, receiver, tiny)
		if f.space[receiver] <= tiny {
			open &^= 1 << receiver
		}
	}
	return open
}

func (f *transport) start(p *shiftProblem) {
	f.from.donors(p)
	f.to.set(p)
	for b := range f.to.n {
		f.space[b] = f.to.block[b].room / (1 + p.rebound)
		f.senders[b] = 0
	}
	var before [maxSlots + 1]uint64 // receivers in earlier slots
	for b := range f.to.n {
		before[f.to.block[b].slot+1] |= 1 << b
	}
	for t := range p.n {
		before[t+1] |= before[t]
	}
	for a := range f.from.n {
		s := int(f.from.slot[a])
		clear(f.flow[a][:f.to.n])
		within := before[min(s+p.reach+1, p.n)] &^ before[max(s-p.reach, 0)]
		f.arcs[a], f.supply[a] = within&^(before[s+1]&^before[s]), 0
	}
}

// search finds the cheapest open receiver that donor a can reach, directly or
// by rerouting flow of other donors, breadth first; unreached if there is none.
// best is the cheapest of all open receivers: the search ends when it is reached.
func (f *transport) search(a int, open uint64, best int, path *searchPath) int {
	seen := f.arcs[a]
	for m := seen; m != 0; m &= m - 1 {
		path.donor[bits.TrailingZeros64(m)] = uint8(a)
	}
	known := uint32(1) << a // donors
	for frontier := seen; frontier != 0 && seen&(1<<best) == 0; {
		var next uint64
		for ; frontier != 0; frontier &= frontier - 1 {
			b := bits.TrailingZeros64(frontier)
			for m := f.senders[b] &^ known; m != 0; m &= m - 1 {
				other := bits.TrailingZeros32(m)
				known |= 1 << other
				path.receiver[other] = uint8(b)
				fresh := f.arcs[other] &^ seen
				seen |= fresh
				next |= fresh
				for ; fresh != 0; fresh &= fresh - 1 {
					path.donor[bits.TrailingZeros64(fresh)] = uint8(other)
				}
			}
		}
		frontier = next
	}
	if seen&open == 0 {
		return unreached
	}
	return bits.TrailingZeros64(seen & open)
}

// augment sends as much as fits along the path found.
func (f *transport) augment(donor, receiver int, tiny float64) {
	x := min(f.supply[donor], f.space[receiver])
	for b := receiver; ; {
		a := int(f.path.donor[b])
		if a == donor {
			break
		}
		b = int(f.path.receiver[a])
		x = min(x, f.flow[a][b])
	}
	f.supply[donor] -= x
	f.space[receiver] -= x
	for b := receiver; ; {
		a := int(f.path.donor[b])
		f.flow[a][b] += x
		f.senders[b] |= 1 << a
		if a == donor {
			return
		}
		b = int(f.path.receiver[a])
		f.flow[a][b] -= x
		if f.flow[a][b] <= tiny {
			f.senders[b] &^= 1 << a
		}
	}
}

// levelSweeps is how often the flow among receivers of equal cost is levelled:
// the first time does nearly all.
const levelSweeps = 2

// levelWithin spreads each donor's flow to receivers of equal cost again, from the
// lowest level up. The cost, the windows and all sums stay as they are.
func (f *transport) levelWithin(p *shiftProblem) {
	factor := 1 + p.rebound
	var level [maxBlocks]float64
	clear(f.takers[:f.from.n])
	for b := range f.to.n {
		level[b] = f.to.block[b].level
		for m := f.senders[b]; m != 0; m &= m - 1 {
			a := bits.TrailingZeros32(m)
			level[b] += factor * f.flow[a][b]
			f.takers[a] |= 1 << b
		}
	}
	for first := 0; first < f.to.n; {
		end := first + 1
		for end < f.to.n && f.to.block[end].cost == f.to.block[first].cost {
			end++
		}
		for sweep, donors := 0, 2; end-first > 1 && donors > 1 && sweep < levelSweeps; sweep++ {
			donors = f.levelRun(p, first, end, &level)
		}
		first = end
	}
}

// levelRun levels the receivers first to end-1, which have one cost, and reports
// how many donors there were to spread from.
func (f *transport) levelRun(p *shiftProblem, first, end int, level *[maxBlocks]float64) (donors int) {
	factor := 1 + p.rebound
	run := (uint64(1)<<end - 1) &^ (uint64(1)<<first - 1)
	for a := range f.from.n {
		within := f.arcs[a] & run
		if within&(within-1) == 0 || f.takers[a]&run == 0 {
			continue // one receiver at most, or none that takes
		}
		total := 0.0
		for m := f.takers[a] & run; m != 0; m &= m - 1 {
			total += f.flow[a][bits.TrailingZeros64(m)]
		}
		donors++
		v := &f.filling
		v.n = 0
		for m := within; m != 0; m &= m - 1 {
			b := bits.TrailingZeros64(m)
			own := f.flow[a][b]
			v.add(uint8(b), level[b]-factor*own, factor*(f.space[b]+own))
		}
		v.fill(factor * total)
		for k := range v.n {
			b := int(v.slot[k])
			x := v.got[k] / factor
			level[b] = v.base[k] + v.got[k]
			f.space[b] += f.flow[a][b] - x
			f.flow[a][b] = x
			if x > 0 {
				f.senders[b] |= 1 << a
				f.takers[a] |= 1 << b
			} else {
				f.senders[b] &^= 1 << a
				f.takers[a] &^= 1 << b
			}
		}
	}
	return donors
}

// collect sums the flow up per slot.
func (f *transport) collect(p *shiftProblem, out *shiftPlan) {
	*out = shiftPlan{}
	factor := 1 + p.rebound
	for b := range f.to.n {
		to := f.to.block[b].slot
		for m := f.senders[b]; m != 0; m &= m - 1 {
			a := bits.TrailingZeros32(m)
			x := f.flow[a][b]
			out.down[f.from.slot[a]] += x
			out.up[to] += factor * x
		}
	}
}
