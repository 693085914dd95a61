package dsm

import (
	"fmt"
	"math"
	"math/bits"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// Appliance is a machine that runs a fixed program, such as a washing machine, a
// dishwasher or a pool pump. A run is not interrupted, and runs do not overlap. As
// with a car, the readings do not contain it: without a plan it runs as soon as it
// may, one run after the other.
//
// Its runs are planned in the plan in which their window ends; in the one before
// only those that the hours after that plan cannot take. Runs that fit neither are
// not planned.
type Appliance struct {
	ProfileKWh    []float64 `json:"profileKWh"`    // of each hour of a run, in order; 1 to 12 hours
	EarliestStart string    `json:"earliestStart"` // local "HH:MM"; the first full hour from then on
	LatestEnd     string    `json:"latestEnd"`     // local "HH:MM"; not after the earliest start: on the next day
	RunsPerDay    int       `json:"runsPerDay"`    // in each window, 1 or more
	Days          string    `json:"days"`          // All | Weekdays | Weekends: on which the window begins
}

// mostRunHours is the most hours that a run can take.
const mostRunHours = 12

var applianceKind = deviceKind{
	name: "appliance",
	device: func(a *Asset) device {
		if a.Appliance == nil {
			return nil
		}
		return a.Appliance
	},
	actions: []Action{ActionRunAppliance},
	titles: func(x *explainer, c itemWords) []string {
		runs, once := x.applianceTimes(c)
		return []string{
			fmt.Sprintf("Run the appliance at %s instead of %s", runs, once),
			fmt.Sprintf("Run the appliance at %s", runs),
			"Run the appliance at the best times of its window",
		}
	},
	clause: func(x *explainer, c itemWords) string {
		runs, once := x.applianceTimes(c)
		if once == noTime {
			return fmt.Sprintf("run the appliance at %s", runs)
		}
		return fmt.Sprintf("run the appliance at %s instead of as soon as it may, at %s", runs, once)
	},
	without:   "Run the appliance as soon as it may",
	otherwise: "Run the appliance at the second-best start",
}

// applianceTimes are when the appliance runs, to plan and without a plan.
func (x *explainer) applianceTimes(c itemWords) (planned, once string) {
	if c.AtOnce == nil { // it draws nothing without a plan in this one
		return c.added, c.taken
	}
	runs := make([]float32, len(c.Plan))
	for t, change := range c.Plan {
		runs[t] = c.AtOnce[t] + change
	}
	return x.times(runs, +1), x.times(c.AtOnce, +1)
}

func (a *Appliance) check(c *policyCheck, field string) {
	total := 0.0
	for i, kwh := range a.ProfileKWh {
		c.atLeast0(fmt.Sprintf("%sprofileKWh[%d]", field, i), kwh)
		total += kwh
	}
	if n := len(a.ProfileKWh); n < 1 || n > mostRunHours {
		c.fail(field+"profileKWh", "has %d hours; use 1 to %d", n, mostRunHours)
	} else if total == 0 {
		c.fail(field+"profileKWh", "is 0 in all hours; give the kWh of each hour of a run")
	}
	c.start(field+"earliestStart", a.EarliestStart)
	c.end(field+"latestEnd", a.LatestEnd)
	c.days(field+"days", a.Days)
	if a.RunsPerDay < 1 {
		c.fail(field+"runsPerDay", "%d is no number of runs; use 1 or more", a.RunsPerDay)
	}
	start, err := parseClock(a.EarliestStart)
	end, err2 := parseClock(a.LatestEnd)
	if err != nil || err2 != nil {
		return
	}
	if end <= start {
		end += secondsPerDay
	}
	first := (start + secondsPerHour - 1) / secondsPerHour
	if hours, need := end/secondsPerHour-first, a.RunsPerDay*len(a.ProfileKWh); hours < need {
		c.fail(field+"latestEnd", "leaves %d full hours from %s on, and the runs of a day take %d; widen the window or run less", max(hours, 0), a.EarliestStart, need)
	}
}

func (a *Appliance) prepare(cal *meter.Calendar) preparedDevice {
	return dispatchable(&applianceDispatch{Appliance: a, loc: cal.Location()})
}

// applianceDispatch is an appliance in its local time.
type applianceDispatch struct {
	plainDispatch
	*Appliance
	loc *time.Location
}

func (a *applianceDispatch) power() float64 { return peakOf(a.ProfileKWh) }

func (a *applianceDispatch) purpose(day *dayRates, load *[maxSlots]float64, of *proposal) (Action, Reason) {
	low, high := rangeOf(day.value[:day.n])
	switch {
	case mostlyOwn(load, day.n, &of.with):
		return ActionRunAppliance, ReasonOwnSun
	case low == high:
		return ActionRunAppliance, ReasonLevelLoad
	}
	return ActionRunAppliance, ReasonPriceSpread
}

// alternatives appends the second-best start.
func (a *applianceDispatch) alternatives(of *proposal, dst []Alternative) []Alternative {
	if math.IsNaN(of.margin) {
		return dst
	}
	return append(dst, Alternative{Action: ActionRunAppliance, Reason: ReasonLowerSaving, Saving: float32(-of.margin)})
}

// propose runs the appliance in each window at the starts that cost least.
func (a *applianceDispatch) propose(x *site, out *proposal) {
	var windows [maxWindows]runWindow
	for _, w := range windows[:a.windows(a.loc, x.day.start, x.day.n, &windows)] {
		for run := range w.runs {
			for k, kwh := range a.ProfileKWh {
				out.without[w.from+run*len(a.ProfileKWh)+k] += kwh
			}
		}
		q := runProblem{profile: a.ProfileKWh, from: w.from, to: w.to, runs: w.runs,
			buy: &x.day.value, sell: &x.day.feedIn, load: &x.load, room: &x.room, peak: x.peak, perKW: x.perKW}
		plan, cost := q.solve(0)
		if plan == 0 { // it has to run, whatever the group's capacity
			q.room = nil
			plan, cost = q.solve(0)
		}
		if next := q.secondBest(plan); !math.IsInf(next, 1) && !(out.margin <= next-cost) {
			out.margin = next - cost
		}
		for m := plan; m != 0; m &= m - 1 {
			for k, kwh := range a.ProfileKWh {
				x.draw(out, bits.TrailingZeros32(m)+k, kwh)
			}
		}
	}
}

// runWindow is a window as far as a plan has to run the appliance in it. The runs
// fit.
type runWindow struct{ from, to, runs int } // slots, to exclusive

// windows lists the windows that reach into the plan from start on, in order of
// time.
func (a *Appliance) windows(loc *time.Location, start meter.Hour, n int, out *[maxWindows]runWindow) int {
	windows, known := localWindow{start: clock(a.EarliestStart), end: clock(a.LatestEnd), days: a.Days}.reaching(loc, start, n)
	hours, count := len(a.ProfileKWh), 0
	for _, w := range windows[:known] {
		runs := a.RunsPerDay
		if w.to > n {
			runs -= (w.to - max(w.from, n)) / hours // the next plan runs these
		} else if w.from < 0 {
			runs = min(runs, max(w.to, 0)/hours) // the plan before ran the others
		}
		r := runWindow{from: max(w.from, 0), to: min(w.to, n)}
		if r.runs = min(runs, (r.to-r.from)/hours); r.runs > 0 {
			out[count] = r
			count++
		}
	}
	return count
}

// runProblem asks when to start the runs of a window:
//
//	minimise Σ cost(t, x) + perKW·max(M − peak, 0), M the highest load + x
//	subject to x ≤ room, and runs that lie in the window and do not overlap
//
// where x is what the runs draw in slot t. What the slot would feed in costs what
// feeding it in earns, the rest the price of what is drawn. Of plans that cost the
// same, the one in the slots of least load is best, then the earliest.
type runProblem struct {
	profile  []float64
	from, to int // slots, to exclusive
	runs     int
	buy      *[maxSlots]float64 // value of a kWh that is drawn
	sell     *[maxSlots]float64 // of a kWh that is fed in
	load     *[maxSlots]float64 // without the runs
	room     *[maxSlots]float64 // most that a slot may gain; nil: anything
	peak     float64            // kW, at least the highest load
	perKW    float64
}

// runCost is what runs cost; of equal costs the least fill counts.
type runCost struct{ cost, fill float64 }

func (c runCost) plus(d runCost) runCost { return runCost{c.cost + d.cost, c.fill + d.fill} }

func (c runCost) atMost(d runCost) bool {
	return c.cost < d.cost || c.cost == d.cost && c.fill <= d.fill
}

// solve finds the best starts as a set of slots, none of them in forbidden, and the
// cost; no slot and ∞ if the runs do not fit. It tries each height that the load
// could reach as a cap: under a cap the charge is known, and what is left is a
// choice of intervals, which dynamic programming solves exactly (weighted interval
// scheduling, Kleinberg and Tardos 2005, section 6.1).
func (q *runProblem) solve(forbidden uint32) (starts uint32, cost float64) {
	if q.perKW <= 0 {
		starts, energy := q.under(math.Inf(1), forbidden)
		return starts, energy.cost
	}
	var all [maxSlots*mostRunHours + 1]float64
	caps := append(all[:0], q.peak)
	for t := q.from; t < q.to; t++ {
		for _, kwh := range q.profile {
			if m := q.load[t] + kwh; m > q.peak {
				caps = append(caps, m)
			}
		}
	}
	slices.Sort(caps)
	cost = math.Inf(1)
	best := runCost{cost: cost}
	for _, m := range slices.Compact(caps) {
		plan, total := q.under(m, forbidden)
		total.cost += q.perKW * (m - q.peak)
		if plan != 0 && (starts == 0 || !best.atMost(total)) {
			starts, best, cost = plan, total, total.cost
		}
	}
	return starts, cost
}

// under finds the best starts with which no slot exceeds a load.
func (q *runProblem) under(most float64, forbidden uint32) (starts uint32, total runCost) {
	none := runCost{cost: math.Inf(1)}
	var chosen [maxSlots + 1]uint64                 // by number of runs: slots in which one starts if the first may start there
	var fewer, now [maxSlots + mostRunHours]runCost // by slot: the best from it on, with one run less and with these
	for run := 1; run <= q.runs; run++ {
		for t := q.to - len(q.profile) + 1; t < len(now); t++ {
			now[t] = none
		}
		for t := q.to - len(q.profile); t >= q.from; t-- {
			now[t] = now[t+1]
			if own := q.at(t, most); forbidden&(1<<t) == 0 && own.cost < none.cost {
				if with := own.plus(fewer[t+len(q.profile)]); with.cost < none.cost && with.atMost(now[t]) {
					now[t] = with
					chosen[run] |= 1 << t
				}
			}
		}
		fewer = now
	}
	if total = fewer[q.from]; total == none {
		return 0, none
	}
	t := q.from
	for run := q.runs; run > 0; run-- {
		t += bits.TrailingZeros64(chosen[run] >> t)
		starts |= 1 << t
		t += len(q.profile)
	}
	return starts, total
}

// at is what a run that starts in slot t costs; ∞ if it does not fit.
func (q *runProblem) at(t int, most float64) (out runCost) {
	for k, kwh := range q.profile {
		load := q.load[t+k]
		if load+kwh > most || q.room != nil && kwh > q.room[t+k] {
			return runCost{cost: math.Inf(1)}
		}
		own := min(max(-load, 0), kwh)
		out.cost += q.sell[t+k]*own + q.buy[t+k]*(kwh-own)
		out.fill += load * kwh
	}
	return out
}

// secondBest is what the best other plan costs; ∞ if there is none. Another plan
// lacks one of the starts at least.
func (q *runProblem) secondBest(starts uint32) float64 {
	least := math.Inf(1)
	for m := starts; m != 0; m &= m - 1 {
		if _, cost := q.solve(m & -m); cost < least {
			least = cost
		}
	}
	return least
}
