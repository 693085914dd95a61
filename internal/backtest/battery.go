package backtest

import (
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// The battery of a meter where the policy names none at all: 1 kWh for each MWh
// that the meter draws in a year, the size that Weniger, Tjaden and Quaschning
// (2014, "Sizing of residential PV battery systems") found to pay best, full in
// two hours, and nine tenths of what is charged come back.
const (
	usualHours      = 8.76 // capacity over the mean draw, in hours
	usualPower      = 0.5  // power over capacity, per hour
	usualEfficiency = 0.9
)

// yearHours is how far back the draw that a battery is sized by goes.
const yearHours = 365 * meter.HoursPerDay

// battery is the one behind a meter, and the workspace to run it.
type battery struct {
	store   dsm.UncertainStorage
	problem dsm.StorageProblem // all but load and prices
	plan    dsm.StoragePlan
	sell    float64 // price of what is fed in
}

// batteryOf is the battery behind a meter: the one that the policy names for it
// or, if the policy names none for any, one of the usual size, computed from the
// hours before from. nil where there is none.
func (v *Value) batteryOf(s *Series, from meter.Hour) *battery {
	if v.named {
		b := v.policy.BatteryOf(s.Meter, s.Group)
		if b == nil {
			return nil
		}
		return newBattery(b, v.policy.Tariff.Export)
	}
	capacity := usualHours * meanDraw(s, from-yearHours, from)
	if capacity == 0 {
		return nil
	}
	usual := &dsm.Battery{CapacityKWh: capacity, PowerKW: usualPower * capacity, Efficiency: usualEfficiency}
	return newBattery(usual, v.policy.Tariff.Export)
}

func newBattery(of *dsm.Battery, sell float64) *battery {
	return &battery{problem: of.Problem(), sell: sell}
}

// meanDraw is the mean of what a meter draws in the hours that have a reading; 0
// if none has.
func meanDraw(s *Series, from, to meter.Hour) float64 {
	sum, n := 0.0, 0
	for h := max(from, s.From); h < min(to, s.End()); h++ {
		if v := float64(s.At(h)); v == v {
			sum += max(v, 0)
			n++
		}
	}
	return sum / float64(max(n, 1))
}

// saves is what the battery saves in a day, in currency. A forecast in kWh gives the
// worth of stored energy by the hour, once, at the day's beginning, as it does in a twin. In each hour
// the battery then charges or discharges by that worth and by what the meter
// reads in that hour. It begins the day at its reserve; what is left at the end
// counts for nothing.
func (b *battery) saves(q forecast.Quantiles, actual, price []float64) float64 {
	p := b.problem
	p.N = len(actual)
	copy(p.Import[:], price)
	for t := range p.N {
		p.Export[t] = b.sell
	}
	if _, err := b.store.SolveForecast(&p, q, &b.plan); err != nil {
		panic("backtest: a battery that may stay as it is has no plan: " + err.Error())
	}
	sum, stored, change := 0.0, p.Start, 0.0
	for t, load := range actual {
		change, stored = b.store.Step(t, stored, load)
		sum += dsm.HourCost(price[t], b.sell, load) - dsm.HourCost(price[t], b.sell, load+change) - p.Wear*max(-change, 0)
	}
	return sum
}

// stored runs the meter's battery for a day, on each forecast and on the truth.
func (v *Value) stored(c *score, b *battery, d *day, actual, price []float64) {
	c.batteries.days++
	c.batteries.perfect += b.saves(sure(known(actual)), actual, price)
	for _, m := range valued() {
		*c.batteries.of(m) += b.saves(d.quantiles(m), actual, price)
	}
}

// BatteryShare is the captured share of batteries that are run by the worth of
// stored energy, and what it holds for.
type BatteryShare struct {
	Share
	// Usual is the size of the batteries; null if the policy names them.
	Usual       *Sizing `json:"usual"`
	ExportPrice float64 `json:"exportPrice"` // currency per kWh fed in
	DailyReset  bool    `json:"dailyReset"`  // each day begins at the reserve
}

// Sizing is how a battery relates to the meter that it is behind.
type Sizing struct {
	CapacityHours float64 `json:"capacityHours"` // capacity over the mean draw of the year before
	PowerShare    float64 `json:"powerShare"`    // power over capacity, per hour
	Efficiency    float64 `json:"efficiency"`    // of charging and discharging together
}

// batteryShareOf is nil where no meter has a battery.
func batteryShareOf(all []gains, v *Value) *BatteryShare {
	out := &BatteryShare{Share: shareOf(all), ExportPrice: v.policy.Tariff.Export, DailyReset: true}
	if out.Days == 0 {
		return nil
	}
	if !v.named {
		out.Usual = &Sizing{CapacityHours: usualHours, PowerShare: usualPower, Efficiency: usualEfficiency}
	}
	return out
}
