package dsm

import "math"

// maxMissing is the share of the last 7 days above which a meter is not decided
// on: a plan from invented values is worth nothing.
const maxMissing = 0.25

// dust is a gain in currency that counts as rounding: where hours cost the same, a
// plan that moves energy among them may seem to gain as much as the last bit.
const dust = 1e-9

// draftMeter drafts the price shift of one meter, and the plan of what stands
// behind it. rooms, if given, bounds what each slot may gain besides ū. It leaves
// the meter's courses in ws.scenarios.
func (p *planner) draftMeter(ws *workspace, in *GroupInput, i int, rooms *[maxSlots]float64) {
	m, d := &in.Meters[i], &ws.drafts[i]
	wanted := rooms != nil && (d.reason == ReasonPriceSpread || d.reason == ReasonHysteresis)
	d.price, d.held = shiftPlan{}, shiftPlan{}
	d.refused, d.cut = 0, rooms != nil
	d.known = ws.scenarios.set(p.normal, m.Forecast, in.Slots, d.floor)
	d.load, d.monthPeak = ws.scenarios.mean, max(m.MonthPeak, 0)
	d.ceiling = p.policy.Flexibility.MaxIncrease * peakOf(d.load[:in.Slots])
	d.reason = p.badInput(m, in)
	if d.usable = d.reason == ReasonUnknown; !d.usable {
		if d.reason == ReasonNoForecast {
			d.ceiling = 0
		}
		return
	}
	d.reason = ReasonNoFlexibility
	value := 0.0
	if p.pose(ws, d, rooms) {
		p.solve(ws, d, &d.price)
		if d.price.moved(in.Slots) > ws.problem.negligible() {
			d.shifted = *p.judge(ws, d, &d.price, true)
			value = d.shifted.expected()
		}
		d.reason = ReasonPriceSpread
		if value <= 0 {
			d.reason, d.price = ReasonNoSpread, shiftPlan{}
		}
		if wanted && d.reason == ReasonNoSpread {
			d.reason = ReasonGroupLimit // prices differ, but the group has no room
		}
	}
	if d.assets >= 0 {
		value = p.draftBehind(ws, d, rooms, value)
	}
	if value > 0 && value < p.policy.MinSaving {
		p.refuse(ws, d, value)
	}
	if d.assets < 0 && p.keepPrevious(ws, m.Previous, d, value) {
		d.reason = ReasonHysteresis
	}
}

// draftBehind drafts the plan of what stands behind a meter. It stays if it gains
// more, over all courses, than the price shift does by itself; that one alone was
// worth value where there is no car. It gives what the draft is worth then.
func (p *planner) draftBehind(ws *workspace, d *draft, rooms *[maxSlots]float64, value float64) float64 {
	p.draftAssets(ws, d, rooms)
	a := &ws.assets[d.assets]
	all := p.judge(ws, d, &d.price, false).expected()
	if a.gear.ev != nil && d.price.moved(ws.day.n) > 0 {
		// Beside a car that charges at once, load that moves may lift the highest hour
		// or lose what would be fed in.
		kept := *a
		a.drop()
		value = p.judge(ws, d, &d.price, false).expected()
		*a = kept
	}
	if all > max(value, 0)+dust {
		d.reason = ReasonPriceSpread
		return all
	}
	a.drop() // good on the mean course, not on all of them
	if value <= 0 && d.reason == ReasonPriceSpread {
		d.reason, d.price = ReasonNoSpread, shiftPlan{}
	}
	return value
}

// refuse drops a draft that is worth too little.
func (p *planner) refuse(ws *workspace, d *draft, value float64) {
	d.price = shiftPlan{}
	if d.assets >= 0 {
		ws.assets[d.assets].drop()
	}
	d.reason, d.refused = ReasonBelowMinSaving, value
}

// badInput is the reason not to decide on a meter, ReasonUnknown if there is none.
func (p *planner) badInput(m *MeterInput, in *GroupInput) Reason {
	fresh := p.policy.Freshness
	switch {
	case m.Suspects > 0:
		return ReasonSuspectInput
	case fresh > 0 && int64(in.IssuedAt)-int64(m.LastReading) > int64(fresh):
		return ReasonStaleInput
	case m.MissingShare > maxMissing:
		return ReasonInsufficientData
	case !hasForecast(m, in.Slots):
		return ReasonNoForecast
	}
	return ReasonUnknown
}

func hasForecast(m *MeterInput, slots int) bool {
	for _, v := range m.Forecast.P50[:min(slots, len(m.Forecast.P50))] {
		if v == v {
			return true
		}
	}
	return false
}

