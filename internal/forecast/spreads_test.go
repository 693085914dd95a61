package forecast

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestIntervalIsTheWeightedQuantiles: the sliding count finds what sorting all
// errors of an hour and its neighbours does.
func TestIntervalIsTheWeightedQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p spreads
		for d := range p.errors {
			for k := range p.errors[d] {
				p.errors[d][k] = rapid.Int8().Draw(t, "error")
			}
		}
		p.newest = rapid.Uint8Range(0, spreadDays-1).Draw(t, "newest")
		off := rapid.Bool().Draw(t, "day off")
		level, _ := p.of(off)
		level.below = rapid.Float32Range(leastTail, mostTail).Draw(t, "below")
		level.over = rapid.Float32Range(leastTail, mostTail).Draw(t, "over")
		var low, high [hoursADay]int8
		p.interval(off, &low, &high)
		for k := range low {
			var all []int8
			for j := max(k-1, 0); j <= min(k+1, hoursADay-1); j++ {
				for age := range spreadDays {
					d := (int(p.newest) - 1 - age + spreadDays) % spreadDays
					all = append(all, p.errors[d][j])
					if age < spreadDays/2 {
						for range newWeight - 1 {
							all = append(all, p.errors[d][j])
						}
					}
				}
			}
			slices.Sort(all)
			rank := func(share float32) int { return max(int(math.Ceil(float64(share*float32(len(all)+1)))), 1) }
			require.Equal(t, all[rank(level.below)-1], low[k], "low of column %d", k)
			require.Equal(t, all[len(all)-rank(level.over)], high[k], "high of column %d", k)
		}
	})
}

// TestLevelsFollowWhatFellOutside: they widen after misses and narrow after none.
func TestLevelsFollowWhatFellOutside(t *testing.T) {
	var p spreads
	p.start(new([spreadDays]int8))
	table := newErrorTable()
	var middle, low, high, row [hoursADay]float32
	for k := range high {
		low[k], high[k] = -1, 1
	}
	for k := 0; k < len(row); k += 2 {
		row[k] = 2 // above, and all others inside
	}
	p.take(table, &middle, &low, &high, &row, allColumns, 1, false)
	work, off := p.levels[0], p.levels[1]
	require.Less(t, work.over, float32(tail), "a smaller share above means a wider interval")
	require.Greater(t, work.below, float32(tail))
	require.Less(t, off.over, float32(tail), "days off learn from working days")
	require.Greater(t, off.over, work.over, "but not as much")
	require.InDelta(t, 2, table.of(p.errors[0][2]), 0.1)
	for range 100 {
		p.take(table, &middle, &low, &high, &row, allColumns, 1, true)
	}
	for _, l := range p.levels {
		require.InDelta(t, leastTail, l.over, 1e-6)
		require.InDelta(t, mostTail, l.below, 1e-6)
	}
}

func TestErrorsSurviveAsCodes(t *testing.T) {
	table := newErrorTable()
	for _, v := range []float32{0, 0.01, -0.01, 0.5, -3, 40, -90} {
		require.InDelta(t, v, table.of(table.code(v)), 0.004+0.035*math.Abs(float64(v)))
	}
	require.Equal(t, int8(127), table.code(float32(math.Inf(1))))
	require.Equal(t, int8(-128), table.code(float32(math.Inf(-1))))
	for code := -128; code <= 127; code++ {
		require.Equal(t, int8(code), table.code(table.of(int8(code))))
	}
}
