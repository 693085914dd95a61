package dsm

import (
	"crypto/sha1"
	"encoding/binary"
	"math"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/meter"
)

// decideMeter turns a draft into the decision about one meter.
func (p *planner) decideMeter(ws *workspace, in *GroupInput, i int, a *arena) Decision {
	m, d, n := &in.Meters[i], &ws.drafts[i], in.Slots
	out := p.header(in, m.Name)
	out.Meter = m.Name
	out.LastReading, out.MissingShare = m.LastReading, float32(m.MissingShare)
	out.Stale = d.reason == ReasonStaleInput
	out.Reason = d.reason
	before := profileOf(d.load[:n], d.known)
	out.setProfiles(before, before)

	factors, binding, alternatives := len(a.factors), len(a.binding), len(a.alternatives)
	if d.acts(ws) {
		p.describeAction(ws, in, i, a, &out)
	} else {
		a.alternatives = append(a.alternatives, refusedPlan(d)...)
	}
	p.addFactors(ws, in, i, &out, a)
	out.Factors = tail(a.factors, factors)
	out.Binding = tail(a.binding, binding)
	out.Alternatives = tail(a.alternatives, alternatives)
	return out
}

// header is what all decisions of one call share, and the id.
func (p *planner) header(in *GroupInput, name string) Decision {
	return Decision{
		ID:             p.id(in, name),
		Group:          in.Group,
		IssuedAt:       in.IssuedAt,
		ValidFrom:      in.IssuedAt,
		ValidTo:        in.IssuedAt + meter.Hour(in.Slots),
		ActionableFrom: in.ActionableFrom,
		CapKW:          float32(math.NaN()),
		PriceThresh:    float32(math.NaN()),
	}
}

