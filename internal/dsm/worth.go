package dsm

// worth is what a plan is worth on one path of load.
type worth struct {
	cash   float64 // currency saved on the tariff, demand charge included
	demand float64 // of which on the demand charge
	value  float64 // Cost·cash + Carbon·(kg avoided)
	co2    float64 // kg avoided; NaN if the intensity of a changed hour is unknown
}

// trial is a plan that is to be reckoned on some courses.
type trial struct {
	plan    *shiftPlan
	assets  *assetDraft // what stands behind the meter; nil if that is left out
	share   float64     // of an hour's load that may move
	planned float64     // energy that the plan takes away, kWh
	passed  int         // slots at the start of which nothing counts
	slots   [maxSlots]uint8
	n       int // of slots: those that matter to what the plan is worth
}

// try makes a plan ready to be reckoned: what load moves and, unless only is true,
// what stands behind the meter.
func (p *planner) try(ws *workspace, d *draft, plan *shiftPlan, only bool) trial {
	x := trial{plan: plan, share: p.policy.Flexibility.ShiftableShare * (1 - d.heatShare)} // shareAt of slots with a donor
	if !only && d.assets >= 0 {
		x.assets = &ws.assets[d.assets]
	}
	every := x.assets != nil || p.policy.Tariff.DemandCharge > 0 // the highest hour may be any
	for t := range ws.day.n {
		x.planned += plan.down[t]
		if every || plan.down[t] != 0 || plan.up[t] != 0 {
			x.slots[x.n] = uint8(t)
			x.n++
		}
	}
	return x
}

// evaluate reckons a meter's plan on one course of its load in kWh per slot. See
// reckon.
func (p *planner) evaluate(ws *workspace, d *draft, course *[maxSlots]float64, plan *shiftPlan, only bool) worth {
	x := p.try(ws, d, plan, only)
	return p.reckon(ws, d, &x, course)
}

// reckon reckons a plan on one course of the meter's load in kWh per slot.
// Where the course has less to give than the plan takes, its donors are clipped to
// the share that may move and all that was to be added shrinks in proportion, so
// that energy stays conserved. The battery does not follow its schedule but its
// value functions, which must be those in ws.store. An hour costs price·load where
// load is drawn, and earns the export price where it is fed in; the highest hour
// costs the demand charge as far as it exceeds the month's highest so far:
//
//	cash = Σ cost(before) − cost(after) + demandCharge·(peak before − peak after) − wear
func (p *planner) reckon(ws *workspace, d *draft, x *trial, course *[maxSlots]float64) worth {
	day, plan, a, slots := &ws.day, x.plan, x.assets, x.slots[:x.n]
	var w worth
	if a == nil && x.planned <= 0 {
		return w
	}
	scale, sell := 0.0, p.policy.Tariff.Export
	var gives [maxSlots]float64
	if x.planned > 0 {
		given := 0.0
		for _, t := range slots {
			if plan.down[t] > 0 {
				gives[t] = min(plan.down[t], x.share*max(course[t], 0))
				given += gives[t]
			}
		}
		scale = given / x.planned
	}
	stored := 0.0
	if a != nil {
		stored = ws.store.problem.Start
	}
	carbon, before, after, charged := 0.0, d.monthPeak, d.monthPeak, p.policy.Tariff.DemandCharge > 0
	for _, t := range slots {
		load, change, wear := course[t], 0.0, 0.0
		if x.planned > 0 {
			change = plan.up[t]*scale - gives[t]
		}
		if a != nil {
			load += a.atOnce[t]
			change += a.car[t] - a.atOnce[t] + a.heat[t]
			if a.problem.N > 0 {
				var moved float64
				moved, stored = ws.store.Step(int(t), stored, load+change)
				change += moved
				wear = a.gear.battery.WearCost * max(-moved, 0)
			}
		}
		if int(t) < x.passed {
			continue // the battery's course depends on it, the worth does not
		}
		if charged {
			before, after = max(before, load), max(after, load+change)
		}
		if change == 0 {
			continue
		}
		w.cash += HourCost(day.price[t], sell, load) - HourCost(day.price[t], sell, load+change) - wear
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
	return p.judgeRest(ws, d, plan, only, 0)
}

// judgeRest is judge of what is left of a plan whose first slots have passed
// before it can be known. Ledger.Replayed counts the same.
func (p *planner) judgeRest(ws *workspace, d *draft, plan *shiftPlan, only bool, passed int) *outcomes {
	if passed > 0 {
		ws.rest = plan.rest(passed, ws.day.n)
		plan = &ws.rest
	}
	x := p.try(ws, d, plan, only)
	x.passed = passed
	for k := range paths {
		ws.outcomes.set(k, p.reckon(ws, d, &x, &ws.scenarios.load[k]))
	}
	return &ws.outcomes
}

// rest is what is left of moved load without the first slots: what the others
// give, as far as they take it too, so that energy stays conserved.
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
	if given <= 0 || room <= 0 {
		return shiftPlan{}
	}
	wanted := given * added / taken // with the rebound, as far as the plan shows it
	less, more := min(room/wanted, 1), min(wanted/room, 1)
	for t := passed; t < n; t++ {
		rest.down[t] *= less
		rest.up[t] *= more
	}
	return rest
}

// shareAt is the share of a slot's load that may be taken away.
func (p *planner) shareAt(ws *workspace, d *draft, t int) float64 {
	if ws.day.quiet&(1<<t) != 0 {
		return 0
	}
	return p.policy.Flexibility.ShiftableShare * (1 - d.heatShare)
}
