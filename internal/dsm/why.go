package dsm

import "math"

// addFactors appends what weighed in a meter's decision.
func (p *planner) addFactors(ws *workspace, in *GroupInput, i int, out *Decision, a *arena) {
	m, d, day := &in.Meters[i], &ws.meters[i], &ws.day
	add := func(f Factor, weight float64) {
		a.factors = append(a.factors, WeightedFactor{Factor: f, Weight: float32(weight)})
	}
	if out.Action != ActionNone {
		low, high := planRange(&day.price, out.Plan)
		add(FactorPriceSpread, high-low)
	} else if d.reason == ReasonNoSpread || d.reason == ReasonBelowMinSaving {
		low, high := rangeOf(day.price[:day.n])
		add(FactorPriceSpread, high-low)
	}
	if d.usable {
		if kwh := d.shiftable(day); kwh > 0 {
			add(FactorShiftable, kwh)
		}
		add(FactorForecastPeak, float64(out.PeakBefore))
		if u := uncertainty(m, day.n); u == u {
			add(FactorUncertainty, u)
		}
	}
	if kwh := d.held.moved(day.n); kwh > 0 {
		add(FactorHeld, kwh)
	}
	if out.Reason == ReasonDemandCharge && m.MonthPeak > 0 {
		add(FactorMonthPeak, m.MonthPeak)
	}
	if fed := fedIn(d, day.n); fed > 0 && d.usable {
		add(FactorFedIn, fed)
	}
	switch {
	case m.MissingShare > 0:
		add(FactorMissing, m.MissingShare)
	case out.Action != ActionNone && p.policy.Objective.Carbon > 0:
		if low, high := planRange(&day.carbon, out.Plan); high == high {
			add(FactorCarbonSpread, high-low)
		}
	}
}

// fedIn is the energy that the day is expected to feed in, kWh.
func fedIn(d *meterPlan, n int) float64 {
	sum := 0.0
	for _, v := range d.load[:n] {
		sum += max(-v, 0)
	}
	return sum
}

// planRange is the least value among the hours that gain load and the greatest
// among those that lose it.
func planRange(values *[maxSlots]float64, plan []float32) (low, high float64) {
	low, high = math.NaN(), math.NaN()
	for t, change := range plan {
		v := values[t]
		if change > 0 && !(v >= low) {
			low = v
		}
		if change < 0 && !(v <= high) {
			high = v
		}
	}
	return low, high
}

func rangeOf(values []float64) (low, high float64) {
	low, high = math.Inf(1), math.Inf(-1)
	for _, v := range values {
		low, high = min(low, v), max(high, v)
	}
	return low, high
}

// shiftable is the load of the day that may be taken away, kWh.
func (d *meterPlan) shiftable(day *dayRates) float64 {
	sum := 0.0
	for t := range day.n {
		sum += d.shareAt(day, t) * max(d.load[t], 0)
	}
	return sum
}

// uncertainty is the width of the 80 % interval over the median, summed over
// the day; NaN if the median is not positive or the interval unknown.
func uncertainty(m *MeterInput, n int) float64 {
	q := m.Forecast
	width, median := 0.0, 0.0
	for t := range min(n, len(q.P10), len(q.P50), len(q.P90)) {
		w := float64(q.P90[t] - q.P10[t])
		if w != w {
			continue
		}
		width += w
		median += float64(q.P50[t])
	}
	if median <= 0 {
		return math.NaN()
	}
	return width / median
}

// addBinding appends the limits that held the plan back: a donor at φ·load, a
// receiver at ū, the group's capacity, what bound a device. The reach is added with the alternative
// that lies beyond it.
func (d *meterPlan) addBinding(day *dayRates, a *arena) {
	share, headroom := false, false
	for t := range day.n {
		give, room := d.left(day, t)
		full := d.shareAt(day, t) * max(d.load[t], 0)
		share = share || full > 0 && give <= 1e-9*full
		headroom = headroom || d.ceiling > 0 && room <= 1e-9*d.ceiling
	}
	if share {
		a.binding = append(a.binding, ConstraintShiftableShare)
	}
	if headroom {
		a.binding = append(a.binding, ConstraintHeadroom)
	}
	if d.cut || d.held.moved(day.n) > 0 {
		a.binding = append(a.binding, ConstraintCapacity)
	}
	if d.devices != nil {
		for i := range d.devices.all() {
			o := &d.devices.proposals[i]
			a.binding = o.dispatch.binding(o, a.binding)
		}
	}
}

