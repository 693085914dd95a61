package dsm

import "math"

// worth is what a plan is worth on one scenario.
type worth struct {
	cash   float64 // currency saved on the tariff, demand charge included
	demand float64 // of which on the demand charge
	value  float64 // Cost·cash + Carbon·(kg avoided)
	co2    float64 // kg avoided; NaN if the intensity of a changed hour is unknown
}

// evaluation is a plan that is ready to be evaluated on scenarios of one meter.
type evaluation struct {
	shift   *shiftPlan
	devices *devicePlan // nil: left out
	store   *Storage    // value functions of the store that a device follows; nil if none does
	share   float64     // of an hour's load that may move
	planned float64     // energy that the shift takes away, kWh
	passed  int         // slots at the start of which nothing counts
	slots   [maxSlots]uint8
	n       int // of slots: those that matter to what the plan is worth
}

// prepare readies a plan for evaluation: what load moves and what the devices do.
func (p *planner) prepare(ws *workspace, d *meterPlan, shift *shiftPlan, devices *devicePlan) evaluation {
	x := evaluation{shift: shift, devices: devices, share: d.share}
	every := devices != nil || p.policy.Tariff.DemandCharge > 0 // the highest hour may be any
	for t := range ws.day.n {
		x.planned += shift.down[t]
		if every || shift.down[t] != 0 || shift.up[t] != 0 {
			x.slots[x.n] = uint8(t)
			x.n++
		}
	}
	if devices != nil && devices.follows != nil {
		if err := ws.storage().Prepare(&devices.follows.problem); err != nil {
			panic("dsm: a store that had a plan has none: " + err.Error())
		}
		x.store = ws.storage()
	}
	return x
}

// onMean evaluates a plan on the mean scenario. devices may be nil: they are left
// out.
func (p *planner) onMean(ws *workspace, d *meterPlan, shift *shiftPlan, devices *devicePlan) worth {
	x := p.prepare(ws, d, shift, devices)
	return p.evaluate(&ws.day, d, &x, &d.load)
}

// onAll evaluates on all scenarios what is left of a plan whose first slots have
// passed before it can be known. Ledger.Replayed counts the same hours.
func (p *planner) onAll(ws *workspace, s *scenarios, d *meterPlan, shift *shiftPlan, devices *devicePlan, passed int) (out outcomes) {
	if passed > 0 {
		rest := shift.rest(passed, ws.day.n)
		shift = &rest
	}
	x := p.prepare(ws, d, shift, devices)
	x.passed = passed
	if hasVectors && devices == nil && passed == 0 && x.planned > 0 {
		p.evaluateAll(ws, s, d, &x, &out)
		return out
	}
	for k := range scenarioCount {
		scenario := s.scenario(k, ws.day.n)
		out.set(k, p.evaluate(&ws.day, d, &x, &scenario))
	}
	return out
}

// evaluate computes what a plan is worth on one scenario of the meter's load, in
// kWh per slot. Where the scenario has less to give than the plan takes, its donors
// are clipped to the share that may move and all that was to be added shrinks in
// proportion, so that energy stays conserved. A store does not follow its schedule
// but its value functions. An hour costs price·load where load is drawn, and earns
// the export price where it is fed in; the highest hour costs the demand charge as
// far as it exceeds the month's highest so far:
//
//	cash = Σ cost(before) − cost(after) + demandCharge·(peak before − peak after) − wear
func (p *planner) evaluate(day *dayRates, d *meterPlan, x *evaluation, scenario *[maxSlots]float64) worth {
	plan, a, slots := x.shift, x.devices, x.slots[:x.n]
	if a == nil && x.planned <= 0 {
		return worth{}
	}
	scale, sell := 0.0, p.policy.Tariff.Export
	var gives [maxSlots]float64
	if x.planned > 0 {
		given := 0.0
		for _, t := range slots {
			if plan.down[t] > 0 {
				gives[t] = min(plan.down[t], x.share*max(scenario[t], 0))
				given += gives[t]
			}
		}
		scale = given / x.planned
	}
	stored := 0.0
	if x.store != nil {
		stored = x.store.problem.Start
	}
	cash, co2 := 0.0, 0.0
	carbon, before, after, charged := 0.0, d.monthPeak, d.monthPeak, p.policy.Tariff.DemandCharge > 0
	for _, t := range slots {
		load, change, wear := scenario[t], 0.0, 0.0
		if x.planned > 0 {
			change = plan.up[t]*scale - gives[t]
		}
		if a != nil {
			load += a.without[t]
			change += a.scheduled[t]
			if x.store != nil {
				var moved float64
				moved, stored = x.store.Step(int(t), stored, load+change)
				change += moved
				wear = a.follows.wear * max(-moved, 0)
			}
		}
		if int(t) < x.passed {
			continue // what is stored later depends on it, the worth does not
		}
		if charged {
			before, after = max(before, load), max(after, load+change)
		}
		if change == 0 {
			continue
		}
		cash += HourCost(day.price[t], sell, load) - HourCost(day.price[t], sell, load+change) - wear
		co2 -= day.carbon[t] * change
		carbon -= (day.value[t] - p.policy.Objective.Cost*day.price[t]) * change
	}
	return p.worthOf(cash, p.policy.Tariff.DemandCharge*(before-after), co2, carbon)
}

// worthOf is what a plan is worth, given what it saves: cash without the demand charge, of
// that, and carbon in kg and weighed.
func (p *planner) worthOf(cash, demand, co2, carbon float64) worth {
	return worth{
		cash: cash + demand, demand: demand, co2: co2,
		value: p.policy.Objective.Cost*cash + p.policy.Objective.Peak*demand + carbon,
	}
}

// rest is what is left of moved load without the first slots: what the others
// give, as far as they take it too.
func (s *shiftPlan) rest(passed, n int) (rest shiftPlan) {
	taken, added, given, room := 0.0, 0.0, 0.0, 0.0
	for t := range n {
		change := s.up[t] - s.down[t]
		taken += max(-change, 0)
		added += max(change, 0)
		if t >= passed {
			rest.down[t], rest.up[t] = max(-change, 0), max(change, 0)
			given += rest.down[t]
			room += rest.up[t]
		}
	}
	less, more := conserve(taken, added, given, room)
	for t := passed; t < n; t++ {
		rest.down[t] *= less
		rest.up[t] *= more
	}
	return rest
}

// conserve keeps the energy of moved load where only a part of a plan counts. The
// whole plan takes and adds some energy (added/taken is 1 + rebound, as far as the
// plan shows it); what counts of it could give some and has room for some. less and
// more are the shares of these two that balance.
func conserve(taken, added, given, room float64) (less, more float64) {
	if given <= 0 || room <= 0 {
		return 0, 0
	}
	wanted := given * added / taken
	return min(room/wanted, 1), min(wanted/room, 1)
}

// shareAt is the share of a slot's load that may be taken away.
func (d *meterPlan) shareAt(day *dayRates, t int) float64 {
	if day.quiet&(1<<t) != 0 {
		return 0
	}
	return d.share
}

// profile is the shape of a day's load: peak in kW and peak-to-average ratio,
// NaN where the load gives none.
type profile struct{ peak, par float64 }

func profileOf(load []float64, known uint32) profile {
	peak, sum, n := math.Inf(-1), 0.0, 0
	for t, v := range load {
		if known&(1<<t) != 0 {
			peak, sum, n = max(peak, v), sum+v, n+1
		}
	}
	switch {
	case n == 0:
		return profile{math.NaN(), math.NaN()}
	case sum <= 0:
		return profile{peak, math.NaN()}
	}
	return profile{peak, peak * float64(n) / sum}
}
