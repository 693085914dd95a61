package dsm

// decideGroup turns the draft for a group's limit into the decision about the
// group. Its plan is the sum of what was allocated to its meters for the limit,
// and it repeats what their plans hold: whoever adds savings up takes the
// meters' decisions only. Peaks are those of the sum of forecasts before and
// after all plans of the meters.
func (p *planner) decideGroup(ws *workspace, in *GroupInput, g *groupDraft, a *arena) Decision {
	n := in.Slots
	out := p.header(in, "")
	p.setInputs(ws, in, &out)
	out.CapKW = float32(g.capacity)
	before, after := profileOf(g.load[:n], g.known), profileOf(g.final[:n], g.known)
	out.setProfiles(before, after)

	factors, binding, alternatives := len(a.factors), len(a.binding), len(a.alternatives)
	switch {
	case g.known == 0:
		out.Reason = ReasonNoForecast
	case peakOf(g.shifted[:n]) <= g.capacity*(1+1e-9):
		out.Reason = ReasonWithinLimit
	case g.held.moved(n) == 0:
		out.Reason = ReasonNoFlexibility
	default:
		out.Action, out.Reason = ActionPeakShave, ReasonGroupLimit
		out.CapKW = float32(max(after.peak, g.capacity))
		out.setPlan(&g.held, n, a)
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
	if out.MissingShare > 0 {
		a.factors = append(a.factors, WeightedFactor{FactorMissing, out.MissingShare})
	}
	if after.peak > g.capacity*(1+1e-9) {
		a.binding = append(a.binding, p.groupBinding(g, after.peak))
	}
	out.Factors = tail(a.factors, factors)
	out.Binding = tail(a.binding, binding)
	out.Alternatives = tail(a.alternatives, alternatives)
	return out
}

// setInputs says what the group's decision rests on: the newest reading of its
// meters, the mean share of missing hours, and whether any meter is stale.
func (p *planner) setInputs(ws *workspace, in *GroupInput, out *Decision) {
	missing := 0.0
	for i := range in.Meters {
		m := &in.Meters[i]
		if i == 0 || m.LastReading > out.LastReading {
			out.LastReading = m.LastReading
		}
		missing += m.MissingShare
		out.Stale = out.Stale || ws.drafts[i].reason == ReasonStaleInput
	}
	if len(in.Meters) > 0 {
		out.MissingShare = float32(missing / float64(len(in.Meters)))
	}
}

// setGroupWorth evaluates the limit's plan meter by meter and adds up, in order.
// A quantile of the sum is not the sum of quantiles: the range is that of all
// meters being low, or high, at once. Confidence says on which of the paths the
// plan lowers the group's peak.
func (p *planner) setGroupWorth(ws *workspace, in *GroupInput, g *groupDraft, out *Decision) {
	n := in.Slots
	var low, median, high worth
	var path, lowSum, highSum [maxSlots]float64
	for i := range ws.drafts {
		d, q := &ws.drafts[i], &in.Meters[i].Forecast
		median.plus(p.evaluate(&ws.day, &d.load, &d.held))
		quantilePath(&path, q.P10, &d.load, n)
		low.plus(p.evaluate(&ws.day, &path, &d.held))
		addPath(&lowSum, &path, &d.price, n)
		quantilePath(&path, q.P90, &d.load, n)
		high.plus(p.evaluate(&ws.day, &path, &d.held))
		addPath(&highSum, &path, &d.price, n)
	}
	out.SavingP10 = float32(min(low.cash, median.cash, high.cash))
	out.SavingP50 = float32(median.cash)
	out.SavingP90 = float32(max(low.cash, median.cash, high.cash))
	out.CO2Kg = float32(median.co2)
	out.Confidence = confidence(ws.lowers(&lowSum, &g.held), ws.lowers(&g.shifted, &g.held), ws.lowers(&highSum, &g.held))
}

func (w *worth) plus(other worth) {
	w.cash += other.cash
	w.value += other.value
	w.co2 += other.co2
}

func addPath(sum, path *[maxSlots]float64, plan *shiftPlan, n int) {
	for t := range n {
		sum[t] += path[t] + plan.up[t] - plan.down[t]
	}
}

// lowers tells whether the plan lowers the peak of a path.
func (ws *workspace) lowers(path *[maxSlots]float64, plan *shiftPlan) bool {
	after := ws.after(path, plan)
	n := ws.day.n
	return peakOf(after[:n]) < peakOf(path[:n])
}

// groupBinding is the limit that keeps the group above its capacity: the share
// of load that may move where an hour has given all, else the room elsewhere.
func (p *planner) groupBinding(g *groupDraft, peak float64) Constraint {
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