// worthMentioning is the share by which a plan beyond the farthest shift must
// save more to be named.
const worthMentioning = 0.01

// addAlternatives appends the plans that were weighed and rejected beside one that
// saves mean on the mean scenario of the day: doing nothing, leaving out an item,
// other plans of a device, shaving the meter's own peak, and shifting with no limit
// on the distance.
func (p *planner) addAlternatives(ws *workspace, d *meterPlan, out *Decision, mean float64, a *arena) {
	add := func(action Action, reason Reason, saving float64) {
		a.alternatives = append(a.alternatives, Alternative{Action: action, Reason: reason, Saving: float32(saving)})
	}
	n := ws.day.n
	why := ReasonLowerSaving
	if d.held.moved(n) > 0 {
		why = ReasonGroupLimit
	}
	add(ActionNone, why, -float64(out.SavingP50))
	for _, item := range out.Items {
		if len(out.Items) > 1 {
			add(item.Action, ReasonWithout, -float64(item.Saving))
		}
	}
	if d.devices != nil {
		for i := range d.devices.all() {
			if o := &d.devices.proposals[i]; o.moves(n) {
				a.alternatives = o.dispatch.alternatives(o, a.alternatives)
			}
		}
	}
	if d.price.moved(n) == 0 {
		return
	}
	q := &ws.alternative
	if !p.pose(&ws.day, d, nil, q) {
		return
	}
	if out.Reason != ReasonDemandCharge {
		var plan shiftPlan
		if ws.ownPeakShave(d, q, &plan) {
			if w := p.onMean(ws, d, &plan, d.devices); w.cash < mean {
				add(ActionPeakShave, ReasonLowerSaving, w.cash-mean)
			}
		}
	}
	if q.reach < n && d.held.moved(n) == 0 && !d.cut {
		q.reach = n
		var far shiftPlan
		p.solveFar(ws, d, q, &far)
		if far.moved(n) == 0 {
			return
		}
		if w := p.onMean(ws, d, &far, d.devices); w.cash > mean+worthMentioning*math.Abs(mean) {
			add(ActionLoadShift, ReasonOutOfReach, w.cash-mean)
			a.binding = append(a.binding, ConstraintMaxShift)
		}
	}
}

// solveFar plans a meter's price shift without a limit on the distance. In windows it is
// a plan that is better than the meter's own, not always the best: it is mentioned only,
// and the best would take longer to find than the meter's plan did.
func (p *planner) solveFar(ws *workspace, d *meterPlan, q *shiftProblem, out *shiftPlan) {
	if p.policy.Windows == nil {
		p.solve(ws, d, q, out)
		return
	}
	w := &ws.posed
	p.poseWindows(q, w)
	ws.windowSolver().improve(w, w.gain(&d.price), p.reach(q.n), out)
}

// ownPeakShave plans to bring the meter's own peak as low as it goes, given its price
// shift as a problem; false if the peak cannot be lowered.
func (ws *workspace) ownPeakShave(d *meterPlan, shift *shiftProblem, plan *shiftPlan) bool {
	q := &ws.peakShift
	*q = *shift
	k := peakProblem{n: q.n, reach: q.reach, rebound: q.rebound, load: q.level, give: q.give, room: q.room}
	target := k.lowest(0)
	for t := range q.n {
		q.give[t] = max(d.load[t]-target, 0)
		q.room[t] = min(q.room[t], max(target-d.load[t], 0))
		q.more[t] = 0
		q.worth[t] = math.MaxFloat32
	}
	ws.solveShift(q, plan)
	return plan.moved(q.n) > q.negligible()
}

// rejectedPlan is the alternative of a decision to do nothing: the plan that was
// worth less than the minimum, if there was one.
func rejectedPlan(d *meterPlan) []Alternative {
	if d.reason != ReasonBelowMinSaving {
		return nil
	}
	return []Alternative{{Action: ActionLoadShift, Reason: ReasonBelowMinSaving, Saving: float32(d.rejected)}}
}
