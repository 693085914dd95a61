package dsm

import (
	"fmt"
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// Battery is a store of electricity that the readings do not contain. Each plan
// starts with the reserve and may end with it.
type Battery struct {
	CapacityKWh float64 `json:"capacityKWh"`
	PowerKW     float64 `json:"powerKW"`    // most that it charges and discharges
	Efficiency  float64 `json:"efficiency"` // of charging and discharging together; each has its root
	Reserve     float64 `json:"reserve"`    // share of the capacity that is never discharged
	WearCost    float64 `json:"wearCost"`   // currency per kWh discharged
}

var batteryKind = deviceKind{
	name: "battery",
	device: func(a *Asset) device {
		if a.Battery == nil {
			return nil
		}
		return a.Battery
	},
	actions: []Action{ActionBattery},
	titles: func(_ *explainer, c itemWords) []string {
		return []string{
			fmt.Sprintf("Charge the battery at %s, use it at %s", c.added, c.taken),
			fmt.Sprintf("Charge the battery at %s", c.added),
			"Charge the battery at low prices, use it at high ones",
		}
	},
	clause: func(_ *explainer, c itemWords) string {
		if c.less == 0 {
			return fmt.Sprintf("charge the battery with %s at %s", kilowattHours(c.more), c.added)
		}
		return fmt.Sprintf("charge the battery with %s at %s and take %s out of it at %s", kilowattHours(c.more), c.added, kilowattHours(c.less), c.taken)
	},
	without: "Leave the battery idle",
	constraints: map[Constraint]string{
		ConstraintStoreSize:  "The battery is full at some time.",
		ConstraintStorePower: "In some hours the battery charges or gives all that it can.",
	},
}

func (b *Battery) check(c *policyCheck, field string) {
	c.above0(field+"capacityKWh", b.CapacityKWh)
	c.above0(field+"powerKW", b.PowerKW)
	c.above0(field+"efficiency", b.Efficiency)
	c.share(field+"efficiency", b.Efficiency)
	c.share(field+"reserve", b.Reserve)
	c.atLeast0(field+"wearCost", b.WearCost)
}

func (b *Battery) prepare(*meter.Calendar) preparedDevice {
	return dispatchable(batteryDispatch{Battery: b})
}

// batteryDispatch is a battery that is run to a plan.
type batteryDispatch struct {
	plainDispatch
	*Battery
}

func (b batteryDispatch) power() float64 { return b.PowerKW }

// Problem asks how to run the battery, except for loads, prices and the number of
// slots. Wear counts in currency.
func (b *Battery) Problem() StorageProblem {
	root := math.Sqrt(b.Efficiency)
	q := StorageProblem{ChargeEfficiency: root, DischargeEfficiency: root, Keep: 1, Wear: b.WearCost, Start: b.Reserve * b.CapacityKWh}
	for t := range q.Charge {
		q.Charge[t], q.Discharge[t] = b.PowerKW, b.PowerKW
		q.Low[t], q.High[t] = q.Start, b.CapacityKWh
	}
	return q
}

// propose runs the battery by the worth of what it stores. It follows the value
// functions of its problem, not the schedule: see storeRun.
func (b batteryDispatch) propose(x *site, out *proposal) {
	out.store = x.store
	q := &out.store.problem
	*q = b.Problem()
	q.Wear = x.weightOfCost * b.WearCost
	x.poseStore(q)
	for t := range q.N {
		q.Charge[t] = min(q.Charge[t], x.limit[t])
	}
	out.store.wear = b.WearCost
	out.store.convexified = x.solveStoreOn(q, &out.store.plan)
	x.drawAll(out, &out.store.plan.Change)
}

func (b batteryDispatch) purpose(day *dayRates, load *[maxSlots]float64, of *proposal) (Action, Reason) {
	if mostlyOwn(load, day.n, &of.with) {
		return ActionBattery, ReasonOwnSun
	}
	return ActionBattery, ReasonPriceSpread
}

func (b batteryDispatch) binding(of *proposal, dst []Constraint) []Constraint {
	if of.store == nil {
		return dst
	}
	q, plan := &of.store.problem, &of.store.plan
	full, power := false, false
	for t := range q.N {
		full = full || plan.Stored[t] >= q.High[t]*(1-1e-9)
		power = power || math.Abs(plan.Change[t]) >= b.PowerKW*(1-1e-9)
	}
	if full {
		dst = append(dst, ConstraintStoreSize)
	}
	if power {
		dst = append(dst, ConstraintStorePower)
	}
	if of.store.convexified {
		dst = append(dst, ConstraintUnproven)
	}
	return dst
}

// BatteryOf is the battery of a meter; nil if the policy names none for it.
func (p *Policy) BatteryOf(name, group string) *Battery {
	for i := range p.Assets {
		if a := &p.Assets[i]; a.Battery != nil && a.at(name, group) {
			return a.Battery
		}
	}
	return nil
}
