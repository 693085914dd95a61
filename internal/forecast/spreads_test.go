package forecast

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// TestQuantilesAreWeighted: they are what sorting all errors finds.
func TestQuantilesAreWeighted(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var p spreads
		var all []int8
		p.newest = rapid.Uint8Range(0, spreadDays-1).Draw(t, "newest")
		for age := range spreadDays {
			day := &p.errors[(int(p.newest)-1-age+spreadDays)%spreadDays]
			for k := range day {
				day[k] = rapid.Int8().Draw(t, "error")
				all = append(all, day[k])
				if age < spreadDays/2 {
					all = append(all, slices.Repeat([]int8{day[k]}, newWeight-1)...)
				}
			}
		}
		slices.Sort(all)
		for i := range p.levels {
			p.levels[i].below = rapid.Float32Range(leastTail, mostTail).Draw(t, "below")
			p.levels[i].over = rapid.Float32Range(leastTail, mostTail).Draw(t, "over")
		}
		q := p.quantiles()
		rank := func(share float32) int { return max(int(math.Ceil(float64(share*float32(len(all)+1)))), 1) }
		for i, l := range p.levels {
			require.Equal(t, all[rank(l.below)-1], q.low[i], "low of group %d", i)
			require.Equal(t, all[len(all)-rank(l.over)], q.high[i], "high of group %d", i)
		}
	})
}

// TestLevelsFollowWhatFellOutside: they widen after misses and narrow after none.
func TestLevelsFollowWhatFellOutside(t *testing.T) {
	var p spreads
	p.start(new([spreadDays]int8))
	table := newErrorTable()
	a := &outlook{scale: 1}
	var i interval
	var row [hoursADay]float32
	for k := range row {
		i.low[k], i.high[k] = -1, 1
		a.below[k], a.over[k] = table.code(0.5), table.code(0.5)
	}
	for k := 0; k < len(row); k += 2 {
		row[k] = 2 // above, and all others inside
	}
	weekday, sunday := daysOf(t, "UTC", "2019-01-24 00:00"), daysOf(t, "UTC", "2019-01-21 00:00")
	p.take(table, a, &i, &row, allColumns, weekday)
	work, off := p.levels[0], p.levels[1]
	require.Less(t, work.over, float32(tail), "a smaller share above means a wider interval")
	require.Greater(t, work.below, float32(tail))
	require.Less(t, off.over, float32(tail), "days off learn from working days")
	require.Greater(t, off.over, work.over, "but not as much")
	require.InDelta(t, 4, table.of(p.errors[0][2]), 0.3, "in units of the width")
	for range 300 {
		p.take(table, a, &i, &row, allColumns, sunday)
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
