package api

import (
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// decisionHeader shows a decision as it stands at the twin's now.
func (s *server) decisionHeader(d decisions.Row, now meter.Hour) DecisionHeader {
	return s.titledHeader(&d, now, s.titleOf(&d))
}

// titledHeader is the header of a decision whose title is there already.
func (s *server) titledHeader(d *decisions.Row, now meter.Hour, title string) DecisionHeader {
	return DecisionHeader{
		decision: d, status: decisionStatus(d, now), mode: decisionMode(d),
		title: title, currency: s.twin.Processor.Policy.Tariff.Currency,
	}
}

func decisionMode(d *decisions.Row) string {
	if d.Shadow {
		return string(dsm.ModeShadow)
	}
	return string(dsm.ModeAdvisory)
}

// decisionStatus measures the hours that a decision holds by now. One that is superseded
// before its first hour has none.
func decisionStatus(d *decisions.Row, now meter.Hour) string {
	switch {
	case now < d.ValidFrom && d.ValidFrom < d.HeldTo:
		return "planned"
	case now < d.HeldTo:
		return "active"
	}
	return "past"
}

func (s *server) decisionView(d decisions.Row, made decisions.Provenance, history []decisions.Row, now meter.Hour) Decision {
	header := s.decisionHeader(d, now)
	view := Decision{header, DecisionDetail{
		Plan:         planPoints(d.ValidFrom, d.Plan),
		PlanItems:    make([]PlanItem, len(d.Items)),
		From:         planWindows(d.ValidFrom, d.Plan, -1),
		To:           planWindows(d.ValidFrom, d.Plan, 1),
		Factors:      make([]Factor, len(d.Factors)),
		Binding:      make([]string, len(d.Binding)),
		Alternatives: make([]Alternative, len(d.Alternatives)),
		History:      make([]DecisionHeader, len(history)),
		Inputs:       Inputs(header),
		Provenance:   Provenance(made),
	}}
	for i := range history {
		view.History[i] = s.decisionHeader(history[i], now)
	}
	for i := range d.Items {
		view.PlanItems[i] = planItem(d.ValidFrom, &d.Items[i])
	}
	for i, f := range d.Factors {
		view.Factors[i] = Factor{Name: f.Factor.String(), Value: maybe32(f.Weight), Unit: s.factorUnit(f.Factor)}
	}
	for i, b := range d.Binding {
		view.Binding[i] = b.String()
	}
	for i, a := range d.Alternatives {
		view.Alternatives[i] = Alternative{Action: a.Action.String(), Reason: a.Reason.String(), Saving: maybe32(a.Saving)}
	}
	return view
}

// contributorsView is nil where nobody is known to contribute: also of a decision of an
// earlier version.
func contributorsView(by dsm.Contributions) *Contributors {
	if by.Meters == 0 {
		return nil
	}
	rest, kwh := by.Rest()
	view := &Contributors{Meters: by.Meters, KWh: maybe32(by.KWh), Top: make([]Contributor, len(by.Top)), RestMeters: rest, RestKWh: maybe32(kwh)}
	for i, m := range by.Top {
		view.Top[i] = Contributor{Meter: m.Meter, KWh: maybe32(m.KWh)}
	}
	return view
}

func planPoints(start meter.Hour, plan []float32) []PlanPoint {
	out := make([]PlanPoint, len(plan))
	for i, kwh := range plan {
		out[i] = PlanPoint{At: (start + meter.Hour(i)).Time(), KWh: maybe32(kwh)}
	}
	return out
}

func planItem(start meter.Hour, p *dsm.PlanItem) PlanItem {
	out := PlanItem{
		Action: p.Action.String(), Saving: maybe32(p.Saving), Plan: planPoints(start, p.Plan),
		StoredValue: make([]*float32, len(p.Value)),
	}
	for i, v := range p.Value {
		out.StoredValue[i] = maybe32(v)
	}
	return out
}

// planWindows are the runs of neighbouring hours in which the plan takes load
// away (sign −1) or adds it (sign 1).
func planWindows(start meter.Hour, plan []float32, sign float32) []PlanWindow {
	out := []PlanWindow{}
	open := false
	for i, kwh := range plan {
		if kwh*sign <= 0 {
			open = false
			continue
		}
		h := start + meter.Hour(i)
		if !open {
			out = append(out, PlanWindow{From: h.Time()})
			open = true
		}
		w := &out[len(out)-1]
		w.To = (h + 1).Time()
		w.KWh += kwh * sign
	}
	return out
}

func (s *server) factorUnit(f dsm.Factor) string {
	currency := s.twin.Processor.Policy.Tariff.Currency
	switch f {
	case dsm.FactorPriceSpread:
		return currency + "/kWh"
	case dsm.FactorMetersAsked:
		return "meters"
	case dsm.FactorShiftable, dsm.FactorFedIn, dsm.FactorExcessEnergy, dsm.FactorHeld:
		return "kWh"
	case dsm.FactorForecastPeak, dsm.FactorExcess, dsm.FactorMonthPeak:
		return "kW"
	case dsm.FactorCarbonSpread:
		return "kg/kWh"
	}
	return "ratio"
}
