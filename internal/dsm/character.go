package dsm

// Part is what one thing contributes to a meter's plan: moved load, a car, a heat
// pump or a battery.
type Part struct {
	Action Action
	Saving float32   // on the mean course of the day, by the policy's objective
	Plan   []float32 // change of load per slot, kWh; of a car against charging at once

	// AtOnce is what a car draws without a plan, kWh per slot: charged as soon as it
	// may be. Of a car only.
	AtOnce []float32

	// Value is what a kWh in a store is worth at the end of each slot, currency: a
	// price above it calls for discharging, one below it, both less the losses, for
	// charging. Of a battery only.
	Value []float32
}

// character is what a meter's plan is mainly about: the action of the part that is
// worth most, and why.
func (p *planner) character(ws *workspace, d *draft, total *shiftPlan, mean worth) (Action, Reason) {
	n := ws.day.n
	reason := d.reason
	if mean.cash > 0 && mean.demand > mean.cash/2 {
		reason = ReasonDemandCharge
	}
	best := p.evaluate(ws, d, &d.load, total, true).value
	action := p.shiftAction(d, n, reason)
	if d.held.moved(n) > d.price.moved(n) {
		action, reason = ActionPeakShave, ReasonGroupLimit
	}
	if action == ActionPVSelfConsume && reason == ReasonPriceSpread {
		reason = ReasonOwnSun
	}
	if d.assets < 0 {
		return action, reason
	}
	x := &ws.assets[d.assets]
	found := total.moved(n) > 0
	better := func(saves float64, change func(t int) float64) bool {
		moves := false
		for t := range n {
			moves = moves || float32(change(t)) != 0
		}
		if !moves || found && saves <= best {
			return false
		}
		best, found = saves, true
		return true
	}
	if better(x.carSaves, func(t int) float64 { return x.car[t] - x.atOnce[t] }) {
		action, reason = ActionEVCharge, ReasonPriceSpread
		if low, high := rangeOf(ws.day.cost[:n]); low == high {
			action, reason = ActionValleyFill, ReasonLevelLoad
		}
	}
	if better(x.heatSaves, func(t int) float64 { return x.heat[t] }) {
		action, reason = ActionPreheat, ReasonPriceSpread
	}
	if better(x.batterySaves, func(t int) float64 { return x.battery.Change[t] }) {
		action, reason = ActionBattery, ReasonPriceSpread
		if mostlyOwn(d, n, &x.battery.Change) {
			reason = ReasonOwnSun
		}
	}
	return action, reason
}

// shiftAction is what moved load is mainly about.
func (p *planner) shiftAction(d *draft, n int, reason Reason) Action {
	if reason == ReasonDemandCharge {
		return ActionPeakShave
	}
	if mostlyOwn(d, n, &d.price.up) {
		return ActionPVSelfConsume
	}
	return ActionLoadShift
}

// mostlyOwn reports whether more than half of what is added goes to hours that
// would feed in.
func mostlyOwn(d *draft, n int, change *[maxSlots]float64) bool {
	own, all := 0.0, 0.0
	for t := range n {
		x := max(change[t], 0)
		all += x
		own += min(x, max(-d.load[t], 0))
	}
	return all > 0 && own > all/2
}

// addParts stores what each thing contributes, where something stands behind the
// meter.
func (p *planner) addParts(ws *workspace, d *draft, total *shiftPlan, a *arena, out *Decision) {
	if d.assets < 0 {
		return
	}
	n, start := ws.day.n, len(a.parts)
	x := &ws.assets[d.assets]
	add := func(action Action, saving float64, change func(t int) float64) {
		plan := make([]float32, n)
		moves := false
		for t := range n {
			plan[t] = float32(change(t))
			moves = moves || plan[t] != 0
		}
		if moves {
			a.parts = append(a.parts, Part{Action: action, Saving: float32(saving), Plan: plan})
		}
	}
	shift := p.evaluate(ws, d, &d.load, total, true).value
	add(p.shiftAction(d, n, d.reason), shift, func(t int) float64 { return total.up[t] - total.down[t] })
	before := len(a.parts)
	add(ActionEVCharge, x.carSaves, func(t int) float64 { return x.car[t] - x.atOnce[t] })
	if len(a.parts) > before {
		a.parts[before].AtOnce = make([]float32, n)
		for t := range n {
			a.parts[before].AtOnce[t] = float32(x.atOnce[t])
		}
	}
	add(ActionPreheat, x.heatSaves, func(t int) float64 { return x.heat[t] })
	before = len(a.parts)
	add(ActionBattery, x.batterySaves, func(t int) float64 { return x.battery.Change[t] })
	if len(a.parts) > before {
		value := make([]float32, n)
		for t := range n {
			value[t] = float32(x.battery.Marginal[t])
		}
		a.parts[before].Value = value
	}
	out.Parts = tail(a.parts, start)
}
