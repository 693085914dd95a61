package twin

import (
	"github.com/energytwin/energytwin/internal/dsm"
)

// Realised evaluates the plan of a meter's decision once its hours have passed: on
// what was measured if nobody followed it, as in a replay, else against what was
// forecast at issue. Both are kWh per hour of the plan, NaN where there is nothing.
// peaks are those of the meter, see dsm.Ledger. All figures are NaN where no hour counts.
func Realised(ledger *dsm.Ledger, d *dsm.Decision, expected, actual []float32, followed bool, peaks *dsm.MonthPeaks) dsm.Realised {
	var out dsm.Realised
	var known bool
	if followed {
		out, known = ledger.Followed(d, expected, actual, peaks)
	} else {
		out, known = ledger.Replayed(d, actual, peaks)
	}
	if !known {
		return dsm.UnknownRealised()
	}
	return out
}
