package dsm

import "math"

// assetDraft is the plan of what stands behind a meter while it is being made.
// All are changes of the meter's load in kWh per slot.
type assetDraft struct {
	gear     gear
	atOnce   [maxSlots]float64 // the car charged as soon as it may be: what is done without a plan
	car      [maxSlots]float64 // the car charged to plan
	heat     [maxSlots]float64 // the heat pump's draw, less what it would draw
	battery  StoragePlan
	carSaves float64 // value of each part, on the mean course
	heatSaves,
	batterySaves float64
	unproven bool // the battery's prices had to be bent to a problem with a proof
	problem  StorageProblem
}

// drop leaves everything as it is without a plan.
func (a *assetDraft) drop() { *a = assetDraft{gear: a.gear, car: a.atOnce, atOnce: a.atOnce} }

// change is what the plan of all assets adds to a slot that has the car charged
// at once.
func (a *assetDraft) change(t int) float64 {
	return a.car[t] - a.atOnce[t] + a.heat[t] + a.battery.Change[t]
}

// draftAssets plans what stands behind a meter, one after the other, each on the
// load that those before it leave: first the car, which has to be charged, then
// the heat pump, then the battery, which can make up for both. Each is exact for
// itself; where energy is fed in they compete for it, and the order decides.
func (p *planner) draftAssets(ws *workspace, d *draft, rooms *[maxSlots]float64) {
	a, n := &ws.assets[d.assets], ws.day.n
	g := a.gear
	*a = assetDraft{gear: g}
	var load, limit [maxSlots]float64
	peak := 0.0
	for t := range n {
		load[t] = d.load[t] + d.price.up[t] - d.price.down[t]
		peak = max(peak, load[t])
		limit[t] = math.Inf(1)
		if rooms != nil {
			limit[t] = max(rooms[t]-d.price.up[t], 0)
		}
	}
	if p.demandPrice() > 0 { // nothing charges above what is charged for already
		peak = max(peak, d.monthPeak)
		for t := range n {
			limit[t] = min(limit[t], max(peak-load[t], 0))
		}
	}
	if g.ev != nil {
		before := load
		p.draftCar(ws, a, &load, &limit)
		for t := range n {
			before[t] += a.atOnce[t]
		}
		a.carSaves = p.valueOf(ws, &before, &load)
	}
	if g.heatPump != nil {
		before := load
		p.draftHeat(ws, d, a, &load, &limit)
		a.heatSaves = p.valueOf(ws, &before, &load)
	}
	if g.battery != nil {
		before := load
		p.poseBattery(ws, a, &load, &limit)
		a.unproven = p.solveStore(ws, &a.battery)
		a.problem = ws.storage
		discharged := 0.0
		for t := range n {
			load[t] += a.battery.Change[t]
			discharged += max(-a.battery.Change[t], 0)
		}
		a.batterySaves = p.valueOf(ws, &before, &load) - p.policy.Objective.Cost*g.battery.WearCost*discharged
	}
}

// recall brings a battery's value functions back, for evaluate.
func (ws *workspace) recall(d *draft) {
	if d.assets < 0 || ws.assets[d.assets].problem.N == 0 {
		return
	}
	if err := ws.store.Solve(&ws.assets[d.assets].problem, &ws.stored); err != nil {
		panic("dsm: a battery that had a plan has none: " + err.Error())
	}
}

// valueOf is what the day is worth more, by the objective, with one load than
// with another.
func (p *planner) valueOf(ws *workspace, before, after *[maxSlots]float64) float64 {
	sum := 0.0
	for t := range ws.day.n {
		buy, sell := ws.day.value[t], p.exportWorth(&ws.day, t)
		sum += HourCost(buy, sell, before[t]) - HourCost(buy, sell, after[t])
	}
	return sum
}

