package dsm

import (
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// Asset is something behind a meter that is run to a plan. One of Battery, EV, PV
// and HeatPump is set, and one of Meters and Group; each meter that fits has one
// of its own.
type Asset struct {
	Name     string    `json:"name"`
	Meters   []string  `json:"meters,omitempty"` // names; * stands for any characters, ? for one
	Group    string    `json:"group,omitempty"`
	Battery  *Battery  `json:"battery,omitempty"`
	EV       *EV       `json:"ev,omitempty"`
	PV       *PV       `json:"pv,omitempty"`
	HeatPump *HeatPump `json:"heatPump,omitempty"`
}

// Battery is a store of electricity that the readings do not contain. Each plan
// starts with the reserve and may end with it.
type Battery struct {
	CapacityKWh float64 `json:"capacityKWh"`
	PowerKW     float64 `json:"powerKW"`    // most that it charges and discharges
	Efficiency  float64 `json:"efficiency"` // of charging and discharging together; each has its root
	Reserve     float64 `json:"reserve"`    // share of the capacity that is never discharged
	WearCost    float64 `json:"wearCost"`   // currency per kWh discharged
}

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

// PV is a set of solar panels; the readings are net of what it gives.
type PV struct {
	PeakKW float64 `json:"peakKW"` // no hour feeds in more
}

// HeatPump is a heat pump whose draw the readings contain, in a building that
// holds heat. Heat is counted as the electricity that it takes.
type HeatPump struct {
	Share       float64      `json:"share"`       // of each hour's load
	PowerKW     float64      `json:"powerKW"`     // most that it draws
	PreheatKWh  float64      `json:"preheatKWh"`  // how much warmer than set the building may become
	SetbackKWh  float64      `json:"setbackKWh"`  // how much cooler, outside the comfort times
	LossPerHour float64      `json:"lossPerHour"` // share of the extra heat that an hour loses
	Comfort     []TimeWindow `json:"comfort,omitempty"`
}

// gear is what stands behind one meter; nil where there is none.
type gear struct {
	battery  *Battery
	ev       *EV
	pv       *PV
	heatPump *HeatPump
	warm     *rates // above 0 in the heat pump's comfort times
}

// none tells that there is nothing to plan beside the load itself.
func (g *gear) none() bool { return g.battery == nil && g.ev == nil && g.heatPump == nil }

// gearOf finds the assets of a meter.
func (p *planner) gearOf(name, group string) (g gear) {
	for i := range p.policy.Assets {
		a := &p.policy.Assets[i]
		if !a.at(name, group) {
			continue
		}
		switch {
		case a.Battery != nil && g.battery == nil:
			g.battery = a.Battery
		case a.EV != nil && g.ev == nil:
			g.ev = a.EV
		case a.PV != nil && g.pv == nil:
			g.pv = a.PV
		case a.HeatPump != nil && g.heatPump == nil:
			g.heatPump, g.warm = a.HeatPump, p.warm[i]
		}
	}
	return g
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

func (a *Asset) at(name, group string) bool {
	if a.Group != "" {
		return a.Group == group
	}
	for _, pattern := range a.Meters {
		if meter.Fits(pattern, name) {
			return true
		}
	}
	return false
}

// within gives rates that are above 0 in hours that touch a window.
func within(windows []TimeWindow, cal *meter.Calendar) *rates {
	t := Tariff{}
	for _, w := range windows {
		t.Periods = append(t.Periods, Period{Days: w.Days, Start: w.Start, End: w.End, Price: 1})
	}
	return newRates(t, cal)
}
