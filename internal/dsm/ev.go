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
	title: func(x *explainer) string {
		if x.Action == ActionValleyFill {
			return fmt.Sprintf("Charge the car while little else runs: the highest hour is %s instead of %s", kilowatts(x.PeakAfter), kilowatts(x.PeakBefore))
		}
		return "Charge the car in " + x.betterHours() + " and " + x.worth()
	},
	item: func(_ *explainer, c itemWords) string {
		return fmt.Sprintf("The car charges %s of its energy %s instead of as soon as it may, %s.", kilowattHours(c.more), c.added, c.taken)
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
	var stays [maxSessions]session
	var own, added [maxSlots]float64
	for t := range day.n {
		own[t] = min(day.ownUse[t], day.cost[t])
	}
	for _, s := range stays[:e.sessions(e.loc, day.issued, day.n, &stays)] {
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

// sessions lists the stays that reach into the plan from issued on, in order of
// time. A plan charges a car that leaves within it in full, less what the plan
// before had to charge because the hours after it would not do; of a car that
// stays longer it charges only that rest.
func (e *EV) sessions(loc *time.Location, issued meter.Hour, n int, out *[maxSessions]session) int {
	arrival, departure := clock(e.Arrival), clock(e.Departure)
	y, m, d := issued.Time().In(loc).Date()
	count := 0
	for i := -1; i < maxSessions-1; i++ {
		day := time.Date(y, m, d+i, 0, 0, 0, 0, time.UTC) // a date: loc may skip its midnight
		if !applies(e.Days, day.Weekday()) {
			continue
		}
		nights := 0
		if departure <= arrival {
			nights = 1
		}
		from := int(meter.ClockHour(y, m, d+i, 0, arrival/60, loc) - issued)
		to := int(meter.HourOf(wallClock(y, m, d+i+nights, departure, loc)) - issued)
		s := session{from: max(from, 0), to: min(to, n), energy: e.EnergyKWh}
		if s.from >= s.to {
			continue
		}
		if to > n {
			s.energy = max(e.EnergyKWh-e.PowerKW*float64(to-n), 0)
		} else if from < 0 {
			s.energy = min(e.EnergyKWh, e.PowerKW*float64(to))
		}
		if s.energy > 0 {
			out[count] = s
			count++
		}
	}
	return count
}

// maxSessions is the most stays that can reach into a plan: of the day before,
// its own two local days and the day after.
const maxSessions = 4

func wallClock(y int, m time.Month, d, second int, loc *time.Location) time.Time {
	return time.Date(y, m, d, second/secondsPerHour, second/60%60, 0, 0, loc)
}
