package twin

import (
	"math"

	"github.com/energytwin/energytwin/internal/dsm"
)

// Realised evaluates the plan of a meter's decision once its hours have passed: on
// what was measured if nobody followed it, as in a replay, else against what was
// forecast at issue. Both are kWh per hour of the plan, NaN where there is nothing.
// All figures are NaN where no hour counts.
func Realised(ledger *dsm.Ledger, d *dsm.Decision, expected, actual []float32, followed bool) dsm.Realised {
	var out dsm.Realised
	var known bool
	if followed {
		out, known = ledger.Followed(d, expected, actual)
	} else {
		out, known = ledger.Replayed(d, actual)
	}
	if !known {
		nan := float32(math.NaN())
		return dsm.Realised{Saving: nan, CO2Kg: nan, KWhShifted: nan, KWReduction: nan}
	}
	return out
}
