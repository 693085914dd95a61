package dsm

// halfKWh is the step of the energies of plans for people, kWh.
const halfKWh = 0.5

// leastEnergy is the energy in kWh below which an hour counts as nothing: it would leave a
// hole in a window.
const leastEnergy = 1e-3

// byLevel is the share of the day's range of costs by which hours of equal cost
// differ for their load, so that the lowest is filled first.
const byLevel = 1e-7

// poseWindows states a meter's price shift q as a problem of windows. An hour that
// feeds in takes no more than it feeds in.
func (p *planner) poseWindows(q *shiftProblem, w *windowProblem) {
	form := p.policy.Windows
	w.n, w.moves, w.minBlock, w.reach, w.rebound = q.n, form.MaxWindows-q.begun, form.MinBlockHours, q.reach, q.rebound
	w.give, w.room, w.worth = q.give, q.room, q.worth
	w.step = halfKWh
	if form.Share > 0 {
		w.step = 0
		for t := range w.n {
			w.give[t] *= form.Share / p.policy.Flexibility.ShiftableShare
		}
	}
	low, high := rangeOf(q.cost[:q.n])
	least, most := rangeOf(q.level[:q.n])
	perKW := 0.0
	if most > least {
		perKW = byLevel * (high - low) / (most - least)
	}
	for t := range w.n {
		w.cost[t] = q.cost[t] + perKW*(q.level[t]-least)
		if w.give[t] < leastEnergy {
			w.give[t] = 0
		}
		if w.room[t] < leastEnergy {
			w.room[t] = 0
		}
	}
}

// solveWindows solves a meter's price shift in windows. It is the best plan by what
// energy costs. With a demand charge it is the best of a few, each of which keeps
// the load below another cap as far as it goes, and that need not be the best of
// all: the saving on the charge belongs to no single move.
func (p *planner) solveWindows(ws *workspace, d *meterPlan, q *shiftProblem, out *shiftPlan) {
	w := &ws.posed
	p.poseWindows(q, w)
	best := ws.windowSolver().solve(w, out)
	price := p.demandPrice()
	if price <= 0 {
		return
	}
	peak := max(peakOf(d.load[:q.n]), d.monthPeak)
	best -= price * (d.peakWith(out, q.n) - peak)
	k := peakProblem{n: q.n, reach: q.reach, rebound: q.rebound, load: d.load, give: w.give, room: w.room}
	lowest := k.lowest(d.monthPeak)
	full := *w
	for step := range capSteps {
		limit := lowest + (peak-lowest)*float64(step)/capSteps
		p.capWindows(&full, d, limit, price*(peak-limit), w)
		var plan shiftPlan
		ws.windowSolver().solve(w, &plan)
		gain := full.gain(&plan) - price*(d.peakWith(&plan, q.n)-peak)
		if gain > best {
			best, *out = gain, plan
		}
	}
}

// capSteps is how many caps solveWindows tries.
const capSteps = 4

// capWindows sets out to a problem in which no hour is lifted above a limit, and what
// lies above it earns bonus if all of it goes.
func (p *planner) capWindows(full *windowProblem, d *meterPlan, limit, bonus float64, out *windowProblem) {
	*out = *full
	above := 0.0
	for t := range out.n {
		out.room[t] = min(full.room[t], max(limit-d.load[t], 0))
		if d.load[t] > limit {
			above += full.give[t]
		}
	}
	for t := range out.n {
		if d.load[t] > limit {
			out.worth[t] += bonus / above
		}
	}
}

// gain is the objective at a plan.
func (p *windowProblem) gain(s *shiftPlan) (sum float64) {
	for t := range p.n {
		sum += p.worth[t]*s.down[t] - p.cost[t]*s.up[t]
	}
	return sum
}

// peakWith is the highest hour of the month with a plan, kW.
func (d *meterPlan) peakWith(plan *shiftPlan, n int) float64 {
	peak := d.monthPeak
	for t := range n {
		peak = max(peak, d.load[t]+plan.up[t]-plan.down[t])
	}
	return peak
}

// sameWindows plans the windows of a previous plan of changes with what they give
// today; false if they do not fit.
func (p *planner) sameWindows(ws *workspace, q *shiftProblem, previous []float32, out *shiftPlan) bool {
	w := &ws.posed
	p.poseWindows(q, w)
	var avoid, prefer [mostMoves]slotSpan
	avoids, ok := runsOf(previous, -1, avoid[:w.moves])
	prefers, also := runsOf(previous, +1, prefer[:w.moves])
	if !ok || !also || avoids == 0 || prefers == 0 {
		return false
	}
	*out = shiftPlan{}
	var room, space [mostMoves]float64 // of the windows to prefer: all, and what is left
	for k, v := range prefer[:prefers] {
		for t := v.from; t < v.to; t++ {
			if w.room[t] <= 0 {
				return false
			}
			room[k] += w.room[t]
		}
	}
	space = room
	for _, a := range avoid[:avoids] {
		give := 0.0
		for t := a.from; t < a.to; t++ {
			if w.give[t] <= 0 {
				return false
			}
			give += w.give[t]
		}
		x := w.wholeSteps(give)
		need := (1 + w.rebound) * x
		for t := a.from; t < a.to; t++ {
			out.down[t] = w.give[t] * x / give
		}
		for _, far := range [...]bool{false, true} { // two windows that touch are one, and may be far from each other's hours
			for k, v := range prefer[:prefers] {
				if far != (a.farthest(v) > w.reach) {
					continue
				}
				placed := min(need, space[k])
				for t := v.from; t < v.to; t++ {
					out.up[t] += w.room[t] * placed / room[k]
				}
				need -= placed
				space[k] -= placed
			}
		}
		if need > 1e-9 {
			return false
		}
	}
	need := out.down
	for t := range q.n {
		need[t] *= 1 + w.rebound
	}
	return placeable(q.n, q.reach, &need, &out.up, 1e-9)
}

