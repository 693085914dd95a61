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
	if d.acts(n) {
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

// describeAction fills in what a plan that moves load does and is worth.
func (p *planner) describeAction(ws *workspace, in *GroupInput, i int, a *arena, out *Decision) {
	d, n := &ws.drafts[i], in.Slots
	total := &ws.scratch
	total.add(&d.price, &d.held, n)
	out.Action = ActionLoadShift
	if d.held.moved(n) > d.price.moved(n) {
		out.Action, out.Reason = ActionPeakShave, ReasonGroupLimit
	}
	out.setPlan(total, n, a)

	after := ws.after(&d.load, total)
	out.setProfiles(profileOf(d.load[:n], d.known), profileOf(after[:n], d.known))
	if d.held.moved(n) > 0 {
		out.CapKW = out.PeakAfter
	}
	out.PriceThresh = float32(priceThreshold(&ws.day, &d.price))
	median := p.setWorth(ws, &in.Meters[i], &d.load, total, out)
	p.addBinding(ws, d, a)
	p.addAlternatives(ws, d, median.cash, a)
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

func (ws *workspace) after(load *[maxSlots]float64, plan *shiftPlan) (after [maxSlots]float64) {
	for t := range ws.day.n {
		after[t] = load[t] + plan.up[t] - plan.down[t]
	}
	return after
}

// setWorth evaluates the plan on the three quantile paths, as if the whole day
// ran along one of them: plain, and wider than the truth. Confidence says on
// which of them the plan gains by the policy's objective.
func (p *planner) setWorth(ws *workspace, m *MeterInput, load *[maxSlots]float64, plan *shiftPlan, out *Decision) worth {
	var path [maxSlots]float64
	n := ws.day.n
	median := p.evaluate(&ws.day, load, plan)
	quantilePath(&path, m.Forecast.P10, load, n)
	low := p.evaluate(&ws.day, &path, plan)
	quantilePath(&path, m.Forecast.P90, load, n)
	high := p.evaluate(&ws.day, &path, plan)
	out.SavingP10 = float32(min(low.cash, median.cash, high.cash))
	out.SavingP50 = float32(median.cash)
	out.SavingP90 = float32(max(low.cash, median.cash, high.cash))
	out.CO2Kg = float32(median.co2)
	out.Confidence = confidence(low.value > 0, median.value > 0, high.value > 0)
	return median
}

// quantilePath reads a path; where it is unknown the median stands in.
func quantilePath(path *[maxSlots]float64, quantile []float32, median *[maxSlots]float64, n int) {
	known := readPath(path, quantile, n)
	for t := range n {
		if known&(1<<t) == 0 {
			path[t] = median[t]
		}
	}
}

// confidence is a lower bound on the probability that a plan succeeds, from its
// success on the three paths: more load is never worse for a plan that moves
// load, so what succeeds on the 10 % path succeeds with 90 % at least.
func confidence(low, median, high bool) float32 {
	switch {
	case low && median && high:
		return 0.9
	case median:
		return 0.5
	case low || high:
		return 0.1
	}
	return 0
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