// pose states the price shift of a draft as a problem; false if nothing may move.
//
// Give is φ·load, room is ū. An hour that feeds in takes load at the export price
// up to what it feeds in, and beyond at its own price; where feeding in earns more
// than that the hour takes no more, as the problem would not be convex.
func (p *planner) pose(ws *workspace, d *draft, rooms *[maxSlots]float64) bool {
	flex, q, day := p.policy.Flexibility, &ws.problem, &ws.day
	q.n, q.rebound, q.reach = day.n, flex.Rebound, p.reach(day.n)
	q.worth, q.cost, q.level = day.worth, day.cost, d.load
	gives, takes := false, false
	for t := range q.n {
		q.give[t], q.must[t], q.room[t], q.more[t] = 0, 0, 0, 0
		if d.known&(1<<t) == 0 {
			continue
		}
		q.give[t] = p.shareAt(ws, d, t) * max(d.load[t], 0)
		q.room[t] = d.ceiling
		if d.load[t] < 0 {
			q.room[t] = min(q.room[t], -d.load[t])
			q.cost[t], q.moreCost[t] = p.exportValue(day, t), day.cost[t]
			if q.cost[t] <= q.moreCost[t] {
				q.more[t] = d.ceiling - q.room[t]
			}
		}
		if rooms != nil {
			q.room[t] = min(q.room[t], rooms[t])
			q.more[t] = min(q.more[t], rooms[t]-q.room[t])
		}
		gives, takes = gives || q.give[t] > 0, takes || q.room[t] > 0
	}
	return gives && (takes || rooms != nil)
}

// exportValue is the value of a kWh that is used instead of fed in.
func (p *planner) exportValue(day *dayRates, t int) float64 {
	v := p.exportWorth(day, t)
	if p.policy.Flexibility.Rebound > 0 {
		v = max(v, 0)
	}
	return v
}

// reach is the farthest shift in hours; n means anywhere.
func (p *planner) reach(n int) int {
	if w := p.policy.Flexibility.MaxShiftHours; w > 0 && w < n {
		return w
	}
	return n
}

// solve solves the workspace's problem, with the demand charge if there is one.
func (p *planner) solve(ws *workspace, d *draft, out *shiftPlan) {
	if price := p.demandPrice(); price > 0 && d != nil {
		ws.posed = demandProblem{shift: ws.problem, load: d.load, perKW: price, floor: d.monthPeak}
		ws.demand.solve(&ws.posed, out)
		return
	}
	if ws.problem.reach >= ws.problem.n {
		shiftAnywhere(&ws.problem, out)
		return
	}
	ws.transport.solve(&ws.problem, out)
}

// keepPrevious replaces the draft's price shift by the plan of the issue before,
// shrunk to what today's forecast allows, where the new one does not beat it by
// the hysteresis: newValue < (1+h)·value of the previous. A previous plan that
// does not conserve energy or moves load too far (after a change of policy, or
// on a day of another length) is not kept.
func (p *planner) keepPrevious(ws *workspace, previous []float32, d *draft, newValue float64) bool {
	q, old := &ws.problem, &ws.scratch
	if p.policy.Hysteresis == 0 || len(previous) != q.n || !shrink(q, previous, old) {
		return false
	}
	value := p.judge(ws, d, old, true).expected()
	if value <= 0 || value < p.policy.MinSaving || newValue >= (1+p.policy.Hysteresis)*value {
		return false
	}
	d.price, d.shifted = *old, ws.outcomes
	return true
}

// shrink reads a plan of changes and scales it to fit the problem; false if that
// cannot be. An hour may have passed load on: taken some from one side and given
// as much of its own to the other, of which the changes show only the rebound.
// Whether the plan keeps within reach is therefore asked with all the load that
// each hour could have passed on; what it did not, stays with it.
func shrink(q *shiftProblem, previous []float32, out *shiftPlan) bool {
	*out = shiftPlan{}
	down, up, scale, tiny := 0.0, 0.0, 1.0, 0.0
	for _, change := range previous {
		tiny = max(tiny, 1e-6*math.Abs(float64(change)))
	}
	for t, change := range previous {
		switch c := float64(change); {
		case math.Abs(c) < tiny: // its rounding would govern the scale
		case c < 0:
			out.down[t] = -c
			down -= c
			scale = min(scale, q.give[t]/-c)
		case c > 0:
			out.up[t] = c
			up += c
			scale = min(scale, (q.room[t]+q.more[t])/c)
		case c != c:
			return false
		}
	}
	factor := 1 + q.rebound
	wanted := factor * down
	slack := 1e-4 * wanted
	if down == 0 || scale <= 0 || up < wanted-slack || up > factor*wanted+slack {
		return false
	}
	if q.rebound == 0 { // stored values are rounded: make the sums equal again
		down, up = min(1, up/down), min(1, down/up)
	} else {
		down, up = 1, 1
	}
	var need, space [maxSlots]float64
	for t := range q.n {
		out.down[t] *= scale * down
		out.up[t] *= scale * up
		passed := max(min(q.give[t]-out.down[t], (q.room[t]+q.more[t]-out.up[t])/factor), 0)
		need[t], space[t] = factor*(out.down[t]+passed), out.up[t]+factor*passed
	}
	return placeable(q.n, q.reach, &need, &space, slack)
}

func peakOf(load []float64) float64 {
	peak := 0.0
	for _, v := range load {
		peak = max(peak, v)
	}
	return peak
}