// farthest is the greatest distance of an hour of a from one of b.
func (a slotSpan) farthest(b slotSpan) int { return max(a.to-1-b.from, b.to-1-a.from) }

// runsOf finds the runs of neighbouring slots in which a plan of changes has a sign;
// false if there are more than out holds.
func runsOf(plan []float32, sign float32, out []slotSpan) (count int, ok bool) {
	open := false
	for t, c := range plan {
		if !(c*sign > 0) {
			open = false
			continue
		}
		if !open {
			if count == len(out) {
				return 0, false
			}
			out[count] = slotSpan{t, t}
			count, open = count+1, true
		}
		out[count-1].to = t + 1
	}
	return count, true
}

// holdByWindows plans meters again, one after the other, until no hour of a group
// lies above its capacity, in windows that relieve the hours that do: a kWh less in
// one of these is worth more than any hour costs, and more still where several limits
// of a tree gain by it. Moved load lifts no hour above a capacity.
func (p *planner) holdByWindows(ws *workspace) {
	w := &ws.posed
	for k := range ws.limits {
		g := &ws.limits[k]
		g.target = g.capacity
		for i := g.first; i < g.end; i++ {
			for t := range ws.day.n {
				g.open[t] += ws.meters[i].price.down[t]
			}
		}
	}
	for i := range ws.meters {
		d, q := &ws.meters[i], &ws.priceShift
		for k := d.limit; k >= 0; k = ws.limits[k].above {
			open := &ws.limits[k].open
			for t := range ws.day.n {
				open[t] = max(open[t]-d.price.down[t], 0)
			}
		}
		if !ws.isExceeded(d) || !d.usable || !p.pose(&ws.day, d, nil, q) {
			continue
		}
		p.poseWindows(q, w)
		if !ws.relieve(d, w) {
			continue
		}
		var plan shiftPlan
		ws.windowSolver().solve(w, &plan)
		ws.hold(d, &plan)
	}
}

// isExceeded reports whether some limit of a meter is.
func (ws *workspace) isExceeded(d *meterPlan) bool {
	for k := d.limit; k >= 0; k = ws.limits[k].above {
		if ws.limits[k].isExceeded(ws.day.n) {
			return true
		}
	}
	return false
}

func (g *groupPlan) isExceeded(n int) bool { return peakOf(g.final[:n]) > g.capacity*(1+1e-9) }

// without is the load of an hour of the group without what a meter's price shift changes.
func (g *groupPlan) without(d *meterPlan, t int) float64 {
	return g.final[t] - d.price.up[t] + d.price.down[t]
}

// relieve sets what the hours of a meter are worth to its groups, and what room they
// have there, without the energies that others may put back; false if it can
// give nothing in an hour above a capacity.
func (ws *workspace) relieve(d *meterPlan, w *windowProblem) (gives bool) {
	low, high := rangeOf(w.cost[:w.n])
	bonus := 1 + 2*(1+w.rebound)*(high-min(low, 0))
	for k := d.limit; k >= 0; k = ws.limits[k].above {
		g := &ws.limits[k]
		for t := range w.n {
			without := g.without(d, t)
			w.room[t] = min(w.room[t], max(g.capacity-without-g.open[t], 0))
			if without > g.capacity {
				w.worth[t] += bonus
				gives = gives || w.give[t] > 0
			}
		}
	}
	return gives
}

// hold replaces the price shift of a meter by a plan for its limits. It counts for
// each limit that it relieves.
func (ws *workspace) hold(d *meterPlan, plan *shiftPlan) {
	n := ws.day.n
	exceeded := -1 // the lowest of those that are
	for k := d.limit; k >= 0; k = ws.limits[k].above {
		g := &ws.limits[k]
		if exceeded < 0 && g.isExceeded(n) {
			exceeded = k
		}
		for t := range n {
			d.relief[g.level] += min(plan.down[t], max(g.without(d, t)-g.capacity, 0))
		}
	}
	by := ws.servedBy(d)
	if d.relief[ws.limits[by].level] == 0 { // it only costs less
		by = exceeded
		d.relief[ws.limits[by].level] = plan.moved(n)
	}
	for k := d.limit; k >= 0; k = ws.limits[k].above {
		g := &ws.limits[k]
		for t := range n {
			g.final[t] += plan.up[t] - plan.down[t] - d.price.up[t] + d.price.down[t]
		}
		if d.relief[g.level] > 0 {
			for t := range n {
				g.held.up[t] += plan.up[t]
				g.held.down[t] += plan.down[t]
			}
		}
	}
	d.price, d.held = shiftPlan{}, *plan
}
