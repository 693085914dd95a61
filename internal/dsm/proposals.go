package dsm

import "math"

// proposal is what one device would do on the mean scenario of a day. Slots hold
// kWh at the meter, beside what the readings hold of the device.
type proposal struct {
	kind     *deviceKind
	dispatch dispatch

	with    [maxSlots]float64 // what it draws to plan
	without [maxSlots]float64 // what it draws without a plan
	saving  float64           // worth of the difference, by the policy's objective
	margin  float64           // what the second-best plan is worth less, likewise; NaN where none was weighed
	store   *storeRun         // of a device that follows what its store is worth; nil for one that keeps to its schedule
}

// moves reports whether the plan of the device is another than what it does
// without one.
func (o *proposal) moves(n int) bool {
	for t := range n {
		if float32(o.with[t]-o.without[t]) != 0 {
			return true
		}
	}
	return false
}

// storeRun is a store that is run by what a stored kWh is worth: its value
// functions decide on each scenario, and the plan is what they decide on the mean.
type storeRun struct {
	problem     StorageProblem
	plan        StoragePlan
	wear        float64 // currency per kWh discharged
	convexified bool    // the prices had to be convexified
}

// devicePlan is what all devices behind one meter would do together.
type devicePlan struct {
	proposals [len(deviceKinds)]proposal
	n         int // of proposals

	without   [maxSlots]float64 // sum of what they draw without a plan
	change    [maxSlots]float64 // sum of what they change
	scheduled [maxSlots]float64 // of which by those that keep to their schedule
	store     storeRun          // memory of the device that has a store
	follows   *storeRun         // store, if a device follows it
}

// add enters a device of which nothing is planned yet.
func (a *devicePlan) add(kind *deviceKind, d dispatch) {
	a.proposals[a.n] = proposal{kind: kind, dispatch: d}
	a.n++
}

// all are the proposals.
func (a *devicePlan) all() []proposal { return a.proposals[:a.n] }

// drop leaves everything as it is without a plan.
func (a *devicePlan) drop() {
	for i := range a.all() {
		o := &a.proposals[i]
		o.with, o.saving, o.store = o.without, 0, nil
	}
	a.change, a.scheduled, a.follows = [maxSlots]float64{}, [maxSlots]float64{}, nil
}

// idle is the plan in which no device changes anything.
func (a *devicePlan) idle() devicePlan { return devicePlan{without: a.without} }

// sum adds the proposals up.
func (a *devicePlan) sum(n int) {
	a.without, a.change, a.scheduled, a.follows = [maxSlots]float64{}, [maxSlots]float64{}, [maxSlots]float64{}, nil
	for i := range a.all() {
		o := &a.proposals[i]
		if o.store != nil {
			a.follows = o.store
		}
		for t := range n {
			change := o.with[t] - o.without[t]
			a.without[t] += o.without[t]
			a.change[t] += change
			if o.store == nil {
				a.scheduled[t] += change
			}
		}
	}
}

// site is what a device is planned for: the day of its meter as the devices before
// it leave it. Energies are in kWh per slot. The planner owns it and fills it in
// for each device.
type site struct {
	day          *dayRates
	weightOfCost float64           // of the policy's objective
	known        uint32            // slots with a forecast
	bare         [maxSlots]float64 // the forecast, before anything changes
	load         [maxSlots]float64 // with moved load and the devices before
	room         [maxSlots]float64 // most that a slot may still gain for the group's capacity; ∞ for no limit
	limit        [maxSlots]float64 // likewise, and for the demand charge: no hour exceeds peak
	peak         float64           // highest hour of load and of the billing month so far, kW
	perKW        float64           // what a kW above peak weighs; 0 without a demand charge

	loads *scenarios // of the forecast, about bare
	store *storeRun  // memory for a device that follows what its store is worth

	// Memory of the device that is being planned.
	solver   *Storage
	problem  StorageProblem
	solution StoragePlan
}

