package dsm

import (
	"math"

	"github.com/google/uuid"
)

// hair is the share by which the worth of a stored kWh differs below and above what is stored by
// plan: a store whose energy is worth just as much as it costs keeps to its plan. It is more
// than the rounding of stored values.
const hair = 1e-6

// followStore adds what a battery would have done by the values of its item: it charges while
// energy costs less than what is stored is worth, and discharges while it costs more, both less
// the losses, on the load that the hour really has. Where the two are the same, it comes as near
// to the plan as may be. In hours that do not count it keeps to the plan. A revision continues what
// its battery had begun, which is not known here, so that its battery keeps to the plan.
func (l *Ledger) followStore(r *settlement, d *Decision, item *PlanItem, n int) {
	battery := l.p.policy.BatteryOf(d.Meter, d.Group)
	if battery == nil || d.Supersedes != uuid.Nil || len(item.Value) < n || len(item.Plan) < n {
		r.add(item.Plan[:min(n, len(item.Plan))])
		return
	}
	var day dayRates
	day.set(l.p, d.ValidFrom, min(len(d.Plan), maxSlots))
	p := battery.Problem()
	p.N, p.Wear = n, l.p.policy.Objective.Cost*battery.WearCost
	capped := l.isCapped(d.Group)
	for t := range n {
		p.Import[t], p.Export[t] = day.value[t], day.feedIn[t]
		if capped {
			p.Charge[t] = min(p.Charge[t], max(float64(item.Plan[t]), 0)) // no more than the plan had room for
		}
	}
	tiny := battery.CapacityKWh * 1e-9
	var hour hourCost
	var later convex
	stored, planned := p.Start, p.Start
	for t := range n {
		before := planned
		planned = min(max(p.after(planned, float64(item.Plan[t])), p.Low[t]), p.High[t])
		if r.counts&(1<<t) == 0 {
			stored = min(max(stored+planned-before, p.Low[t]), p.High[t])
			continue
		}
		value := float64(item.Value[t])
		later.begin(p.Low[t], 0)
		later.extend(-value-hair*math.Abs(value)-hair*hair, planned-p.Low[t])
		later.extend(-value+hair*math.Abs(value)+hair*hair, p.High[t]-planned)
		if !hour.set(&p, t, r.before[t]+r.change[t]) {
			hour.straighten()
		}
		x := hour.best(&later, stored, tiny, 0)
		change := x / p.ChargeEfficiency
		if x < 0 {
			change = x * p.DischargeEfficiency
		}
		stored += x
		r.change[t] += change
		r.wear += battery.WearCost * max(-change, 0)
	}
}

// after is what is stored after a change on the meter's side.
func (p *StorageProblem) after(stored, change float64) float64 {
	if change < 0 {
		return stored + change/p.DischargeEfficiency
	}
	return stored + change*p.ChargeEfficiency
}

// isCapped reports whether a meter of a group may have less room to charge in than its power: for
// a limit of a group that it is behind, or below the month's highest hour.
func (l *Ledger) isCapped(group string) bool {
	for range MaxLevels {
		if _, limited := l.p.limits[group]; limited {
			return true
		}
		group = l.tree.Parent(group)
	}
	return l.p.demandPrice() > 0
}
