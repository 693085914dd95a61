package decisions

import (
	"github.com/google/uuid"

	"github.com/energytwin/energytwin/internal/meter"
)

// How a decision was settled, as realised.method holds it.
const (
	SettledSimulated = 1 // on measurements in which nobody followed the plan
	SettledEstimated = 2 // against the forecast as it stood at issue
)

// Settled is the outcome of a decision; NaN where it is not known.
type Settled struct {
	ID          uuid.UUID
	IssuedAt    meter.Hour
	Corrections int // that it takes into account; the revision
	Method      int16
	KWhShifted  float32
	KWReduction float32
	CO2Kg       float32

	SavingEnergy float32 // currency
	SavingDemand float32 // currency
	// PeakWithout and PeakWith are the highest hours of the month before the decision,
	// without the plans before it and with them, kW; NaN without a demand charge.
	PeakWithout, PeakWith float32
}

// Reals are the outcome's figures, in the order of the columns from kwh_shifted on.
func (s *Settled) Reals() [7]float32 {
	return [7]float32{s.KWhShifted, s.KWReduction, s.SavingEnergy, s.SavingDemand, s.CO2Kg, s.PeakWithout, s.PeakWith}
}
