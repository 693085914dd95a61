package dsm

import (
	"crypto/sha1"
	"encoding/binary"
	"math"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/meter"
)

// decideMeter turns a plan into the decision about one meter.
func (p *planner) decideMeter(ws *workspace, in *GroupInput, i int, a *arena) Decision {
	m, d, n := &in.Meters[i], &ws.meters[i], in.Slots
	out := p.header(in, in.groupOf(i), m.Name)
	out.Meter, out.LimitGroup = m.Name, ws.limitGroup(d, out.Group, n)
	out.LastReading, out.MissingShare = m.LastReading, float32(m.MissingShare)
	if p.policy.Tariff.DemandCharge > 0 {
		out.MonthPeak = float32(max(m.MonthPeak, 0))
	}
	out.Stale = d.reason == ReasonStaleInput
	out.Reason = d.reason
	before := profileOf(d.load[:n], d.known)
	out.setProfiles(before, before)

	factors, binding, alternatives := len(a.factors), len(a.binding), len(a.alternatives)
	if d.acts(n) {
		p.describeAction(ws, in, i, a, &out)
	} else {
		a.alternatives = append(a.alternatives, rejectedPlan(d)...)
	}
	p.addFactors(ws, in, i, &out, a)
	out.Factors = tail(a.factors, factors)
	out.Binding = tail(a.binding, binding)
	out.Alternatives = tail(a.alternatives, alternatives)
	return out
}

// header is what all decisions of one call share, and the id.
func (p *planner) header(in *GroupInput, group, name string) Decision {
	return Decision{
		ID:             p.id(group, name, in.IssuedAt),
		Group:          group,
		IssuedAt:       in.IssuedAt,
		ValidFrom:      in.Start,
		ValidTo:        in.Start + meter.Hour(in.Slots),
		ActionableFrom: in.ActionableFrom,
		MonthPeak:      float32(math.NaN()),

		SupersededEnergy: float32(math.NaN()),
		SupersededDemand: float32(math.NaN()),
		CapKW:            float32(math.NaN()),
		PriceThresh:      float32(math.NaN()),
	}
}

// id is the UUIDv5 (RFC 9562) of the subject and the issue time in the planner's
// namespace, which is that of twin and policy. A group has no meter name.
func (p *planner) id(group, name string, issued meter.Hour) uuid.UUID {
	var buf [512]byte
	b := append(buf[:0], p.space[:]...)
	if name != "" {
		b = append(append(b, "meter:"...), name...)
	} else {
		b = append(append(b, "group:"...), group...)
	}
	b = binary.BigEndian.AppendUint64(b, uint64(issued.Unix()))
	sum := sha1.Sum(b)
	var id uuid.UUID
	copy(id[:], sum[:])
	id[6] = id[6]&0x0f | 0x50 // version 5
	id[8] = id[8]&0x3f | 0x80 // variant of the RFC
	return id
}

// describeAction fills in what a plan does and is worth.
func (p *planner) describeAction(ws *workspace, in *GroupInput, i int, a *arena, out *Decision) {
	d, n := &ws.meters[i], in.Slots
	var total shiftPlan
	total.add(&d.price, &d.held, n)
	mean := p.onMean(ws, d, &total, d.devices)
	shift := p.onMean(ws, d, &total, nil).value
	out.Action, out.Reason = p.purposeOf(&ws.day, d, &total, mean, shift)
	p.addItems(&ws.day, d, &total, shift, a, out)
	out.setPlan(d, &total, n, a)

	before, after := d.meanLoads(&total, n)
	out.setProfiles(profileOf(before[:n], d.known), profileOf(after[:n], d.known))
	if out.Reason == ReasonDemandCharge {
		out.CapKW = out.PeakAfter
	}
	out.PriceThresh = float32(priceThreshold(&ws.day, &d.price))
	p.setWorth(ws, in, i, &total, out)
	d.addBinding(&ws.day, a)
	p.addAlternatives(ws, d, out, mean.cash, a)
}

// meanLoads are the mean scenario of the day without the plan and with it.
func (d *meterPlan) meanLoads(plan *shiftPlan, n int) (before, after [maxSlots]float64) {
	for t := range n {
		before[t] = d.load[t]
		after[t] = d.load[t] + plan.up[t] - plan.down[t]
	}
	if a := d.devices; a != nil {
		for t := range n {
			before[t] += a.without[t]
			after[t] += a.without[t] + a.change[t]
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

// setShift stores the change per slot and the energy taken away, net per slot.
func (out *Decision) setShift(plan *shiftPlan, n int, a *arena) {
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

// setPlan stores what load moves and what the devices do, together.
func (out *Decision) setPlan(d *meterPlan, plan *shiftPlan, n int, a *arena) {
	if d.devices == nil {
		out.setShift(plan, n, a)
		return
	}
	var all shiftPlan
	for t := range n {
		change := plan.up[t] - plan.down[t] + d.devices.change[t]
		all.up[t], all.down[t] = max(change, 0), max(-change, 0)
	}
	out.setShift(&all, n, a)
}

// setWorth evaluates the plan on all scenarios of the day, as far as it can still be
// followed. A price shift alone was evaluated when it was planned.
func (p *planner) setWorth(ws *workspace, in *GroupInput, i int, plan *shiftPlan, out *Decision) {
	d := &ws.meters[i]
	o := d.shifted
	if passed := in.passed(); d.devices != nil || passed > 0 || d.held.moved(in.Slots) > 0 {
		ws.scenarios.set(p.normal, in.Meters[i].Forecast, in.Slots, d.floor)
		o = p.onAll(ws, &ws.scenarios, d, plan, d.devices, passed)
	}
	out.Confidence = o.confidence()
	out.CO2Kg = float32(o.co2)
	out.setSavings(&o)
}

func (out *Decision) setProfiles(before, after profile) {
	out.PeakBefore, out.PeakAfter = float32(before.peak), float32(after.peak)
	out.PARBefore, out.PARAfter = float32(before.par), float32(after.par)
	out.KWReduction = float32(orElse(before.peak-after.peak, 0))
}

// priceThreshold lies half-way between the cheapest hour that gives and the
// most expensive that takes; NaN if these overlap, as they may with a limited reach.
func priceThreshold(day *dayRates, plan *shiftPlan) float64 {
	cheapestDonor, costliestReceiver := math.Inf(1), math.Inf(-1)
	for t := range day.n {
		switch change := plan.up[t] - plan.down[t]; {
		case change < 0:
			cheapestDonor = min(cheapestDonor, day.price[t])
		case change > 0:
			costliestReceiver = max(costliestReceiver, day.price[t])
		}
	}
	if !(cheapestDonor > costliestReceiver) || math.IsInf(cheapestDonor, 0) || math.IsInf(costliestReceiver, 0) {
		return math.NaN()
	}
	return (cheapestDonor + costliestReceiver) / 2
}
