package dsm

import (
	"math"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// Indicators sum up the load of a meter, of a group or of a twin over a period.
type Indicators struct {
	Hours int // with a value

	KWh    float64 // drawn less fed in
	FedIn  float64 // kWh, 0 or more; NaN if it is unknown in some hour
	PeakKW float64 // highest hour; NaN before the first
	PeakAt meter.Hour

	// Energy is what the energy cost, in currency, less what was paid for that fed
	// in; NaN if what was fed in, or the tariff, is unknown.
	Energy float64

	// Demand is what the highest hours of the calendar months cost, in currency, as
	// far as the months lie in the period. A charge is a meter's: for a group it is
	// that of one meter with the group's load.
	Demand float64

	CO2Kg    float64 // of the hours with a known intensity
	CO2Hours int     // how many these are

	ledger    *Ledger
	month     time.Month // of the hour seen last, local
	monthPeak float64
}

// NewIndicators starts a period. Without a ledger (nil) nothing that needs a
// price or an intensity is known.
func NewIndicators(ledger *Ledger) *Indicators {
	i := &Indicators{PeakKW: math.NaN(), PeakAt: meter.NoHour, ledger: ledger}
	if ledger == nil {
		i.Energy, i.Demand = math.NaN(), math.NaN()
	}
	return i
}

// Hour counts the load of an hour: kwh drawn less fed in, of which fedIn was fed
// in by meters; a NaN kwh counts for nothing. Hours come in order of time: a
// month's demand charge grows with its highest hour.
func (i *Indicators) Hour(h meter.Hour, kwh, fedIn float64) {
	if kwh != kwh {
		return
	}
	i.Count(i.ledger.At(h), kwh, fedIn)
}

// SwitchTo makes the hours from here on cost what they do in another ledger. The month's
// highest hour so far stays: what is higher adds to its charge.
func (i *Indicators) SwitchTo(l *Ledger) { i.ledger = l }

// Rates are what an hour costs, for all loads in it.
type Rates struct {
	hour   meter.Hour
	price  float64    // currency per kWh drawn
	carbon float64    // kg per kWh; NaN if unknown
	month  time.Month // local
}

// Price is what a drawn kWh costs in the hour, currency; 0 of no ledger.
func (r *Rates) Price() float64 { return r.price }

// Carbon is the carbon intensity of the hour, kg per kWh; NaN if it is not known, and 0 of
// no ledger.
func (r *Rates) Carbon() float64 { return r.carbon }

// At are the rates of an hour. Those of no ledger (nil) know the hour alone.
func (l *Ledger) At(h meter.Hour) Rates {
	if l == nil {
		return Rates{hour: h}
	}
	of := l.p.rates
	return Rates{hour: h, price: of.price(h), carbon: of.carbonAt(h), month: h.Time().In(of.loc).Month()}
}

// Count counts the load of an hour, a number, whose rates come from the ledger of
// the indicators. It is Hour for many loads of one hour. Drawn kWh cost the tariff's
// price, and those fed in earn its export price.
func (i *Indicators) Count(at Rates, kwh, fedIn float64) {
	h := at.hour
	i.Hours++
	i.KWh += kwh
	i.FedIn += fedIn
	if !(i.PeakKW >= kwh) {
		i.PeakKW, i.PeakAt = kwh, h
	}
	if i.ledger == nil {
		return
	}
	tariff := &i.ledger.p.policy.Tariff
	i.Energy += at.price*(kwh+fedIn) - tariff.Export*fedIn
	if at.carbon == at.carbon {
		i.CO2Kg += at.carbon * kwh
		i.CO2Hours++
	}
	if at.month != i.month {
		i.month, i.monthPeak = at.month, 0
	}
	if kwh > i.monthPeak {
		i.Demand += tariff.DemandCharge * (kwh - i.monthPeak)
		i.monthPeak = kwh
	}
}

// PeakToAverage is the highest hour over the mean hour; NaN if the mean is not
// positive.
func (i *Indicators) PeakToAverage() float64 {
	if !(i.KWh > 0) {
		return math.NaN()
	}
	return i.PeakKW * float64(i.Hours) / i.KWh
}

// LoadFactor is the mean hour over the highest; NaN if the mean is not positive.
func (i *Indicators) LoadFactor() float64 { return 1 / i.PeakToAverage() }
