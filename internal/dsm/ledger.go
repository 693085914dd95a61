package dsm

import (
	"math"

	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/meter"
)

// Ledger evaluates what was measured: what it cost, and what plans realised. It is
// immutable and shared.
type Ledger struct {
	p    *planner
	tree Tree
}

// NewLedger prepares a policy for evaluation. The error is that of NewPlanner.
func NewLedger(policy Policy, cal *meter.Calendar, twin string) (*Ledger, error) {
	p, err := NewPlanner(policy, cal, twin)
	if err != nil {
		return nil, err
	}
	return &Ledger{p: p.(*planner), tree: policy.Tree()}, nil
}

// DecisionID is the id of the decision about a meter, or with no meter's name
// about a group, that was issued at that hour.
func (l *Ledger) DecisionID(group, name string, issued meter.Hour) uuid.UUID {
	return l.p.id(group, name, issued)
}

// Realised is the outcome of a plan.
type Realised struct {
	Hours        int     // of the plan that counted: measured, and not passed when it could be known
	SavingEnergy float32 // currency
	SavingDemand float32 // currency; see MonthPeaks; NaN if the month's highest hour before the plan is not known
	CO2Kg        float32 // avoided, kg; NaN if the intensity of a changed hour is unknown
	KWhShifted   float32 // taken away, kWh
	KWReduction  float32 // highest of these hours before less after, kW
}

// UnknownRealised is the outcome of a plan of which no hour counts.
func UnknownRealised() Realised {
	nan := float32(math.NaN())
	return Realised{SavingEnergy: nan, SavingDemand: nan, CO2Kg: nan, KWhShifted: nan, KWReduction: nan}
}

// Replayed evaluates a plan against measurements in which nobody followed it: the
// cost of what was measured less that of what would have been, with the plan on
// top. Hours before ActionableFrom and hours without a measurement (NaN) count for
// nothing. Moved load gives no more than the share that may move of what was
// measured, and what it gives is all that is added elsewhere, in the plan's
// proportion; devices follow their schedule, and a battery the worth of what it stores. actual holds
// the measured kWh of the hours from ValidFrom on. peaks are the meter's before these
// hours, and are those after them then; nil counts the plan by itself, from the month's
// highest hour before it on. False where no hour counts.
func (l *Ledger) Replayed(d *Decision, actual []float32, peaks *MonthPeaks) (Realised, bool) {
	var r settlement
	n := l.replay(&r, d, actual)
	return l.sumUp(&r, d, actual, n, peaks)
}

// sumUp is the outcome of a settlement; false where no hour counts, whose load counts
// for the month's highest hour all the same.
func (l *Ledger) sumUp(r *settlement, d *Decision, actual []float32, n int, peaks *MonthPeaks) (Realised, bool) {
	demand := l.demand(r, d, actual, peaks)
	if r.counts == 0 {
		return Realised{}, false
	}
	out := l.realised(r, d, n)
	out.SavingDemand = float32(demand)
	return out, true
}

// Change is how a plan would have changed what was measured, kWh per hour of the
// plan, as Replayed evaluates it; 0 where an hour does not count. change has room
// for the plan.
func (l *Ledger) Change(d *Decision, actual []float32, change []float64) {
	var r settlement
	copy(change, r.change[:l.replay(&r, d, actual)])
}

// replay puts a plan on top of what was measured, and returns the plan's hours.
func (l *Ledger) replay(r *settlement, d *Decision, actual []float32) int {
	n := min(len(d.Plan), len(actual), maxSlots)
	for t := range n {
		h := d.ValidFrom + meter.Hour(t)
		if h >= d.ActionableFrom && actual[t] == actual[t] {
			r.counts |= 1 << t
			r.before[t] = float64(actual[t])
		}
	}
	share := l.p.policy.Flexibility.ShiftableShare
	if d.Meter != "" {
		share = l.p.shareOf(d.Meter, d.Group)
	}
	if len(d.Items) == 0 {
		r.shift(d.Plan[:n], share)
	}
	for i := range d.Items { // moved load comes first, see addItems
		item := &d.Items[i]
		plan := item.Plan[:min(n, len(item.Plan))]
		if kindOf(item.Action) == nil {
			r.shift(plan, share)
			continue
		}
		for t, x := range item.AtOnce[:min(n, len(item.AtOnce))] {
			r.before[t] += float64(x) // where the hour does not count nobody reads it
		}
		if item.Value == nil {
			r.add(plan)
		}
	}
	for i := range d.Items { // a battery compensates for all others
		if item := &d.Items[i]; item.Value != nil {
			l.followStore(r, d, item, n)
		}
	}
	return n
}

