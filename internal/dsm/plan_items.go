package dsm

import "math"

// PlanItem is one item of a meter's plan: what moved load or a device contributes.
type PlanItem struct {
	Action Action
	Saving float32   // on the mean scenario of the day, by the policy's objective
	Plan   []float32 // change of load per slot against AtOnce, kWh

	// AtOnce is what the device draws without a plan, beside the readings, kWh per
	// slot: a car that is charged as soon as it may be. Nil where that is nothing.
	AtOnce []float32

	// Value is what a kWh in a store is worth at the end of each slot, currency: a
	// price above it calls for discharging, one below it, both less the losses, for
	// charging. Of a device that follows it only, such as a battery.
	Value []float32
}

// purposeOf is what a meter's plan is mainly about: the action of the item that is
// worth most, and why. mean is what the plan is worth on the mean scenario, shift
// what moved load is worth there by itself, by the policy's objective.
func (p *planner) purposeOf(day *dayRates, d *meterPlan, total *shiftPlan, mean worth, shift float64) (Action, Reason) {
	n, reason := day.n, d.reason
	if mean.cash > 0 && mean.demand > mean.cash/2 {
		reason = ReasonDemandCharge
	}
	action := shiftAction(d, n, reason)
	held := d.held.moved(n)
	if held > d.price.moved(n) || held > 0 && mean.cash <= 0 && !day.isCheaper(total) {
		action, reason = ActionPeakShave, ReasonGroupLimit
	}
	if action == ActionPVSelfConsume && reason == ReasonPriceSpread {
		reason = ReasonOwnSun
	}
	if d.devices == nil {
		return action, reason
	}
	best, found := shift, total.moved(n) > 0
	for i := range d.devices.all() {
		o := &d.devices.proposals[i]
		if !o.moves(n) || found && o.saving <= best {
			continue
		}
		best, found = o.saving, true
		action, reason = o.dispatch.purpose(day, &d.load, o)
	}
	return action, reason
}

// isCheaper reports whether some hour that gains load costs less than one that loses some.
func (r *dayRates) isCheaper(plan *shiftPlan) bool {
	low, high := math.Inf(1), math.Inf(-1)
	for t := range r.n {
		switch change := plan.up[t] - plan.down[t]; {
		case change > 0:
			low = min(low, r.price[t])
		case change < 0:
			high = max(high, r.price[t])
		}
	}
	return low < high
}

// shiftAction is what moved load is mainly about.
func shiftAction(d *meterPlan, n int, reason Reason) Action {
	if reason == ReasonDemandCharge {
		return ActionPeakShave
	}
	if mostlyOwn(&d.load, n, &d.price.up) {
		return ActionPVSelfConsume
	}
	return ActionLoadShift
}

// mostlyOwn reports whether more than half of what is added goes to hours that
// would feed in.
func mostlyOwn(load *[maxSlots]float64, n int, change *[maxSlots]float64) bool {
	own, all := 0.0, 0.0
	for t := range n {
		x := max(change[t], 0)
		all += x
		own += min(x, max(-load[t], 0))
	}
	return all > 0 && own > all/2
}

// addItems stores what moved load, worth shift by itself, and each device
// contribute, where there are devices. Moved load comes first.
func (p *planner) addItems(day *dayRates, d *meterPlan, total *shiftPlan, shift float64, a *arena, out *Decision) {
	if d.devices == nil {
		return
	}
	n, start := day.n, len(a.items)
	if plan := valuesOf(n, func(t int) float64 { return total.up[t] - total.down[t] }); plan != nil {
		a.items = append(a.items, PlanItem{Action: shiftAction(d, n, d.reason), Saving: float32(shift), Plan: plan})
	}
	for i := range d.devices.all() {
		o := &d.devices.proposals[i]
		if !o.moves(n) {
			continue
		}
		item := PlanItem{Action: o.kind.actions[0], Saving: float32(o.saving)}
		item.Plan = valuesOf(n, func(t int) float64 { return o.with[t] - o.without[t] })
		item.AtOnce = valuesOf(n, func(t int) float64 { return o.without[t] })
		if o.store != nil {
			item.Value = make([]float32, n)
			for t := range n {
				item.Value[t] = float32(o.store.plan.Marginal[t])
			}
		}
		a.items = append(a.items, item)
	}
	out.Items = tail(a.items, start)
}

// valuesOf are n values, nil if all are 0.
func valuesOf(n int, value func(t int) float64) (out []float32) {
	for t := range n {
		v := float32(value(t))
		if v != 0 && out == nil {
			out = make([]float32, n)
		}
		if out != nil {
			out[t] = v
		}
	}
	return out
}
