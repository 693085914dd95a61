package dsm

import (
	"math"
	"math/bits"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/forecast"
)

// groupPlan is the plan for a group's limit while it is being made.
type groupPlan struct {
	name       string
	capacity   float64 // kW
	exceedance float64 // probability with which it may be exceeded; 0: the mean day counts
	risk       groupRisk
	forecast   forecast.Quantiles
	inForce    uuid.UUID // decision that a revision may supersede

	first, end int // its meters, and those of the groups below it, in workspace.meters
	at         int // its place in workspace.limits
	above      int // that of the next group with a limit above it; -1 for none
	below      int // how many groups with a limit are below it: they come before it there
	level      int // groups with a limit above it

	// Loads include the reserve of risk: what holds for them holds with that probability.
	bare    [maxSlots]float64 // mean forecast of the group: its own, else the sum of its meters'
	load    [maxSlots]float64 // and with what devices draw without a plan
	shifted [maxSlots]float64 // and after their price shifts
	final   [maxSlots]float64 // and after the plans for limits
	open    [maxSlots]float64 // taken away by price plans that may still be given up for the limit
	known   uint32            // slots in which some meter has a forecast
	target  float64           // lowest peak within reach that is not below capacity
	held    shiftPlan         // sum of the allocations
	lifted  bool              // price shifts were to be planned again for it
}

// holdRounds is how often the rest of a group's excess is allocated again: a
// meter that cannot take back what it gives leaves a rest to the others.
const holdRounds = 4

// holdLimits keeps each group with a limit below its capacity, as far as the meters'
// flexibility goes, with the probability that the policy sets (groupRisk):
//
//  1. Price shifts must not lift the sum above the capacity. Where they do,
//     they are planned again with the group's room at each hour, max(capacity −
//     forecast, 0), split in proportion to what the meters may
//     add: ū and the power of their devices.
//  2. If the shifted sum still exceeds the capacity, the peak is shaved down to
//     it, or to the lowest peak that the flexibility left (φ·load − taken, ū −
//     added) allows, and the energy goes to the cheapest hours within reach that
//     lie below the capacity.
//  3. Each flow from hour to hour is allocated to the meters in proportion to
//     what they have left for it, so each meter's own energy is conserved.
//
// Meters with bad input are part of the sum and give nothing. In a tree the groups below
// are held first, and no limit of the tree has load moved into an hour that would lift another
// one's above its capacity. In windows, a meter is planned once, for all limits that it is
// behind.
func (p *planner) holdLimits(ws *workspace, in *GroupInput) {
	for k := range ws.limits {
		g := &ws.limits[k]
		ws.sum(g)
		g.risk.learn(in.Meters[g.first:g.end], in.Slots, g.forecast, &g.bare)
		ws.sum(g)
		if g.exceedance > 0 {
			g.risk.setReserve(p.joint, in.Slots, &g.load, &g.shifted, g.capacity, g.exceedance)
			ws.sum(g)
		}
	}
	for p.moreLifted(ws) {
		p.replan(ws, in)
		for k := range ws.limits {
			ws.sum(&ws.limits[k])
		}
	}
	for k := range ws.limits {
		g := &ws.limits[k]
		g.final = g.shifted
	}
	if p.policy.Windows != nil {
		p.holdByWindows(ws)
		return
	}
	for k := range ws.limits {
		p.holdPeak(ws, &ws.limits[k])
	}
}

// moreLifted finds further groups for which price shifts have to be planned again: those
// above another one may rest on what its meters give up.
func (p *planner) moreLifted(ws *workspace) (more bool) {
	for k := range ws.limits {
		g := &ws.limits[k]
		if g.lifted {
			continue
		}
		// Who is planned again for the limit gives up what the price plan takes away, so in
		// windows the price plans of the others must not rest on that.
		g.lifted = p.liftsAbove(ws, g) || p.policy.Windows != nil && peakOf(g.shifted[:ws.day.n]) > g.capacity
		more = more || g.lifted
	}
	return more
}