// Followed evaluates a plan that may have been followed: the cost of the load that
// was expected when it was issued less that of what was measured. It measures the
// forecast's error too: an estimate. expected and actual hold kWh of the plan's
// hours, NaN where there is none. peaks are as in Replayed.
func (l *Ledger) Followed(d *Decision, expected, actual []float32, peaks *MonthPeaks) (Realised, bool) {
	n := min(len(d.Plan), len(expected), len(actual), maxSlots)
	var r settlement
	for t := range n {
		h := d.ValidFrom + meter.Hour(t)
		if h < d.ActionableFrom || actual[t] != actual[t] || expected[t] != expected[t] {
			continue
		}
		r.counts |= 1 << t
		r.before[t] = float64(expected[t])
		r.change[t] = float64(actual[t]) - float64(expected[t])
	}
	return l.sumUp(&r, d, actual, n, peaks)
}

// settlement is the load of a plan's hours without it, and its change.
type settlement struct {
	counts uint32 // hours that count
	before [maxSlots]float64
	change [maxSlots]float64
	wear   float64 // of batteries, currency
}

func (r *settlement) add(plan []float32) {
	for t, c := range plan {
		if r.counts&(1<<t) != 0 {
			r.change[t] += float64(c)
		}
	}
}

// shift adds moved load, clipped to the share that may move of what there was, energy
// conserved.
func (r *settlement) shift(plan []float32, share float64) {
	var down [maxSlots]float64
	all, taken, given, room := 0.0, 0.0, 0.0, 0.0
	for t, c := range plan {
		x := float64(c)
		all += max(x, 0)
		taken += max(-x, 0)
		if r.counts&(1<<t) == 0 {
			continue
		}
		down[t] = min(max(-x, 0), share*max(r.before[t], 0))
		given += down[t]
		room += max(x, 0)
	}
	less, more := conserve(taken, all, given, room)
	for t, c := range plan {
		if r.counts&(1<<t) != 0 {
			r.change[t] += more*max(float64(c), 0) - less*down[t]
		}
	}
}

// realised sums up the hours that count.
func (l *Ledger) realised(r *settlement, d *Decision, n int) (out Realised) {
	cash, co2, moved := 0.0, 0.0, 0.0
	before, after := math.Inf(-1), math.Inf(-1)
	for t := range n {
		if r.counts&(1<<t) == 0 {
			continue
		}
		out.Hours++
		h, load, change := d.ValidFrom+meter.Hour(t), r.before[t], r.change[t]
		before, after = max(before, load), max(after, load+change)
		if change == 0 {
			continue
		}
		moved += max(-change, 0)
		cash += l.Cost(h, load) - l.Cost(h, load+change)
		co2 -= l.p.rates.carbonAt(h) * change
	}
	out.SavingEnergy, out.CO2Kg = float32(cash-r.wear), float32(co2)
	out.KWhShifted, out.KWReduction = float32(moved), float32(before-after)
	return out
}

// DemandCharge is the price of a month's highest hour, currency per kW; 0 if
// there is none.
func (l *Ledger) DemandCharge() float64 { return l.p.policy.Tariff.DemandCharge }

// Cost is what a load in an hour costs, in currency: less than 0 where feeding in
// earns more.
func (l *Ledger) Cost(h meter.Hour, kwh float64) float64 {
	return HourCost(l.p.rates.price(h), l.p.policy.Tariff.Export, kwh)
}
