package dsm

import "math/bits"

// groupDraft is the plan for a group's limit while it is being made.
type groupDraft struct {
	capacity float64           // kW
	bare     [maxSlots]float64 // sum of the meters' forecasts
	load     [maxSlots]float64 // and with cars that are charged at once
	shifted  [maxSlots]float64 // and after their price shifts
	final    [maxSlots]float64 // and after the limit's plan
	known    uint32            // slots in which some meter has a forecast
	target   float64           // lowest peak within reach that is not below capacity
	held     shiftPlan         // sum of the allocations
}

// holdRounds is how often the rest of a group's excess is allocated anew: a
// meter that cannot take back what it gives leaves a rest to the others.
const holdRounds = 4

// holdLimit keeps the group below its capacity, as far as the meters'
// flexibility goes:
//
//  1. Price shifts must not lift the sum above the capacity. Where they do,
//     they are made anew with the group's room at each hour, max(capacity −
//     forecast, 0), split in proportion to what the meters may
//     add: ū and the power of what stands behind them.
//  2. If the shifted sum still exceeds the capacity, the peak is shaved down to
//     it, or to the lowest peak that the flexibility left (φ·load − taken, ū −
//     added) allows, and the energy goes to the cheapest hours within reach that
//     lie below the capacity.
//  3. Each flow from hour to hour is allocated to the meters in proportion to
//     what they have left for it, so each meter's own energy is conserved.
//
// Meters with bad input are part of the sum and give nothing.
func (p *planner) holdLimit(ws *workspace, in *GroupInput, g *groupDraft) {
	ws.sum(g)
	if p.liftsAbove(ws, g) {
		p.redraft(ws, in, g)
		ws.sum(g)
	}
	g.final = g.shifted
	for round := range holdRounds {
		if peakOf(g.final[:ws.day.n]) <= g.capacity*(1+1e-9) {
			return
		}
		p.posePeak(ws, g)
		target := ws.peak.lowest(g.capacity)
		if round == 0 {
			g.target = target
		}
		if !p.shave(ws, g, target) {
			return
		}
	}
}

// sum adds the drafts up, in the order of meters.
func (ws *workspace) sum(g *groupDraft) {
	g.bare, g.load, g.shifted, g.known = [maxSlots]float64{}, [maxSlots]float64{}, [maxSlots]float64{}, 0
	for i := range ws.drafts {
		d := &ws.drafts[i]
		g.known |= d.known
		for t := range ws.day.n {
			g.bare[t] += d.load[t]
			g.load[t] += d.load[t]
			g.shifted[t] += d.load[t] + d.price.up[t] - d.price.down[t]
		}
		if d.assets < 0 {
			continue
		}
		a := &ws.assets[d.assets]
		for t := range ws.day.n {
			g.load[t] += a.atOnce[t]
			g.shifted[t] += a.atOnce[t] + a.change(t)
		}
	}
}

// liftsAbove reports whether price shifts lift some hour above the capacity.
func (p *planner) liftsAbove(ws *workspace, g *groupDraft) bool {
	for t := range ws.day.n {
		if g.shifted[t] > g.capacity && g.shifted[t] > g.load[t]*(1+1e-9) {
			return true
		}
	}
	return false
}

// redraft makes the price shifts anew within the group's room.
func (p *planner) redraft(ws *workspace, in *GroupInput, g *groupDraft) {
	total := 0.0
	for i := range ws.drafts {
		if ws.drafts[i].usable {
			total += ws.wish(&ws.drafts[i])
		}
	}
	if total <= 0 {
		return
	}
	var rooms [maxSlots]float64
	for i := range ws.drafts {
		d := &ws.drafts[i]
		if !d.usable {
			continue
		}
		for t := range ws.day.n {
			rooms[t] = max(g.capacity-g.bare[t], 0) * ws.wish(d) / total
		}
		p.draftMeter(ws, in, i, &rooms)
	}
}

