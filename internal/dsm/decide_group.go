package dsm

// decideGroup turns the plan for a group's limit into the decision about the
// group. Its plan is the sum of what was allocated to its meters for the limit,
// and it repeats what their plans hold: whoever adds savings up takes the
// meters' decisions only. Peaks are those of the group's forecast before and
// after all plans of the meters.
func (p *planner) decideGroup(ws *workspace, in *GroupInput, g *groupPlan, a *arena) Decision {
	n := in.Slots
	out := p.header(in, g.name, "")
	p.setInputs(ws, in, g, &out)
	out.CapKW = float32(g.capacity)
	load, final := g.mean(&g.load, n), g.mean(&g.final, n)
	before, after := profileOf(load[:n], g.known), profileOf(final[:n], g.known)
	out.setProfiles(before, after)

	factors, binding, alternatives := len(a.factors), len(a.binding), len(a.alternatives)
	switch {
	case g.known == 0:
		out.Reason = ReasonNoForecast
	case peakOf(g.shifted[:n]) <= g.capacity*(1+1e-9), g.held.moved(n) == 0 && peakOf(g.final[:n]) <= g.capacity*(1+1e-9):
		out.Reason = ReasonWithinLimit
	case g.held.moved(n) == 0:
		out.Reason = ReasonNoFlexibility
	default:
		out.Action, out.Reason = ActionPeakShave, ReasonGroupLimit
		out.setShift(&g.held, n, a)
		p.setGroupWorth(ws, in, g, &out)
		a.alternatives = append(a.alternatives, Alternative{
			Action: ActionNone, Reason: ReasonGroupLimit, Saving: -out.SavingP50,
		})
	}
	if g.known != 0 {
		a.factors = append(a.factors, WeightedFactor{FactorForecastPeak, out.PeakBefore})
		if excess := before.peak - g.capacity; excess > 0 {
			a.factors = append(a.factors, WeightedFactor{FactorExcess, float32(excess)})
		}
	}
	if g.known != 0 && g.exceedance > 0 {
		p.addRisk(ws, in, g, &load, &final, a)
	}
	if out.MissingShare > 0 {
		a.factors = append(a.factors, WeightedFactor{FactorMissing, out.MissingShare})
	}
	if reserved := profileOf(g.final[:n], g.known).peak; reserved > g.capacity*(1+1e-9) {
		a.binding = append(a.binding, p.groupBinding(g, reserved))
	}
	out.Factors = tail(a.factors, factors)
	out.Binding = tail(a.binding, binding)
	out.Alternatives = tail(a.alternatives, alternatives)
	return out
}

// addRisk appends the probability that the limit is exceeded, without the plans of
// the meters and with them, what is expected to remain above it, and how many meters
// act for it.
func (p *planner) addRisk(ws *workspace, in *GroupInput, g *groupPlan, load, final *[maxSlots]float64, a *arena) {
	first := in.passed()
	g.risk.before, _ = g.risk.exceeds(p.joint, first, in.Slots, load, g.capacity)
	g.risk.after, g.risk.excess = g.risk.exceeds(p.joint, first, in.Slots, final, g.capacity)
	a.factors = append(a.factors,
		WeightedFactor{FactorExceedBefore, float32(g.risk.before)},
		WeightedFactor{FactorExceedAfter, float32(g.risk.after)},
		WeightedFactor{FactorExcessEnergy, float32(g.risk.excess)})
	asked := 0
	for i := g.first; i < g.end; i++ {
		if ws.asks(g, &ws.meters[i], in.Slots) {
			asked++
		}
	}
	if asked > 0 {
		a.factors = append(a.factors, WeightedFactor{FactorMetersAsked, float32(asked)})
	}
}

// setInputs sets what the group's decision rests on: the newest reading of its
// meters, the mean share of missing hours, and whether any meter is stale.
func (p *planner) setInputs(ws *workspace, in *GroupInput, g *groupPlan, out *Decision) {
	missing := 0.0
	for i := g.first; i < g.end; i++ {
		m := &in.Meters[i]
		if i == g.first || m.LastReading > out.LastReading {
			out.LastReading = m.LastReading
		}
		missing += m.MissingShare
		out.Stale = out.Stale || ws.meters[i].reason == ReasonStaleInput
	}
	if g.end > g.first {
		out.MissingShare = float32(missing / float64(g.end-g.first))
	}
}

// setGroupWorth evaluates the limit's plan on all scenarios of the day, meter by
// meter, as far as it can still be followed, and adds up, in order. The scenarios
// are those on which all meters run low, or high, at once, so the range is wider
// than the truth. Confidence is the share of scenarios on which the plan lowers the
// group's peak.
func (p *planner) setGroupWorth(ws *workspace, in *GroupInput, g *groupPlan, out *Decision) {
	n := in.Slots
	var sum outcomes
	ws.before, ws.after = [scenarioCount][maxSlots]float64{}, [scenarioCount][maxSlots]float64{}
	for i := g.first; i < g.end; i++ {
		d := &ws.meters[i]
		ws.scenarios.set(p.normal, in.Meters[i].Forecast, n, d.floor)
		if ws.asks(g, d, n) {
			p.addHeldWorth(ws, d, in.passed(), &sum)
		}
		for k := range scenarioCount {
			before, after := &ws.before[k], &ws.after[k]
			for t := range n {
				load := ws.scenarios.load[t][k] + d.price.up[t] - d.price.down[t]
				before[t] += load
				after[t] += load + d.held.up[t] - d.held.down[t]
			}
			a := d.devices
			if a == nil {
				continue
			}
			for t := range n {
				x := a.without[t] + a.change[t]
				before[t] += x
				after[t] += x
			}
		}
	}
	lowered := 0
	for k := range scenarioCount {
		if from := in.passed(); peakOf(ws.after[k][from:n]) < peakOf(ws.before[k][from:n]) {
			lowered++
		}
	}
	out.setSavings(&sum)
	out.CO2Kg = float32(sum.co2)
	out.Confidence = float32(lowered) / scenarioCount
}

// addHeldWorth adds what a meter's share in the limit's plan is worth beside its
// price shift, on each scenario of ws.
func (p *planner) addHeldWorth(ws *workspace, d *meterPlan, passed int, sum *outcomes) {
	n := ws.day.n
	var total shiftPlan
	total.add(&d.price, &d.held, n)
	without := p.onAll(ws, &ws.scenarios, d, &d.price, nil, passed)
	with := p.onAll(ws, &ws.scenarios, d, &total, nil, passed)
	for k := range scenarioCount {
		sum.cash[k] += with.cash[k] - without.cash[k]
	}
	sum.energy += with.energy - without.energy
	sum.demand += with.demand - without.demand
	sum.co2 += with.co2 - without.co2
}

// groupBinding is the limit that keeps the group above its capacity: the share
// of load that may move where an hour has given all, else the room elsewhere.
func (p *planner) groupBinding(g *groupPlan, peak float64) Constraint {
	if peak > g.target*(1+1e-6) || g.target <= g.capacity {
		return ConstraintHeadroom
	}
	share := p.policy.Flexibility.ShiftableShare
	for t := range g.final {
		if g.final[t] >= peak*(1-1e-9) && g.final[t] <= (1-share)*g.load[t]*(1+1e-6) {
			return ConstraintShiftableShare
		}
	}
	return ConstraintHeadroom
}
