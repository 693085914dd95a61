package dsm

import (
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// EV is a car whose charging the readings do not contain. It is charged in the
// plan in which it has to be ready; in the one before only what the hours after
// that plan cannot take.
type EV struct {
	EnergyKWh float64 `json:"energyKWh"`
	PowerKW   float64 `json:"powerKW"`
	Arrival   string  `json:"arrival"`   // local "HH:MM"
	Departure string  `json:"departure"` // local "HH:MM"; before the arrival: on the next day
	Days      string  `json:"days"`      // All | Weekdays | Weekends: on which it arrives
}

var evKind = deviceKind{
	name: "ev",
	device: func(a *Asset) device {
		if a.EV == nil {
			return nil
		}
		return a.EV
	},
	actions: []Action{ActionEVCharge, ActionValleyFill},
	titles: func(x *explainer, c itemWords) []string {
		last := "Charge the car in " + x.betterHours()
		if x.Action == ActionValleyFill {
			last = "Charge the car while little else runs"
		}
		return []string{
			fmt.Sprintf("Charge the car at %s instead of %s", c.added, c.taken),
			fmt.Sprintf("Charge the car outside %s", c.taken),
			last,
		}
	},
	clause: func(_ *explainer, c itemWords) string {
		if c.less == 0 {
			return fmt.Sprintf("charge the car with %s at %s", kilowattHours(c.more), c.added)
		}
		return fmt.Sprintf("charge the car with %s at %s instead of at once, at %s", kilowattHours(c.more), c.added, c.taken)
	},
	without: "Charge the car as soon as it may",
}

func (e *EV) check(c *policyCheck, field string) {
	c.above0(field+"energyKWh", e.EnergyKWh)
	c.above0(field+"powerKW", e.PowerKW)
	c.start(field+"arrival", e.Arrival)
	c.start(field+"departure", e.Departure)
	c.days(field+"days", e.Days)
}

func (e *EV) prepare(cal *meter.Calendar) preparedDevice {
	return dispatchable(&evDispatch{EV: e, loc: cal.Location()})
}

// evDispatch is a car in its local time.
type evDispatch struct {
	plainDispatch
	*EV
	loc *time.Location
}

func (e *evDispatch) power() float64 { return e.PowerKW }

// propose charges the car in the cheapest hours of each stay, and below the
// limits where that is enough. Without a plan it charges as soon as it may.
func (e *evDispatch) propose(x *site, out *proposal) {
	day := x.day
	var stays [maxWindows]session
	var own, added [maxSlots]float64
	for t := range day.n {
		own[t] = min(day.ownUse[t], day.cost[t])
	}
	for _, s := range stays[:e.sessions(e.loc, day.start, day.n, &stays)] {
		q := deferrable{from: s.from, to: s.to, energy: s.energy, most: e.PowerKW, limit: x.limit, load: x.load}
		q.energy -= q.cheapest(&day.cost, &own, &added)
		for round := 0; ; round++ {
			for t := s.from; t < s.to; t++ {
				x.draw(out, t, added[t])
			}
			if round > 0 || q.energy <= 1e-9*s.energy {
				break
			}
			for t := range q.limit { // the car has to be ready, whatever the limits
				q.limit[t] = max(e.PowerKW-added[t], 0)
			}
			q.load = x.load
			q.energy -= q.cheapest(&day.cost, &own, &added)
		}
		left := s.energy
		for t := s.from; t < s.to && left > 0; t++ {
			step := min(left, e.PowerKW)
			out.without[t] += step
			left -= step
		}
	}
}

func (e *evDispatch) purpose(day *dayRates, _ *[maxSlots]float64, _ *proposal) (Action, Reason) {
	if low, high := rangeOf(day.cost[:day.n]); low == high {
		return ActionValleyFill, ReasonLevelLoad
	}
	return ActionEVCharge, ReasonPriceSpread
}

// session is a stay of a car, as far as a plan has to charge it.
type session struct {
	from, to int     // slots of the plan, to exclusive
	energy   float64 // kWh to be charged in the plan
}

// sessions lists the stays that reach into the plan from start on, in order of
// time. A plan charges a car that leaves within it in full, less what the plan
// before had to charge because the hours after it would not do; of a car that
// stays longer it charges only that rest.
func (e *EV) sessions(loc *time.Location, start meter.Hour, n int, out *[maxWindows]session) int {
	windows, known := localWindow{start: clock(e.Arrival), end: clock(e.Departure), days: e.Days}.reaching(loc, start, n)
	count := 0
	for _, w := range windows[:known] {
		s := session{from: max(w.from, 0), to: min(w.to, n), energy: e.EnergyKWh}
		if w.to > n {
			s.energy = max(e.EnergyKWh-e.PowerKW*float64(w.to-n), 0)
		} else if w.from < 0 {
			s.energy = min(e.EnergyKWh, e.PowerKW*float64(w.to))
		}
		if s.energy > 0 {
			out[count] = s
			count++
		}
	}
	return count
}