// holdPeak shaves the peak of one group down to its capacity.
func (p *planner) holdPeak(ws *workspace, g *groupPlan) {
	for round := range holdRounds {
		if peakOf(g.final[:ws.day.n]) <= g.capacity*(1+1e-9) {
			return
		}
		q := p.posePeak(ws, g)
		target := q.lowest(g.capacity)
		if round == 0 {
			g.target = target
		}
		if !p.shave(ws, g, &q, target) {
			return
		}
	}
}

// mean is a load of the group without the reserve.
func (g *groupPlan) mean(load *[maxSlots]float64, n int) (out [maxSlots]float64) {
	for t := range n {
		out[t] = load[t] - g.risk.reserve[t]
	}
	return out
}

// sum adds the meters' plans up, in the order of meters.
func (ws *workspace) sum(g *groupPlan) {
	for t := range ws.day.n {
		g.bare[t] = g.risk.shift[t] + g.risk.reserve[t]
	}
	g.load, g.shifted, g.known = g.bare, g.bare, 0
	for i := g.first; i < g.end; i++ {
		d := &ws.meters[i]
		g.known |= d.known
		for t := range ws.day.n {
			g.bare[t] += d.load[t]
			g.load[t] += d.load[t]
			g.shifted[t] += d.load[t] + d.price.up[t] - d.price.down[t]
		}
		a := d.devices
		if a == nil {
			continue
		}
		for t := range ws.day.n {
			g.load[t] += a.without[t]
			g.shifted[t] += a.without[t] + a.change[t]
		}
	}
}

// liftsAbove reports whether price shifts lift some hour above the capacity.
func (p *planner) liftsAbove(ws *workspace, g *groupPlan) bool {
	for t := range ws.day.n {
		if g.shifted[t] > g.capacity && g.shifted[t] > g.load[t]*(1+1e-9) {
			return true
		}
	}
	return false
}

// replan plans the price shifts again within the room of the groups: of those lifted, and
// of those above and below them. Those of a meter are planned again once.
func (p *planner) replan(ws *workspace, in *GroupInput) {
	totals := ws.amounts[:0]
	for k := range ws.limits {
		total := 0.0
		for i := ws.limits[k].first; i < ws.limits[k].end; i++ {
			if ws.meters[i].usable {
				total += ws.meters[i].mostAdded()
			}
		}
		totals = append(totals, total)
	}
	ws.amounts = totals
	for i := range ws.meters {
		if d := &ws.meters[i]; d.usable && !d.cut && ws.isLifted(d) && totals[d.limit] > 0 {
			rooms := ws.roomsOf(d, totals)
			p.planMeter(ws, in, i, &rooms)
		}
	}
}

// isLifted reports whether price shifts are planned again for some limit of a meter.
func (ws *workspace) isLifted(d *meterPlan) bool {
	for k := d.limit; k >= 0; k = ws.limits[k].above {
		if ws.limits[k].lifted {
			return true
		}
	}
	return false
}

// roomsOf is a meter's part of the room that all of its limits leave, and notes the one
// that leaves the least.
func (ws *workspace) roomsOf(d *meterPlan, totals []float64) (rooms [maxSlots]float64) {
	least := math.Inf(1)
	for k := d.limit; k >= 0; k = ws.limits[k].above {
		g, sum := &ws.limits[k], 0.0
		for t := range ws.day.n {
			room := max(g.capacity-g.bare[t], 0) * d.mostAdded() / totals[k]
			if sum += room; k == d.limit || room < rooms[t] {
				rooms[t] = room
			}
		}
		if sum < least {
			d.cutBy, least = k, sum
		}
	}
	return rooms
}

// mostAdded is the most that a meter may add to an hour, kWh.
func (d *meterPlan) mostAdded() float64 {
	most := d.ceiling
	if d.devices != nil {
		for i := range d.devices.all() {
			most += d.devices.proposals[i].dispatch.power()
		}
	}
	return most
}

