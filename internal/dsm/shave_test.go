package dsm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestShavePeakIsFeasibleAndLowest: energy is conserved, nobody gives or takes
// more than they can, the peak is the one that is returned, and a peak a little
// lower cannot be reached.
func TestShavePeakIsFeasibleAndLowest(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		load := rapid.SliceOfN(rapid.Float64Range(0, 10), 1, 25).Draw(t, "load")
		flex := Flexibility{
			ShiftableShare: rapid.Float64Range(0, 1).Draw(t, "share"),
			MaxIncrease:    rapid.Float64Range(0, 1).Draw(t, "increase"),
			Rebound:        rapid.Float64Range(0, 0.3).Draw(t, "rebound"),
		}
		plan := make([]float64, len(load))
		peak := ShavePeak(load, flex, plan)
		taken, given, highest := 0.0, 0.0, math.Inf(-1)
		for i, change := range plan {
			require.GreaterOrEqual(t, change, -flex.ShiftableShare*load[i]-1e-9)
			require.LessOrEqual(t, change, flex.MaxIncrease*peakOf(load)+1e-9)
			taken += max(change, 0)
			given += max(-change, 0)
			highest = max(highest, load[i]+change)
		}
		require.InDelta(t, (1+flex.Rebound)*given, taken, 1e-7)
		require.InDelta(t, peak, highest, 1e-7)
		require.LessOrEqual(t, peak, peakOf(load)+1e-12)

		lower := peak - 1e-3*(1+peak)
		space, least := 0.0, math.Inf(-1)
		for _, v := range load {
			least = max(least, (1-flex.ShiftableShare)*v)
			space += min(max(lower-v, 0), flex.MaxIncrease*peakOf(load)) - (1+flex.Rebound)*max(v-lower, 0)
		}
		require.True(t, lower < least || space < 0, "%v would do", lower)
	})
}
