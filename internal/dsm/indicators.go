package dsm

import (
	"math"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// Indicators sum up a meter, a group or a twin over a period. Those of hours come
// from Hour, those of decisions from Decision.
type Indicators struct {
	Hours int // with a value

	KWh    float64 // drawn less fed in
	Cost   float64 // currency, demand charge included
	CO2Kg  float64 // of hours with a known intensity
	PeakKW float64 // highest hour; NaN before the first

	Decisions  int     // with a plan
	KWhShifted float64 // realised
	Promised   float64 // expected saving of the decisions that were realised, currency
	Realised   float64 // what they came to, currency

	ledger    *Ledger
	month     time.Month // of the hour seen last, local
	monthPeak float64
}

// NewIndicators starts a period.
func (l *Ledger) NewIndicators() *Indicators {
	return &Indicators{PeakKW: math.NaN(), ledger: l}
}

// Hour counts the load of an hour, kWh; NaN counts for nothing. Hours come in
// order of time: a month's demand charge grows with its highest hour.
func (i *Indicators) Hour(h meter.Hour, kwh float64) {
	if kwh != kwh {
		return
	}
	p := i.ledger.p
	i.Hours++
	i.KWh += kwh
	i.Cost += i.ledger.Cost(h, kwh)
	if carbon := p.rates.carbonAt(h); carbon == carbon {
		i.CO2Kg += carbon * kwh
	}
	if !(i.PeakKW >= kwh) {
		i.PeakKW = kwh
	}
	if month := h.Time().In(p.rates.loc).Month(); month != i.month {
		i.month, i.monthPeak = month, 0
	}
	if kwh > i.monthPeak {
		i.Cost += p.policy.Tariff.DemandCharge * (kwh - i.monthPeak)
		i.monthPeak = kwh
	}
}

// Decision counts a decision about a meter and what it came to.
func (i *Indicators) Decision(d *Decision, r Realised) {
	i.Decisions++
	i.KWhShifted += float64(r.KWhShifted)
	i.Promised += float64(d.SavingP50)
	i.Realised += float64(r.Saving)
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
