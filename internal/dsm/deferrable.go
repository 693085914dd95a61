package dsm

// deferrable asks when to use energy that is needed by a certain time, such as a
// car's charge: within a window the slots may take any part of it.
type deferrable struct {
	from, to int               // slots, to exclusive
	energy   float64           // Σx, kWh
	most     float64           // most that a slot may take, kWh
	limit    [maxSlots]float64 // most that each slot may take, kWh; ∞ for no such limit
	load     [maxSlots]float64 // without it
}

// cheapest minimises Σ cost·x subject to Σx = energy and 0 ≤ x ≤ min(most,
// limit): it fills the cheapest slots of the window first, which is optimal
// as any kWh may go to any slot. Slots of equal cost fill from the lowest load up.
// An hour that feeds in takes that part at own instead. It gives the energy that
// found room.
func (p *deferrable) cheapest(cost, own *[maxSlots]float64, out *[maxSlots]float64) float64 {
	*out = [maxSlots]float64{}
	var to intake
	for t := p.from; t < p.to; t++ {
		room := p.room(t)
		first := 0.0
		if own[t] <= cost[t] {
			first = min(max(-p.load[t], 0), room)
		}
		to.add(block{uint8(t), first, own[t], p.load[t]})
		to.add(block{uint8(t), room - first, cost[t], p.load[t] + first})
	}
	left := p.energy
	for first := 0; first < to.n && left > 0; {
		end := first
		var v waterFilling
		space := 0.0
		for ; end < to.n && to.block[end].cost == to.block[first].cost; end++ {
			b := &to.block[end]
			v.add(b.slot, b.level, b.room)
			space += b.room
		}
		left -= p.take(&v, min(left, space), out)
		first = end
	}
	return p.energy - max(left, 0)
}

// valley minimises the sum of squares of load + x, and with it the highest hour
// of the window, subject to Σx = energy and 0 ≤ x ≤ most: water finds its level
// (Kelly, Maulloo and Tan 1998 for the optimality of such levels; Gan, Topcu and
// Low 2013 for cars). The level is found from event to event, exactly.
func (p *deferrable) valley(out *[maxSlots]float64) float64 {
	*out = [maxSlots]float64{}
	var v waterFilling
	space := 0.0
	for t := p.from; t < p.to; t++ {
		if room := p.room(t); room > 0 {
			v.add(uint8(t), p.load[t], room)
			space += room
		}
	}
	return p.take(&v, min(p.energy, space), out)
}

// room is what a slot may take.
func (p *deferrable) room(t int) float64 { return max(min(p.most, p.limit[t]), 0) }

func (p *deferrable) take(v *waterFilling, total float64, out *[maxSlots]float64) float64 {
	if v.n == 0 || total <= 0 {
		return 0
	}
	v.fill(total)
	for k := range v.n {
		out[v.slot[k]] += v.got[k]
	}
	return total
}
