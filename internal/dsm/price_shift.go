package dsm

import "math"

// maxMissing is the share of the last 7 days above which a meter is not decided
// on: a plan from invented values is worth nothing.
const maxMissing = 0.25

// minimumGain is a gain in currency that is not rounding: where hours cost the
// same, a plan that moves energy among them may seem to gain as much as the last
// bit.
const minimumGain = 1e-9

// leastAsked is the energy below which nothing is asked of people or counted on, kWh: a
// thousandth of what meters count in. No price shift moves less, and no hour gives or takes less.
const leastAsked = 1e-6

// leastShare is the same for a meter's share in what a limit asks for between two hours: shares
// add up, over hours and over meters.
const leastShare = leastAsked / 1000

// sensible is an energy, 0 for one that is too small to ask for.
func sensible(kwh float64) float64 {
	if kwh > 0 && kwh < leastAsked {
		return 0
	}
	return kwh
}

// planMeter plans the price shift of one meter, and the devices behind it. rooms,
// if given, bounds what each slot may gain besides ū.
func (p *planner) planMeter(ws *workspace, in *GroupInput, i int, rooms *[maxSlots]float64) {
	m, d, s := &in.Meters[i], &ws.meters[i], &ws.scenarios
	wanted := rooms != nil && (d.reason == ReasonPriceSpread || d.reason == ReasonHysteresis)
	d.price, d.held = shiftPlan{}, shiftPlan{}
	d.rejected, d.cut = 0, rooms != nil
	d.known = s.set(p.normal, m.Forecast, in.Slots, d.floor)
	d.begun = m.InForce.begun()
	d.load, d.monthPeak = s.mean, max(m.MonthPeak, m.ExpectedPeak, 0)
	d.ceiling = p.policy.Flexibility.MaxIncrease * peakOf(d.load[:in.Slots])
	d.reason = p.badInput(m, in)
	if d.usable = d.reason == ReasonUnknown; !d.usable {
		if d.reason == ReasonNoForecast {
			d.ceiling = 0
		}
		return
	}
	q := &ws.priceShift
	value := p.planPriceShift(ws, d, q, rooms)
	if wanted && d.reason == ReasonNoSpread {
		d.reason = ReasonGroupLimit // prices differ, but the group has no room
	}
	if d.devices != nil {
		value = p.planDevices(ws, d, rooms, value)
	}
	if value > 0 && value < p.policy.MinSaving {
		d.reject(value)
	}
	if d.devices == nil && p.keepPrevious(ws, m.Previous, d, q, value) {
		d.reason = ReasonHysteresis
	}
}

// planPriceShift plans the price shift alone, and returns what it is worth over all
// scenarios of ws. It states the problem in q.
func (p *planner) planPriceShift(ws *workspace, d *meterPlan, q *shiftProblem, rooms *[maxSlots]float64) (value float64) {
	d.reason = ReasonNoFlexibility
	if !p.pose(&ws.day, d, rooms, q) {
		return 0
	}
	p.solve(ws, d, q, &d.price)
	if d.price.moved(q.n) >= leastAsked {
		d.shifted = p.onAll(ws, &ws.scenarios, d, &d.price, nil, 0)
		value = d.shifted.expected()
	}
	d.reason = ReasonPriceSpread
	if value <= 0 {
		d.reason, d.price = ReasonNoSpread, shiftPlan{}
	}
	return value
}

// planDevices plans the devices behind a meter. Their plan stays if it gains more,
// over all scenarios of ws, than the price shift does by itself; that one alone was
// worth value where no device draws anything without a plan. It returns what the
// meter's plan is worth then.
func (p *planner) planDevices(ws *workspace, d *meterPlan, rooms *[maxSlots]float64, value float64) float64 {
	p.proposeDevices(ws, d, rooms)
	a, s := d.devices, &ws.scenarios
	all := p.onAll(ws, s, d, &d.price, a, 0)
	if a.without != ([maxSlots]float64{}) && d.price.moved(ws.day.n) > 0 {
		// Beside a device that draws without a plan, load that moves may lift the highest
		// hour or lose what would be fed in.
		idle := a.idle()
		alone := p.onAll(ws, s, d, &d.price, &idle, 0)
		value = alone.expected()
	}
	if gain := all.expected(); gain > max(value, 0)+minimumGain {
		d.reason = ReasonPriceSpread
		return gain
	}
	a.drop() // good on the mean scenario, not on all of them
	if value <= 0 && d.reason == ReasonPriceSpread {
		d.reason, d.price = ReasonNoSpread, shiftPlan{}
	}
	return value
}