// posePeak states how low the group's peak can be brought while no hour of a limit of the
// tree is lifted above its capacity.
func (p *planner) posePeak(ws *workspace, g *groupPlan) peakProblem {
	q := peakProblem{n: ws.day.n, reach: p.reach(ws.day.n), rebound: p.policy.Flexibility.Rebound, load: g.final}
	for t := range q.n {
		rooms := ws.amounts[:0]
		for i := g.first; i < g.end; i++ {
			give, room := ws.meters[i].left(&ws.day, t)
			q.give[t] += give
			rooms = append(rooms, room)
		}
		ws.amounts = rooms
		ws.fitBelow(g, t, 1, rooms)
		for _, room := range rooms {
			q.room[t] += room
		}
		q.room[t] = min(q.room[t], max(g.capacity-g.final[t], 0))
		for k := g.above; k >= 0; k = ws.limits[k].above {
			q.room[t] = min(q.room[t], max(ws.limits[k].capacity-ws.limits[k].final[t], 0))
		}
	}
	return q
}

// left is the flexibility of a meter that no plan has used yet, in kWh.
func (d *meterPlan) left(day *dayRates, t int) (give, room float64) {
	if !d.usable || d.known&(1<<t) == 0 {
		return 0, 0
	}
	give = d.shareAt(day, t)*max(d.load[t], 0) - d.price.down[t] - d.held.down[t]
	room = d.ceiling - d.price.up[t] - d.held.up[t]
	return sensible(max(give, 0)), sensible(max(room, 0))
}

// shave brings the group's sum down to target, of which peak is the problem, and
// reports whether that changed anything. What lies above target is worth more than any hour costs, so all of
// it moves, to the cheapest hours within reach.
func (p *planner) shave(ws *workspace, g *groupPlan, peak *peakProblem, target float64) bool {
	q := shiftProblem{n: peak.n, reach: peak.reach, rebound: peak.rebound, cost: ws.day.cost, level: g.final}
	floor, highest := 0.0, 0.0
	for t := range q.n {
		floor, highest = min(floor, q.cost[t]), max(highest, q.cost[t])
	}
	for t := range q.n {
		q.cost[t] -= floor // the amount is given, so only differences count
		q.give[t] = max(g.final[t]-target, 0)
		q.room[t] = min(peak.room[t], max(target-g.final[t], 0))
		q.worth[t] = 1 + 2*(1+q.rebound)*(highest-floor)
	}
	var plan shiftPlan
	ws.transport.solve(&q, &plan)
	moved := false
	f := &ws.transport
	for b := range f.to.n {
		for m := f.senders[b]; m != 0; m &= m - 1 {
			a := bits.TrailingZeros32(m)
			if p.allocate(ws, g, int(f.from.slot[a]), int(f.to.block[b].slot), f.flow[a][b]) {
				moved = true
			}
		}
	}
	return moved
}

// allocate splits a flow of x kWh from hour a to hour b among the meters, in
// proportion to the most that each can still move: min(give at a, room at b/(1+ρ)).
func (p *planner) allocate(ws *workspace, g *groupPlan, a, b int, x float64) bool {
	factor := 1 + p.policy.Flexibility.Rebound
	movable := ws.amounts[:0]
	for i := g.first; i < g.end; i++ {
		movable = append(movable, ws.meters[i].movable(&ws.day, a, b, factor))
	}
	ws.amounts = movable
	ws.fitBelow(g, b, factor, movable)
	total := 0.0
	for _, v := range movable {
		total += v
	}
	if total <= 0 || x <= 0 {
		return false
	}
	share := min(x/total, 1)
	for i, v := range movable {
		d, own := &ws.meters[g.first+i], share*v
		if own < leastShare {
			continue
		}
		d.held.down[a] += own
		d.held.up[b] += factor * own
		d.relief[g.level] += own
		g.held.down[a] += own
		g.held.up[b] += factor * own
	}
	g.final[a] -= share * total
	g.final[b] += factor * share * total
	for k := g.above; k >= 0; k = ws.limits[k].above {
		ws.limits[k].final[a] -= share * total
		ws.limits[k].final[b] += factor * share * total
	}
	below := ws.under(g)
	for k := range below {
		h := &below[k]
		for _, v := range movable[h.first-g.first : h.end-g.first] {
			h.final[a] -= share * v
			h.final[b] += factor * share * v
		}
	}
	return share*total > 1e-9*g.capacity
}

func (d *meterPlan) movable(day *dayRates, a, b int, factor float64) float64 {
	give, _ := d.left(day, a)
	_, room := d.left(day, b)
	return min(give, room/factor)
}
