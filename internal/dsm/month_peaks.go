package dsm

import (
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// MonthPeaks are the highest hours of a meter in a local calendar month so far, kW: of the
// load without its plans, and with all of them carried out. A demand charge is a month's,
// so that a plan saves on it what it takes off the charge that the plans before it have
// left:
//
//	demand = demandCharge·(growth of Without − growth of With, over the plan's hours)
//
// Over all hours of a month these add up to what its plans save together. An hour without
// a plan may lose what plans before it had gained: its highest load is the same with them.
type MonthPeaks struct {
	Month         int32 // 12·year + month, local; 0 before the first hour
	Without, With float64
}

// BeginPeaks readies a meter's peaks for a decision, from the month's highest hour before
// it if they are of another month. It reports false if that is not known. Replayed,
// Followed and Unplanned do it too.
func (l *Ledger) BeginPeaks(d *Decision, peaks *MonthPeaks) bool {
	return peaks.begin(l.MonthOf(d.ValidFrom), float64(d.MonthPeak))
}

// begin readies the peaks for a plan from hour h on, where the month's highest hour
// before it was peak. It reports false if they are not known.
func (p *MonthPeaks) begin(month int32, peak float64) bool {
	if p.Month != month {
		if peak != peak {
			*p = MonthPeaks{}
			return false
		}
		*p = MonthPeaks{Month: month}
	}
	if peak > p.Without { // in hours that no decision was about
		p.Without, p.With = peak, max(p.With, peak)
	}
	return true
}

// count counts an hour, and returns by how much the peak without plans grows more than
// that with them, kW.
func (p *MonthPeaks) count(month int32, without, with float64) float64 {
	if p.Month != month {
		*p = MonthPeaks{Month: month}
	}
	grown := max(without-p.Without, 0) - max(with-p.With, 0)
	p.Without, p.With = max(p.Without, without), max(p.With, with)
	return grown
}

// MonthOf is the local calendar month of an hour, as MonthPeaks has it.
func (l *Ledger) MonthOf(h meter.Hour) int32 {
	y, m, _ := h.Time().In(l.p.rates.loc).Date()
	return int32(12*y + int(m))
}

// demand is what a plan saves on the demand charge, in currency: 0 without a charge, NaN
// if the month's highest hour before it is not known.
func (l *Ledger) demand(r *settlement, d *Decision, actual []float32, peaks *MonthPeaks) float64 {
	charge := l.DemandCharge()
	if charge <= 0 {
		return 0
	}
	if peaks == nil {
		peaks = &MonthPeaks{}
	}
	if !l.BeginPeaks(d, peaks) {
		return math.NaN()
	}
	actual = actual[:min(len(actual), maxSlots)]
	month := l.MonthOf(d.ValidFrom)
	changes := l.MonthOf(d.ValidFrom+meter.Hour(len(actual))-1) != month
	grown := 0.0
	for t, v := range actual {
		if changes {
			month = l.MonthOf(d.ValidFrom + meter.Hour(t))
		}
		without, with := float64(v), float64(v)
		if r.counts&(1<<t) != 0 {
			without, with = r.before[t], r.before[t]+r.change[t]
		}
		if without == without {
			grown += peaks.count(month, without, with)
		}
	}
	return charge * grown
}

// Unplanned counts the hours of a decision without a plan, of which actual holds the
// measured kWh: what plans before it had taken off the demand charge and these hours
// bring back, as a saving of 0 or less, in currency.
func (l *Ledger) Unplanned(d *Decision, actual []float32, peaks *MonthPeaks) float32 {
	return float32(l.demand(&settlement{}, d, actual, peaks))
}
