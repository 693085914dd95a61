package processor

import (
	"math"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
)

// decisionMessage is a decision as the decisions topic carries it. Units stand
// in the names; null is "not known".
type decisionMessage struct {
	ID             string    `json:"id"`
	Meter          string    `json:"meter,omitempty"`
	Group          string    `json:"group,omitempty"`
	IssuedAt       time.Time `json:"issuedAt"`
	ValidFrom      time.Time `json:"validFrom"`
	ValidTo        time.Time `json:"validTo"`
	ActionableFrom time.Time `json:"actionableFrom"`
	Action         string    `json:"action"`
	Reason         string    `json:"reason"`
	PlanKWh        []float32 `json:"planKWh,omitempty"`
	ShiftedKWh     float32   `json:"shiftedKWh"`
	ReductionKW    float32   `json:"reductionKW"`
	PeakBeforeKW   *float32  `json:"peakBeforeKW"`
	PeakAfterKW    *float32  `json:"peakAfterKW"`
	CapKW          *float32  `json:"capKW"`
	PriceThreshold *float32  `json:"priceThreshold"`
	SavingP10      *float32  `json:"savingP10"`
	SavingP50      *float32  `json:"savingP50"`
	SavingP90      *float32  `json:"savingP90"`
	CO2Kg          *float32  `json:"co2Kg"`
	Confidence     *float32  `json:"confidence"`
	LastReading    *string   `json:"lastReading"`
	MissingShare   float32   `json:"missingShare"`
	Stale          bool      `json:"stale"`
}

func newDecisionMessage(d *timescale.Decision) decisionMessage {
	return decisionMessage{
		ID: d.ID.String(), Meter: d.Meter, Group: d.Group,
		IssuedAt: d.IssuedAt.Time(), ValidFrom: d.ValidFrom.Time(), ValidTo: d.ValidTo.Time(),
		ActionableFrom: d.ActionableFrom.Time(),
		Action:         d.Action.String(), Reason: d.Reason.String(),
		PlanKWh: d.Plan, ShiftedKWh: d.KWhShifted, ReductionKW: d.KWReduction,
		PeakBeforeKW: number(d.PeakBefore), PeakAfterKW: number(d.PeakAfter),
		CapKW: number(d.CapKW), PriceThreshold: number(d.PriceThresh),
		SavingP10: number(d.SavingP10), SavingP50: number(d.SavingP50), SavingP90: number(d.SavingP90),
		CO2Kg: number(d.CO2Kg), Confidence: number(d.Confidence),
		LastReading: hourText(d.LastReading), MissingShare: d.MissingShare, Stale: d.Stale,
	}
}

// number is v, nil where it is not known: JSON has no NaN.
func number(v float32) *float32 {
	if math.IsNaN(float64(v)) {
		return nil
	}
	return &v
}

func hourText(h meter.Hour) *string {
	if h == meter.NoHour {
		return nil
	}
	s := h.String()
	return &s
}