// id is the UUIDv5 (RFC 9562) of the subject and the issue time in the planner's
// namespace, which is that of twin and policy. A group has no meter name.
func (p *planner) id(in *GroupInput, name string) uuid.UUID {
	var buf [512]byte
	b := append(buf[:0], p.space[:]...)
	if name != "" {
		b = append(append(b, "meter:"...), name...)
	} else {
		b = append(append(b, "group:"...), in.Group...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(in.IssuedAt.Unix()))
	sum := sha1.Sum(b)
	var id uuid.UUID
	copy(id[:], sum[:])
	id[6] = id[6]&0x0f | 0x50 // version 5
	id[8] = id[8]&0x3f | 0x80 // variant of the RFC
	return id
}

// describeAction fills in what a plan does and is worth.
func (p *planner) describeAction(ws *workspace, in *GroupInput, i int, a *arena, out *Decision) {
	d, n := &ws.drafts[i], in.Slots
	ws.recall(d)
	total := &ws.scratch
	total.add(&d.price, &d.held, n)
	mean := p.evaluate(ws, d, &d.load, total, false)
	out.Action, out.Reason = p.character(ws, d, total, mean)
	p.addParts(ws, d, total, a, out)
	ws.setPlan(d, total, a, out)

	before, after := ws.courses(d, total)
	out.setProfiles(profileOf(before[:n], d.known), profileOf(after[:n], d.known))
	if d.held.moved(n) > 0 || out.Reason == ReasonDemandCharge {
		out.CapKW = out.PeakAfter
	}
	out.PriceThresh = float32(priceThreshold(&ws.day, &d.price))
	p.setWorth(ws, in, i, total, out)
	p.addBinding(ws, d, a)
	p.addAlternatives(ws, d, out, mean.cash, a)
}

// courses are the mean course of the day without the plan and with it.
func (ws *workspace) courses(d *draft, plan *shiftPlan) (before, after [maxSlots]float64) {
	for t := range ws.day.n {
		before[t] = d.load[t]
		after[t] = d.load[t] + plan.up[t] - plan.down[t]
	}
	if d.assets >= 0 {
		x := &ws.assets[d.assets]
		for t := range ws.day.n {
			before[t] += x.atOnce[t]
			after[t] += x.atOnce[t] + x.change(t)
		}
	}
	return before, after
}

// add sets s to the sum of two plans.
func (s *shiftPlan) add(x, y *shiftPlan, n int) {
	for t := range n {
		s.down[t] = x.down[t] + y.down[t]
		s.up[t] = x.up[t] + y.up[t]
	}
}

// setPlan stores the change per slot and the energy taken away, net per slot.
func (out *Decision) setPlan(plan *shiftPlan, n int, a *arena) {
	start := len(a.plans)
	moved := 0.0
	for t := range n {
		change := plan.up[t] - plan.down[t]
		a.plans = append(a.plans, float32(change))
		moved += max(-change, 0)
	}
	out.Plan = tail(a.plans, start)
	out.KWhShifted = float32(moved)
}

// setPlan stores what load moves and what stands behind the meter, together.
func (ws *workspace) setPlan(d *draft, plan *shiftPlan, a *arena, out *Decision) {
	if d.assets < 0 {
		out.setPlan(plan, ws.day.n, a)
		return
	}
	var all shiftPlan
	x := &ws.assets[d.assets]
	for t := range ws.day.n {
		change := plan.up[t] - plan.down[t] + x.change(t)
		all.up[t], all.down[t] = max(change, 0), max(-change, 0)
	}
	out.setPlan(&all, ws.day.n, a)
}

// setWorth judges the plan on all courses of the day, as far as it can still be
// followed. A price shift alone was judged when it was drafted.
func (p *planner) setWorth(ws *workspace, in *GroupInput, i int, plan *shiftPlan, out *Decision) {
	d := &ws.drafts[i]
	o := &d.shifted
	if passed := in.passed(); d.assets >= 0 || passed > 0 || d.held.moved(in.Slots) > 0 {
		ws.scenarios.set(p.normal, in.Meters[i].Forecast, in.Slots, d.floor)
		o = p.judgeRest(ws, d, plan, false, passed)
	}
	out.Confidence = o.confidence()
	out.CO2Kg = float32(o.co2)
	p10, p50, p90 := o.quantiles()
	out.SavingP10, out.SavingP50, out.SavingP90 = float32(p10), float32(p50), float32(p90)
}

// profile is the shape of a day's load: peak in kW and peak-to-average ratio,
// NaN where the load gives none.
type profile struct{ peak, par float64 }

func profileOf(load []float64, known uint32) profile {
	peak, sum, n := math.Inf(-1), 0.0, 0
	for t, v := range load {
		if known&(1<<t) != 0 {
			peak, sum, n = max(peak, v), sum+v, n+1
		}
	}
	switch {
	case n == 0:
		return profile{math.NaN(), math.NaN()}
	case sum <= 0:
		return profile{peak, math.NaN()}
	}
	return profile{peak, peak * float64(n) / sum}
}

func (out *Decision) setProfiles(before, after profile) {
	out.PeakBefore, out.PeakAfter = float32(before.peak), float32(after.peak)
	out.PARBefore, out.PARAfter = float32(before.par), float32(after.par)
	out.KWReduction = float32(orElse(before.peak-after.peak, 0))
}

// priceThreshold lies half-way between the cheapest hour that gives and the
// dearest that takes; NaN if these overlap, as they may with a limited reach.
func priceThreshold(day *dayRates, plan *shiftPlan) float64 {
	cheapestDonor, dearestReceiver := math.Inf(1), math.Inf(-1)
	for t := range day.n {
		switch change := plan.up[t] - plan.down[t]; {
		case change < 0:
			cheapestDonor = min(cheapestDonor, day.price[t])
		case change > 0:
			dearestReceiver = max(dearestReceiver, day.price[t])
		}
	}
	if !(cheapestDonor > dearestReceiver) || math.IsInf(cheapestDonor, 0) || math.IsInf(dearestReceiver, 0) {
		return math.NaN()
	}
	return (cheapestDonor + dearestReceiver) / 2
}
