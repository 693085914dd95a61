package dsm

// worth is what a plan is worth on one path of load.
type worth struct {
	cash  float64 // currency saved on the tariff
	value float64 // Cost·cash + Carbon·(kg avoided)
	co2   float64 // kg avoided; NaN if the intensity of a changed hour is unknown
}

// evaluate reckons a plan on a path of load in kWh per slot. Where the path has
// less to give than the plan takes, the plan's donors are clipped to φ·load and
// all that was to be added shrinks in proportion, so that energy stays
// conserved. An hour costs price·load where load is drawn, and earns the export
// price where it is fed in:
//
//	cost(L) = price·max(L,0) − export·max(−L,0),  cash = Σ cost(L) − cost(L+u−d)
func (p *planner) evaluate(day *dayRates, path *[maxSlots]float64, plan *shiftPlan) worth {
	var w worth
	share := p.policy.Flexibility.ShiftableShare
	planned, given, sell := 0.0, 0.0, p.policy.Tariff.Export
	for t := range day.n {
		planned += plan.down[t]
		given += min(plan.down[t], share*max(path[t], 0))
	}
	if planned <= 0 {
		return w
	}
	scale := given / planned
	carbon := 0.0
	for t := range day.n {
		change := plan.up[t]*scale - min(plan.down[t], share*max(path[t], 0))
		if change == 0 {
			continue
		}
		w.cash += gridCost(day.price[t], sell, path[t]) - gridCost(day.price[t], sell, path[t]+change)
		w.co2 -= day.carbon[t] * change
		carbon -= (day.value[t] - p.policy.Objective.Cost*day.price[t]) * change
	}
	w.value = p.policy.Objective.Cost*w.cash + carbon
	return w
}
