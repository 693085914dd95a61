package api

import (
	"math"
	"time"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/params"
)

// period is a stretch of time that key figures are computed for.
type period struct {
	from, to meter.Hour
	whole    int // hours of the whole day or month, or of the range
	unit     reader.Unit
	key      string // its first local date, as keyOf has it

	load  *dsm.Indicators
	plans reader.Outcomes

	// during is the load of the hours that the plans cover.
	during *dsm.Indicators
}

// partial reports whether hours of the period have no measurement, or lie outside the
// range.
func (p *period) partial() bool { return p.load.Hours < p.whole }

// periodStart is the first hour of the day or month that an hour lies in.
func (s *server) periodStart(h meter.Hour, by string) meter.Hour {
	y, m, d := s.calendar.Local(h).Date()
	switch by {
	case "day":
		return meter.DayStart(y, m, d, s.calendar.Location())
	case "month":
		return meter.DayStart(y, m, 1, s.calendar.Location())
	}
	return h
}

// periods cut a range along the twin's calendar.
func (s *server) periods(w params.HourRange, by string, ledger *dsm.Ledger) []*period {
	var out []*period
	for from := w.From; from < w.To; {
		p := &period{from: from, to: w.To, whole: w.Hours(), key: keyOf(s.calendar, from.Time()), load: dsm.NewIndicators(ledger), during: dsm.NewIndicators(ledger)}
		y, m, d := s.calendar.Local(from).Date()
		switch by {
		case "day":
			p.unit = reader.Days
			p.between(s.calendar, time.Date(y, m, d, 0, 0, 0, 0, time.UTC), time.Date(y, m, d+1, 0, 0, 0, 0, time.UTC))
		case "month":
			p.unit = reader.Months
			p.between(s.calendar, time.Date(y, m, 1, 0, 0, 0, 0, time.UTC), time.Date(y, m+1, 1, 0, 0, 0, 0, time.UTC))
		}
		out = append(out, p)
		from = p.to
	}
	return out
}

// between makes a period end where the next local date begins.
func (p *period) between(c *meter.Calendar, date, next time.Time) {
	p.key = date.Format(time.DateOnly)
	begins, ends := dayStart(c, date), dayStart(c, next)
	p.to, p.whole = min(p.to, ends), int(ends-begins)
}

func dayStart(c *meter.Calendar, date time.Time) meter.Hour {
	y, m, d := date.Date()
	return meter.DayStart(y, m, d, c.Location())
}

// keyOf is the local date of a time: two midnights of a day on which clocks go
// back there have the same.
func keyOf(c *meter.Calendar, t time.Time) string { return t.In(c.Location()).Format(time.DateOnly) }

// count counts an hour of the period. Realised savings are known by then.
func (p *period) count(m reader.MeteredHour) {
	p.load.Hour(m.Hour, m.KWh, m.FedIn)
	if p.plans.Plans > 0 && m.Hour >= p.plans.First && m.Hour < p.plans.Last {
		p.during.Hour(m.Hour, m.KWh, m.FedIn)
	}
}

// view shows the figures; demand reports whether a demand charge is that of what is
// looked at.
func (p *period) view(ledger *dsm.Ledger, demand bool) KPIPeriod {
	l := p.load
	out := KPIPeriod{
		From: p.from.Time(), To: p.to.Time(), Hours: l.Hours, Partial: p.partial(), CO2Hours: l.CO2Hours,
		PeakKW: maybe(l.PeakKW), PeakAt: maybeHour(l.PeakAt),
		PeakToAverage: maybe(l.PeakToAverage()), LoadFactor: maybe(l.LoadFactor()),
		Decisions: p.plans.Plans, Days: p.plans.Days, SettledDays: p.plans.SettledDays,
	}
	if l.Hours > 0 {
		out.KWh, out.FedIn, out.Cost = maybe(l.KWh), maybe(l.FedIn), maybe(l.Energy)
		if demand && ledger != nil && ledger.DemandCharge() > 0 {
			out.DemandCost = maybe(l.Demand)
		}
	}
	if l.CO2Hours > 0 {
		out.CO2Kg = maybe(l.CO2Kg)
	}
	if o := p.plans; o.Plans > 0 {
		out.KWhShifted, out.Promised, out.Realised, out.Method = maybe(o.KWhShifted), savingView(o.Promised), savingView(o.Realised), methodOf(o)
		out.SavedShare = maybe(p.savedShare())
	}
	if o := p.plans; o.CO2Plans > 0 {
		out.CO2Avoided, out.CO2Decisions = maybe(o.CO2Kg), o.CO2Plans
	}
	return out
}

// savedShare is the realised saving as a share of what the energy of their hours
// had cost without them; NaN where that is not known, or not more than nothing,
// or where plans reach beyond the period. What somebody may have followed is in
// the measured cost already.
func (p *period) savedShare() float64 {
	without := p.during.Energy + p.plans.Estimated
	if p.plans.Last > p.to || !(without > 0) {
		return math.NaN()
	}
	return p.plans.Realised.Energy / without
}

func savingView(s reader.Saving) *Saving {
	return &Saving{Energy: maybe(s.Energy), Demand: maybe(s.Demand)}
}

// methodOf is how the savings of some plans were computed.
func methodOf(o reader.Outcomes) *string {
	method := "mixed"
	switch o.Estimates {
	case 0:
		method = "simulated"
	case o.Plans:
		method = "estimated"
	}
	return &method
}