// wish is the most that a meter may add to an hour, kWh.
func (ws *workspace) wish(d *draft) float64 {
	w := d.ceiling
	if d.assets < 0 {
		return w
	}
	g := &ws.assets[d.assets].gear
	if g.battery != nil {
		w += g.battery.PowerKW
	}
	if g.ev != nil {
		w += g.ev.PowerKW
	}
	if g.heatPump != nil {
		w += g.heatPump.PowerKW
	}
	return w
}

// posePeak states how low the group's peak can be brought while no hour is
// lifted above the capacity.
func (p *planner) posePeak(ws *workspace, g *groupDraft) {
	q := &ws.peak
	q.n, q.reach, q.rebound = ws.day.n, p.reach(ws.day.n), p.policy.Flexibility.Rebound
	q.load = g.final
	q.give, q.room = [maxSlots]float64{}, [maxSlots]float64{}
	for i := range ws.drafts {
		for t := range q.n {
			give, room := p.left(ws, &ws.drafts[i], t)
			q.give[t] += give
			q.room[t] += room
		}
	}
	for t := range q.n {
		q.room[t] = min(q.room[t], max(g.capacity-g.final[t], 0))
	}
}

// left is the flexibility of a meter that no plan has used yet, in kWh.
func (p *planner) left(ws *workspace, d *draft, t int) (give, room float64) {
	if !d.usable || d.known&(1<<t) == 0 {
		return 0, 0
	}
	give = p.shareAt(ws, d, t)*max(d.load[t], 0) - d.price.down[t] - d.held.down[t]
	room = d.ceiling - d.price.up[t] - d.held.up[t]
	return max(give, 0), max(room, 0)
}

// shave brings the group's sum down to target and tells whether that changed
// anything. What lies above target is worth more than any hour costs, so all of
// it moves, to the cheapest hours within reach.
func (p *planner) shave(ws *workspace, g *groupDraft, target float64) bool {
	q := &ws.problem
	q.n, q.reach, q.rebound = ws.peak.n, ws.peak.reach, ws.peak.rebound
	q.cost, q.level = ws.day.cost, g.final
	q.must, q.more = [maxSlots]float64{}, [maxSlots]float64{}
	floor, dearest := 0.0, 0.0
	for t := range q.n {
		floor, dearest = min(floor, q.cost[t]), max(dearest, q.cost[t])
	}
	for t := range q.n {
		q.cost[t] -= floor // the amount is given, so only differences count
		q.give[t] = max(g.final[t]-target, 0)
		q.room[t] = min(ws.peak.room[t], max(target-g.final[t], 0))
		q.worth[t] = 1 + 2*(1+q.rebound)*(dearest-floor)
	}
	ws.transport.solve(q, &ws.scratch)
	moved := false
	f := &ws.transport
	for b := range f.to.n {
		for m := f.senders[b]; m != 0; m &= m - 1 {
			a := bits.TrailingZeros32(m)
			if p.allocate(ws, g, int(f.from.slot[a]), int(f.to.part[b].slot), f.flow[a][b]) {
				moved = true
			}
		}
	}
	return moved
}

// allocate splits a flow of x kWh from hour a to hour b among the meters, in
// proportion to the most that each can still move: min(give at a, room at b/(1+ρ)).
func (p *planner) allocate(ws *workspace, g *groupDraft, a, b int, x float64) bool {
	factor := 1 + p.policy.Flexibility.Rebound
	total := 0.0
	for i := range ws.drafts {
		total += p.movable(ws, &ws.drafts[i], a, b, factor)
	}
	if total <= 0 || x <= 0 {
		return false
	}
	part := min(x/total, 1)
	for i := range ws.drafts {
		d := &ws.drafts[i]
		own := part * p.movable(ws, d, a, b, factor)
		d.held.down[a] += own
		d.held.up[b] += factor * own
		g.held.down[a] += own
		g.held.up[b] += factor * own
	}
	g.final[a] -= part * total
	g.final[b] += factor * part * total
	return part*total > 1e-9*g.capacity
}

func (p *planner) movable(ws *workspace, d *draft, a, b int, factor float64) float64 {
	give, _ := p.left(ws, d, a)
	_, room := p.left(ws, d, b)
	return min(give, room/factor)
}
