package processor

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/decisions"
	"github.com/energytwin/energytwin/internal/timescale/writer"
)

func TestSettledByMode(t *testing.T) {
	cal, err := meter.NewCalendar("UTC")
	require.NoError(t, err)
	ledger, err := dsm.NewLedger(dsm.Policy{
		Mode: dsm.ModeAdvisory,
		Tariff: dsm.Tariff{Currency: "GBP", Default: 0.3,
			Periods: []dsm.Period{{Name: "night", Days: "All", Start: "00:00", End: "01:00", Price: 0.1}}},
		Flexibility: dsm.Flexibility{ShiftableShare: 0.5},
	}, cal, "default/test")
	require.NoError(t, err)
	const midnight meter.Hour = 430_008
	u := writer.Unsettled{Expected: []float32{1, 4}, Actual: []float32{2, 2}}
	u.Action, u.ValidFrom, u.ValidTo, u.ActionableFrom, u.Plan = dsm.ActionLoadShift, midnight, midnight+2, midnight, []float32{2, -2}
	nothing := u
	nothing.Actual = []float32{float32(math.NaN()), float32(math.NaN())}
	open := []writer.Unsettled{u, nothing}

	replayed := settled(map[int64]*dsm.Ledger{0: ledger}, false, open)
	require.Equal(t, int16(decisions.SettledSimulated), replayed[0].Method)
	require.InDelta(t, 1*0.2, replayed[0].SavingEnergy, 1e-6, "half of what there was could move")
	require.InDelta(t, 1, replayed[0].KWhShifted, 1e-6)
	require.True(t, math.IsNaN(float64(replayed[1].SavingEnergy)))

	followed := settled(map[int64]*dsm.Ledger{0: ledger}, true, open)
	require.Equal(t, int16(decisions.SettledEstimated), followed[0].Method)
	require.InDelta(t, (1*0.1+4*0.3)-(2*0.1+2*0.3), followed[0].SavingEnergy, 1e-6)
}
