package downsample

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestLTTBProperties(t *testing.T) {
	value := rapid.Custom(func(t *rapid.T) float64 {
		if rapid.IntRange(0, 9).Draw(t, "kind") == 0 {
			return math.NaN()
		}
		return rapid.Float64Range(-1e6, 1e6).Draw(t, "value")
	})
	rapid.Check(t, func(t *rapid.T) {
		y := rapid.SliceOfN(value, 0, 400).Draw(t, "y")
		want := rapid.IntRange(2, 120).Draw(t, "want")
		got := LTTB(y, want)

		require.LessOrEqual(t, len(got), max(want, min(len(y), want)))
		for i := 1; i < len(got); i++ {
			require.Less(t, got[i-1], got[i], "in order, each once")
		}
		if len(y) <= want {
			require.Len(t, got, len(y), "nothing is dropped without need")
		}
		if len(y) == 0 {
			return
		}
		require.Equal(t, 0, got[0], "the first stays")
		require.Equal(t, len(y)-1, got[len(got)-1], "the last stays")
	})
}

// As long as there is room for it, a line through the choice breaks at every
// gap of the data, and nowhere else.
func TestLTTBKeepsGaps(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		lengths := rapid.SliceOfN(rapid.IntRange(1, 60), 2, 12).Draw(t, "lengths")
		var y []float64
		for i, n := range lengths { // stretches of values and gaps in turn
			for range n {
				v := math.NaN()
				if i%2 == 0 {
					v = rapid.Float64Range(0, 10).Draw(t, "v")
				}
				y = append(y, v)
			}
		}
		want := rapid.IntRange(3*len(lengths), 3*len(lengths)+100).Draw(t, "want")
		var chosen []float64
		for _, i := range LTTB(y, want) {
			chosen = append(chosen, y[i])
		}
		require.Len(t, stretches(chosen), len(lengths))
	})
}

// The classic choice on a small case, worked out by hand: of each bucket the
// point of the largest triangle.
func TestLTTBByHand(t *testing.T) {
	y := []float64{0, 0, 9, 0, 0, -9, 0, 0}
	require.Equal(t, []int{0, 2, 5, 7}, LTTB(y, 4))
}

func TestLTTBKeepsSpikes(t *testing.T) {
	y := make([]float64, 4000)
	y[1234], y[3000] = 100, -100
	got := LTTB(y, 200)
	require.Contains(t, got, 1234)
	require.Contains(t, got, 3000)
}

func TestLTTBOfNothingButGaps(t *testing.T) {
	y := []float64{math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN(), math.NaN()}
	got := LTTB(y, 3)
	require.Equal(t, 0, got[0])
	require.Equal(t, 6, got[len(got)-1])
	require.LessOrEqual(t, len(got), 3)
}

func BenchmarkLTTB(b *testing.B) {
	y := make([]float64, 4000)
	for i := range y {
		y[i] = math.Sin(float64(i) / 9)
	}
	b.ReportAllocs()
	for b.Loop() {
		LTTB(y, 1000)
	}
}
