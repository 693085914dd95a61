package dsm

// worth is what a plan is worth on one path of load.
type worth struct {
	cash   float64 // currency saved on the tariff, demand charge included
	demand float64 // of which on the demand charge
	value  float64 // Cost·cash + Carbon·(kg avoided)
	co2    float64 // kg avoided; NaN if the intensity of a changed hour is unknown
}

// evaluate reckons a meter's plan on one course of its load in kWh per slot:
// plan for what load moves and, unless only is true, what stands behind the meter.
// Where the course has less to give than the plan takes, its donors are clipped to
// the share that may move and all that was to be added shrinks in proportion, so
// that energy stays conserved. The battery does not follow its schedule but its
// value functions, which must be those in ws.store. An hour costs price·load where
// load is drawn, and earns the export price where it is fed in; the highest hour
// costs the demand charge as far as it exceeds the month's highest so far:
//
//	cash = Σ cost(before) − cost(after) + demandCharge·(peak before − peak after) − wear
func (p *planner) evaluate(ws *workspace, d *draft, course *[maxSlots]float64, plan *shiftPlan, only bool) worth {
	day := &ws.day
	var w worth
	planned, given, sell := 0.0, 0.0, p.policy.Tariff.Export
	share := p.policy.Flexibility.ShiftableShare * (1 - d.heatShare) // shareAt of slots with a donor
	for t := range day.n {
		planned += plan.down[t]
		given += min(plan.down[t], share*max(course[t], 0))
	}
	scale := 0.0
	if planned > 0 {
		scale = given / planned
	}
	var a *assetDraft
	stored := 0.0
	if !only && d.assets >= 0 {
		a = &ws.assets[d.assets]
		stored = ws.store.problem.Start
	} else if planned <= 0 {
		return w
	}
	carbon, before, after := 0.0, d.monthPeak, d.monthPeak
	for t := range day.n {
		load, change, wear := course[t], 0.0, 0.0
		if planned > 0 {
			change = plan.up[t]*scale - min(plan.down[t], share*max(course[t], 0))
		}
		if a != nil {
			load += a.atOnce[t]
			change += a.car[t] - a.atOnce[t] + a.heat[t]
			if a.problem.N > 0 {
				var moved float64
				moved, stored = ws.store.Step(t, stored, load+change)
				change += moved
				wear = a.gear.battery.WearCost * max(-moved, 0)
			}
		}
		before, after = max(before, load), max(after, load+change)
		if change == 0 {
			continue
		}
		w.cash += gridCost(day.price[t], sell, load) - gridCost(day.price[t], sell, load+change) - wear
		w.co2 -= day.carbon[t] * change
		carbon -= (day.value[t] - p.policy.Objective.Cost*day.price[t]) * change
	}
	demand := p.policy.Tariff.DemandCharge * (before - after)
	w.value = p.policy.Objective.Cost*w.cash + p.policy.Objective.Peak*demand + carbon
	w.demand = demand
	w.cash += demand
	return w
}

// judge reckons a meter's plan on all courses of its day, which must be those in
// ws.scenarios.
func (p *planner) judge(ws *workspace, d *draft, plan *shiftPlan, only bool) *outcomes {
	for k := range paths {
		ws.outcomes.set(k, p.evaluate(ws, d, &ws.scenarios.load[k], plan, only))
	}
	return &ws.outcomes
}

// shareAt is the share of a slot's load that may be taken away.
func (p *planner) shareAt(ws *workspace, d *draft, t int) float64 {
	if ws.day.quiet&(1<<t) != 0 {
		return 0
	}
	return p.policy.Flexibility.ShiftableShare * (1 - d.heatShare)
}
