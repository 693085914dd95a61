package dsm

// shiftSlots is moved load that is ready to be evaluated in all scenarios at once; the
// assembler reads it too. The first slots of each list are those that matter to what it is
// worth.
type shiftSlots struct {
	down, up [maxSlots]float64 // kWh
	price    [maxSlots]float64
	carbon   [maxSlots]float64
	beyond   [maxSlots]float64 // what a kWh is worth by the objective beside its price
	row      [maxSlots]int     // place of the slot's loads, bytes
	n        int

	share   float64 // of an hour's load that may move
	sell    float64 // export price
	planned float64 // energy that is to be taken away, kWh
	peak    float64 // highest hour of the month so far, kW
}

// scenarioWorths are the parts of what a plan is worth in each scenario.
type scenarioWorths struct {
	cash, co2, carbon [scenarioCount]float64
	before, after     [scenarioCount]float64 // highest hour, kW
}

// evaluateAll is evaluate in each scenario, for moved load of which no slot has passed.
func (p *planner) evaluateAll(ws *workspace, s *scenarios, d *meterPlan, x *evaluation, out *outcomes) {
	in, w, day := &ws.shifted, &ws.worths, &ws.day
	in.n, in.share, in.sell, in.planned, in.peak = x.n, x.share, p.policy.Tariff.Export, x.planned, d.monthPeak
	for i, t := range x.slots[:x.n] {
		in.down[i], in.up[i] = x.shift.down[t], x.shift.up[t]
		in.price[i], in.carbon[i] = day.price[t], day.carbon[t]
		in.beyond[i] = day.value[t] - p.policy.Objective.Cost*day.price[t]
		in.row[i] = int(t) * 8 * scenarioCount
	}
	evaluateShift(&s.load, in, w)
	charge := p.policy.Tariff.DemandCharge
	for k := range scenarioCount {
		demand := 0.0
		if charge > 0 {
			demand = charge * (w.before[k] - w.after[k])
		}
		out.set(k, p.worthOf(w.cash[k], demand, w.co2[k], w.carbon[k]))
	}
}
