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
	Saving      float32
	CO2Kg       float32
}