// draw adds to what a device draws in a slot to plan, in kWh: negative where it
// gives.
func (x *site) draw(o *proposal, t int, kwh float64) {
	o.with[t] += kwh
	x.load[t] += kwh
	x.room[t] = max(x.room[t]-max(kwh, 0), 0)
	x.limit[t] = max(x.limit[t]-max(kwh, 0), 0)
	x.peak = max(x.peak, x.load[t])
}

// drawAll is draw in every slot.
func (x *site) drawAll(o *proposal, kwh *[maxSlots]float64) {
	for t := range x.day.n {
		x.draw(o, t, kwh[t])
	}
}

// poseStore fills in the slots, the load and the prices of a storage problem.
func (x *site) poseStore(q *StorageProblem) {
	q.N, q.Load = x.day.n, x.load
	for t := range q.N {
		q.Import[t], q.Export[t] = x.day.value[t], x.day.feedIn[t]
	}
}

// solveStore solves a storage problem, with convexified prices where the proof
// stops; true reports that.
func (x *site) solveStore(q *StorageProblem, out *StoragePlan) (convexified bool) {
	convexified, err := x.solver.SolveConvexified(q, out)
	if err != nil {
		panic("dsm: a store that may stay as it is has no plan: " + err.Error())
	}
	return convexified
}

// solveStoreOn is solveStore over the scenarios of the load, of which the store follows
// each by what a stored kWh is worth.
func (x *site) solveStoreOn(q *StorageProblem, out *StoragePlan) (convexified bool) {
	convexified, err := x.solver.solveOn(q, x.loads, out)
	if err != nil {
		panic("dsm: a store that may stay as it is has no plan: " + err.Error())
	}
	return convexified
}

// proposeDevices plans the devices behind a meter, one after the other, each on
// the load that those before it leave. Each is exact for itself; where they compete
// for what is fed in, the order decides.
func (p *planner) proposeDevices(ws *workspace, d *meterPlan, rooms *[maxSlots]float64) {
	a, x, n := d.devices, &ws.site, ws.day.n
	x.day, x.weightOfCost, x.known, x.bare = &ws.day, p.policy.Objective.Cost, d.known, d.load
	x.loads, x.store, x.solver = &ws.scenarios, &a.store, ws.storage()
	p.limitDevices(x, d, rooms)
	for i := range a.all() {
		o := &a.proposals[i]
		o.with, o.without, o.margin, o.store = [maxSlots]float64{}, [maxSlots]float64{}, math.NaN(), nil
		before := x.load
		o.dispatch.propose(x, o)
		discharged := 0.0
		for t := range n {
			before[t] += o.without[t]
			discharged += max(-o.with[t], 0)
		}
		o.saving = valueOf(&ws.day, &before, &x.load)
		if o.store != nil {
			o.saving -= p.policy.Objective.Cost * o.store.wear * discharged
		}
	}
	a.sum(n)
}

// limitDevices fills in the load that devices find and what they may add to it.
func (p *planner) limitDevices(x *site, d *meterPlan, rooms *[maxSlots]float64) {
	n := x.day.n
	x.load, x.room, x.limit = [maxSlots]float64{}, [maxSlots]float64{}, [maxSlots]float64{}
	x.perKW, x.peak = p.demandPrice(), d.monthPeak
	for t := range n {
		x.load[t] = d.load[t] + d.price.up[t] - d.price.down[t]
		x.peak = max(x.peak, x.load[t])
		x.room[t] = math.Inf(1)
		if rooms != nil {
			x.room[t] = max(rooms[t]-d.price.up[t], 0)
		}
	}
	x.limit = x.room
	if x.perKW <= 0 {
		return
	}
	for t := range n { // nothing charges above what is charged for already
		x.limit[t] = min(x.limit[t], max(x.peak-x.load[t], 0))
	}
}

// valueOf is what the day is worth more, by the objective, with one load than
// with another.
func valueOf(day *dayRates, before, after *[maxSlots]float64) float64 {
	sum := 0.0
	for t := range day.n {
		buy, sell := day.value[t], day.feedIn[t]
		sum += HourCost(buy, sell, before[t]) - HourCost(buy, sell, after[t])
	}
	return sum
}