// reject drops a plan that is worth too little.
func (d *meterPlan) reject(value float64) {
	d.price = shiftPlan{}
	if d.devices != nil {
		d.devices.drop()
	}
	d.reason, d.rejected = ReasonBelowMinSaving, value
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

// pose states the price shift of a meter as the problem q; false if nothing may
// move.
//
// Give is φ·load, room is ū. An hour that feeds in takes load at the export price
// up to what it feeds in, and beyond at its own price; where feeding in earns more
// than that the hour takes no more, as the problem would not be convex.
func (p *planner) pose(day *dayRates, d *meterPlan, rooms *[maxSlots]float64, q *shiftProblem) bool {
	flex := p.policy.Flexibility
	if p.policy.Windows != nil && d.begun >= p.policy.Windows.MaxWindows {
		return false
	}
	q.begun = d.begun
	q.n, q.rebound, q.reach = day.n, flex.Rebound, p.reach(day.n)
	q.worth, q.cost, q.level = day.worth, day.cost, d.load
	gives, takes := false, false
	for t := range q.n {
		q.give[t], q.must[t], q.room[t], q.more[t] = 0, 0, 0, 0
		if d.known&(1<<t) == 0 {
			continue
		}
		q.give[t] = sensible(d.shareAt(day, t) * max(d.load[t], 0))
		q.room[t] = d.ceiling
		if d.load[t] < 0 {
			q.room[t] = min(q.room[t], -d.load[t])
			q.cost[t], q.moreCost[t] = day.ownUse[t], day.cost[t]
			if q.cost[t] <= q.moreCost[t] {
				q.more[t] = d.ceiling - q.room[t]
			}
		}
		if rooms != nil {
			q.room[t] = min(q.room[t], rooms[t])
			q.more[t] = min(q.more[t], rooms[t]-q.room[t])
		}
		q.room[t], q.more[t] = sensible(q.room[t]), sensible(q.more[t])
		gives, takes = gives || q.give[t] > 0, takes || q.room[t] > 0
	}
	return gives && (takes || rooms != nil)
}

// reach is the farthest shift in hours; n means anywhere.
func (p *planner) reach(n int) int {
	if w := p.policy.Flexibility.MaxShiftHours; w > 0 && w < n {
		return w
	}
	return n
}

// demandPrice is what a kW of the month's highest hour weighs.
func (p *planner) demandPrice() float64 {
	return p.policy.Objective.Peak * p.policy.Tariff.DemandCharge
}

// solve solves a meter's price shift in the form of the policy, with the demand
// charge if there is one.
func (p *planner) solve(ws *workspace, d *meterPlan, q *shiftProblem, out *shiftPlan) {
	if p.policy.Windows != nil {
		p.solveWindows(ws, d, q, out)
		return
	}
	if price := p.demandPrice(); price > 0 {
		ws.demand.solve(&demandProblem{shift: *q, load: d.load, perKW: price, floor: d.monthPeak}, out)
		return
	}
	ws.solveShift(q, out)
}

// solveShift solves a load shift by what energy costs alone.
func (ws *workspace) solveShift(q *shiftProblem, out *shiftPlan) {
	if q.reach >= q.n {
		shiftAnywhere(q, out)
		return
	}
	ws.transport.solve(q, out)
}

// keepPrevious replaces the meter's price shift by the plan of the issue before,
// shrunk to what today's problem q allows, or with the energies that its windows
// have today, where the new one does not beat it by
// the hysteresis: newValue < (1+h)·value of the previous. A previous plan that
// does not conserve energy or moves load too far (after a change of policy, or
// on a day of another length) is not kept.
func (p *planner) keepPrevious(ws *workspace, previous []float32, d *meterPlan, q *shiftProblem, newValue float64) bool {
	var old shiftPlan
	if p.policy.Hysteresis == 0 || len(previous) != q.n {
		return false
	}
	if p.policy.Windows != nil {
		if !p.sameWindows(ws, q, previous, &old) {
			return false
		}
	} else if !shrink(q, previous, &old) {
		return false
	}
	shifted := p.onAll(ws, &ws.scenarios, d, &old, nil, 0)
	value := shifted.expected()
	if old.moved(q.n) < leastAsked || value <= 0 || value < p.policy.MinSaving || newValue >= (1+p.policy.Hysteresis)*value {
		return false
	}
	d.price, d.shifted = old, shifted
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