// draftCar charges the car in the cheapest hours of each stay, and below the
// limits where that is enough.
func (p *planner) draftCar(ws *workspace, a *assetDraft, load, limit *[maxSlots]float64) {
	day, ev := &ws.day, a.gear.ev
	var stays [maxSessions]session
	var own, x [maxSlots]float64
	for t := range day.n {
		own[t] = min(p.exportValue(day, t), day.cost[t])
	}
	for _, s := range stays[:ev.sessions(p.rates.loc, day.issued, day.n, &stays)] {
		q := deferrable{from: s.from, to: s.to, energy: s.energy, most: ev.PowerKW, limit: *limit, load: *load}
		q.energy -= q.cheapest(&day.cost, &own, &x)
		for round := 0; ; round++ {
			for t := s.from; t < s.to; t++ {
				a.car[t] += x[t]
				load[t] += x[t]
				limit[t] = max(limit[t]-x[t], 0)
			}
			if round > 0 || q.energy <= 1e-9*s.energy {
				break
			}
			for t := range q.limit { // the car has to be ready, whatever the limits
				q.limit[t] = max(ev.PowerKW-x[t], 0)
			}
			q.load = *load
			q.energy -= q.cheapest(&day.cost, &own, &x)
		}
		left := s.energy
		for t := s.from; t < s.to && left > 0; t++ {
			step := min(left, ev.PowerKW)
			a.atOnce[t] += step
			left -= step
		}
	}
}

// draftHeat warms the building ahead of dear hours and lets it cool in them,
// within its comfort. Heat is a store that leaks.
func (p *planner) draftHeat(ws *workspace, d *draft, a *assetDraft, load, limit *[maxSlots]float64) {
	q, h, day := &ws.storage, a.gear.heatPump, &ws.day
	*q = StorageProblem{N: day.n, Load: *load, ChargeEfficiency: 1, DischargeEfficiency: 1, Keep: 1 - h.LossPerHour}
	p.priceStore(q, day)
	for t := range q.N {
		draw := 0.0
		if d.known&(1<<t) != 0 {
			draw = min(h.Share*max(d.load[t], 0), h.PowerKW)
		}
		q.Charge[t] = min(h.PowerKW-draw, limit[t])
		q.Discharge[t] = draw
		q.High[t] = h.PreheatKWh
		if a.gear.warm.price(day.hour(t)) == 0 && t < q.N-1 {
			q.Low[t] = -h.SetbackKWh
		}
	}
	p.solveStore(ws, &ws.stored)
	for t := range q.N {
		a.heat[t] = ws.stored.Change[t]
		load[t] += a.heat[t]
		limit[t] = max(limit[t]-max(a.heat[t], 0), 0)
	}
}

// poseBattery states the battery's problem on a load.
func (p *planner) poseBattery(ws *workspace, a *assetDraft, load, limit *[maxSlots]float64) {
	q, b := &ws.storage, a.gear.battery
	*q = b.Problem()
	q.N, q.Load, q.Wear = ws.day.n, *load, p.policy.Objective.Cost*b.WearCost
	p.priceStore(q, &ws.day)
	for t := range q.N {
		q.Charge[t] = min(q.Charge[t], limit[t])
	}
}

func (p *planner) priceStore(q *StorageProblem, day *dayRates) {
	for t := range q.N {
		q.Import[t], q.Export[t] = day.value[t], p.exportWorth(day, t)
	}
}

// solveStore solves the workspace's storage problem, by bent prices where the
// proof stops; true tells so.
func (p *planner) solveStore(ws *workspace, out *StoragePlan) (unproven bool) {
	unproven, err := ws.store.SolveBent(&ws.storage, out)
	if err != nil {
		panic("dsm: a store that may stay as it is has no plan: " + err.Error())
	}
	return unproven
}

// exportWorth is the value of a kWh that is used instead of fed in.
func (p *planner) exportWorth(day *dayRates, t int) float64 {
	carbon := day.value[t] - p.policy.Objective.Cost*day.price[t]
	return p.policy.Objective.Cost*p.policy.Tariff.Export + carbon
}

// demandPrice is what a kW of the month's highest hour weighs.
func (p *planner) demandPrice() float64 {
	return p.policy.Objective.Peak * p.policy.Tariff.DemandCharge
}
