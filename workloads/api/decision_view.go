package api

import (
	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
)

// decisionHeader shows a decision as it stands at the twin's now.
func (s *server) decisionHeader(d timescale.Decision, now meter.Hour) DecisionHeader {
	return DecisionHeader{
		ID: d.ID.String(), Meter: maybeText(d.Meter), Group: maybeText(d.Group),
		IssuedAt: d.IssuedAt.Time(), ValidFrom: d.ValidFrom.Time(), ValidTo: d.ValidTo.Time(),
		ActionableFrom: d.ActionableFrom.Time(),
		Status:         decisionStatus(&d.Decision, now),
		Mode:           decisionMode(&d),
		Action:         ActionCode(d.Action.String()), Reason: d.Reason.String(),
		Title:      s.explain(d).Title,
		KWhShifted: maybe32(d.KWhShifted), KWReduction: maybe32(d.KWReduction),
		PeakBeforeKW: maybe32(d.PeakBefore), PeakAfterKW: maybe32(d.PeakAfter),
		PARBefore: maybe32(d.PARBefore), PARAfter: maybe32(d.PARAfter),
		CapKW: maybe32(d.CapKW), PriceThreshold: maybe32(d.PriceThresh),
		SavingP10: maybe32(d.SavingP10), SavingP50: maybe32(d.SavingP50), SavingP90: maybe32(d.SavingP90),
		Currency: s.twin.Processor.Policy.Tariff.Currency,
		CO2Kg:    maybe32(d.CO2Kg), Confidence: maybe32(d.Confidence),
	}
}

func decisionMode(d *timescale.Decision) string {
	if d.Shadow {
		return string(dsm.ModeShadow)
	}
	return string(dsm.ModeAdvisory)
}

func decisionStatus(d *dsm.Decision, now meter.Hour) string {
	switch {
	case now < d.ValidFrom:
		return "planned"
	case now < d.ValidTo:
		return "active"
	}
	return "past"
}

func (s *server) decisionView(d timescale.Decision, made timescale.Provenance, now meter.Hour) Decision {
	view := Decision{
		DecisionHeader: s.decisionHeader(d, now),
		Plan:           planPoints(d.ValidFrom, d.Plan),
		Parts:          make([]PlanPart, len(d.Parts)),
		From:           planWindows(d.ValidFrom, d.Plan, -1),
		To:             planWindows(d.ValidFrom, d.Plan, 1),
		Factors:        make([]Factor, len(d.Factors)),
		Binding:        make([]string, len(d.Binding)),
		Alternatives:   make([]Alternative, len(d.Alternatives)),
		Inputs: Inputs{
			LastReadingAt: maybeHour(d.LastReading), MissingShare: maybe32(d.MissingShare), Stale: d.Stale,
		},
		Provenance: Provenance(made),
	}
	for i := range d.Parts {
		view.Parts[i] = planPart(d.ValidFrom, &d.Parts[i])
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

func planPoints(start meter.Hour, plan []float32) []PlanPoint {
	out := make([]PlanPoint, len(plan))
	for i, kwh := range plan {
		out[i] = PlanPoint{At: (start + meter.Hour(i)).Time(), KWh: maybe32(kwh)}
	}
	return out
}

func planPart(start meter.Hour, p *dsm.Part) PlanPart {
	out := PlanPart{
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
	case dsm.FactorShiftable, dsm.FactorFedIn:
		return "kWh"
	case dsm.FactorForecastPeak, dsm.FactorExcess, dsm.FactorMonthPeak:
		return "kW"
	case dsm.FactorCarbonSpread:
		return "kg/kWh"
	}
	return "ratio"
}

// ActionCode is the code of an action, one of dsm's.
type ActionCode string

// Schema lists the codes.
func (ActionCode) Schema(huma.Registry) *huma.Schema {
	s := &huma.Schema{Type: huma.TypeString}
	for _, a := range dsm.Actions() {
		s.Enum = append(s.Enum, a.String())
	}
	return s
}
