package decisions

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
)

// TestStoredDecisionsOfVersion2 are read as they were written.
func TestStoredDecisionsOfVersion2(t *testing.T) {
	nan := float32(math.NaN())
	stored := packed{
		version: 2, factors: []int16{1, 7}, alternatives: []int16{0, 12, 1, 14}, binding: []int16{5, 42},
		items: []int16{1, 3, 0, 0, 5, 2, 0, 2, 4, 1, 3, 0},
		amounts: []float32{
			0.2, nan, -0.2, 0.015625,
			0.05, -0.25, 0, 0, 0.125, 0.5, -0.5, 3.5, 1e-30, -0.15, 0.25, 0.3, nan, 0.1,
		},
	}
	var got dsm.Decision
	require.NoError(t, stored.unpack(&got))
	require.Equal(t, fmt.Sprint(dsm.Decision{
		Factors:      []dsm.WeightedFactor{{Factor: dsm.FactorPriceSpread, Weight: 0.2}, {Factor: dsm.FactorMissing, Weight: nan}},
		Alternatives: []dsm.Alternative{{Action: dsm.ActionNone, Reason: dsm.ReasonLowerSaving, Saving: -0.2}, {Action: dsm.ActionLoadShift, Reason: dsm.ReasonWithout, Saving: 0.015625}},
		Binding:      []dsm.Constraint{dsm.ConstraintStoreSize, 42},
		Items: []dsm.PlanItem{
			{Action: dsm.ActionLoadShift, Saving: 0.05, Plan: []float32{-0.25, 0, 0}},
			{Action: dsm.ActionEVCharge, Saving: 0.125, Plan: []float32{0.5, -0.5}, AtOnce: []float32{3.5, 1e-30}},
			{Action: dsm.ActionBattery, Saving: -0.15, Plan: []float32{0.25}, Value: []float32{0.3, nan, 0.1}},
		},
	}), fmt.Sprint(got), "NaN is no number")
	var again packed
	again.pack(&got)
	require.Equal(t, fmt.Sprint(stored), fmt.Sprint(again))
}
