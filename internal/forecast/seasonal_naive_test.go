package forecast

import (
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

const issue meter.Hour = 430_000

// fill makes a window of 8 weeks whose hours before issue+after have the values
// of at, except gaps (NaN).
func fill(after int, at func(h meter.Hour) float32) *window.Window {
	w := window.New(1344)
	for h := issue - 1344; h < issue+meter.Hour(after); h++ {
		if v := at(h); v == v {
			w.Put(h, v)
		}
	}
	return w
}

func forecastOf(w *window.Window, slots int) Quantiles {
	q := Quantiles{P10: make([]float32, slots), P50: make([]float32, slots), P90: make([]float32, slots)}
	NewSeasonalNaive().NewState().Forecast(w, issue, q)
	return q
}

// hash is a number from 0 to 1 that looks random and hangs on h alone.
func hash(h meter.Hour) float32 {
	x := uint32(h) * 2654435761
	x ^= x >> 15
	x *= 2246822519
	x ^= x >> 13
	return float32(x%10_000) / 10_000
}

func TestMedianIsLastWeekThenFallbacks(t *testing.T) {
	level := func(h meter.Hour) float32 { return 1 + float32((h-issue+1344)%1344)/10 }
	for name, c := range map[string]struct {
		gaps []meter.Hour // hours before the target that are missing
		want meter.Hour   // hour before the target that is repeated; 0: none
	}{
		"last week":                {nil, 168},
		"the week before":          {[]meter.Hour{168}, 336},
		"yesterday":                {[]meter.Hour{168, 336}, 24},
		"nothing":                  {[]meter.Hour{24, 168, 336}, 0},
		"yesterday is not sooner":  {[]meter.Hour{24}, 168},
		"only the two weeks count": {[]meter.Hour{168, 336, 48}, 24},
	} {
		const slot = 5
		w := fill(0, func(h meter.Hour) float32 {
			if slices.Contains(c.gaps, issue+slot-h) {
				return nan()
			}
			return level(h)
		})
		got := forecastOf(w, 24)
		if c.want == 0 {
			require.True(t, math.IsNaN(float64(got.P50[slot])), name)
			require.True(t, math.IsNaN(float64(got.P10[slot])), name)
			require.True(t, math.IsNaN(float64(got.P90[slot])), name)
			continue
		}
		require.Equal(t, level(issue+slot-c.want), got.P50[slot], name)
	}
}

func TestTheTwentyFifthHourDoesNotRepeatItself(t *testing.T) {
	w := fill(30, func(h meter.Hour) float32 {
		if h == issue+24-168 || h == issue+24-336 {
			return nan()
		}
		return float32(h - issue + 2000)
	})
	got := forecastOf(w, MaxHorizon)
	require.True(t, math.IsNaN(float64(got.P50[24])), "24 hours before it is the issue itself")
}

// TestOnlyThePastCounts: what the window holds from the issue on changes nothing.
func TestOnlyThePastCounts(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gap := rapid.IntRange(2, 60).Draw(t, "gap every")
		past := func(h meter.Hour) float32 {
			if int(h)%gap == 0 {
				return nan()
			}
			return hash(h)
		}
		after := rapid.IntRange(1, 40).Draw(t, "hours after")
		known := fill(after, func(h meter.Hour) float32 {
			if h >= issue {
				return 1000
			}
			return past(h)
		})
		require.Equal(t, bitsOf(forecastOf(fill(0, past), 25)), bitsOf(forecastOf(known, 25)))
	})
}

func bitsOf(q Quantiles) (all []uint32) {
	for _, s := range [][]float32{q.P10, q.P50, q.P90} {
		for _, v := range s {
			all = append(all, math.Float32bits(v))
		}
	}
	return all
}

// plainInterval is the interval by the documented rule, with sorted residuals.
func plainInterval(w *window.Window, i int) (low, high float64) {
	var r []float64
	for day := 1; day <= 28; day++ {
		h := issue + meter.Hour(i-24*day)
		if i >= 24 {
			h -= 24
		}
		if d := float64(w.At(h) - w.At(h-168)); d == d {
			r = append(r, d)
		}
	}
	slices.Sort(r)
	at := func(p float64) float64 {
		rank := p * float64(len(r)+1)
		below := int(rank)
		return r[below-1] + (rank-float64(below))*(r[below]-r[below-1])
	}
	return at(0.1), at(0.9)
}

func TestIntervalIsTheResidualQuantiles(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		gap := rapid.IntRange(3, 400).Draw(t, "gap every")
		w := fill(0, func(h meter.Hour) float32 {
			if int(hash(h)*10_000)%gap == 0 {
				return nan()
			}
			return 5 - 10*hash(h) // exports at times, so nothing is clipped
		})
		got := forecastOf(w, 25)
		for i := range got.P50 {
			if got.P50[i] != got.P50[i] || enough(w, i) < fewResiduals {
				continue
			}
			low, high := plainInterval(w, i)
			require.InDelta(t, min(float64(got.P50[i])+low, float64(got.P50[i])), got.P10[i], 1e-4)
			require.InDelta(t, max(float64(got.P50[i])+high, float64(got.P50[i])), got.P90[i], 1e-4)
		}
	})
}

func enough(w *window.Window, i int) (n int) {
	for day := 1; day <= 28; day++ {
		h := issue + meter.Hour(i%24-24*day)
		if d := w.At(h) - w.At(h-168); d == d {
			n++
		}
	}
	return n
}

func TestQuantilesNeverCrossNorFallBelowZero(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		days := rapid.IntRange(0, 56).Draw(t, "days of history")
		shift := rapid.SampledFrom([]float32{0, 0.5}).Draw(t, "export")
		gap := rapid.IntRange(2, 50).Draw(t, "gap every")
		w := fill(0, func(h meter.Hour) float32 {
			if h < issue-meter.Hour(24*days) || int(hash(h)*9973)%gap == 0 {
				return nan()
			}
			return hash(h) - shift
		})
		got := forecastOf(w, 24)
		for i, m := range got.P50 {
			if m != m {
				require.True(t, got.P10[i] != got.P10[i] && got.P90[i] != got.P90[i])
				continue
			}
			require.LessOrEqual(t, got.P10[i], m)
			require.GreaterOrEqual(t, got.P90[i], m)
			require.False(t, math.IsInf(float64(got.P90[i]), 0))
			if shift == 0 {
				require.GreaterOrEqual(t, got.P10[i], float32(0))
			}
		}
	})
}

func TestShortHistoryWidensTheInterval(t *testing.T) {
	withDays := func(days int) Quantiles {
		return forecastOf(fill(0, func(h meter.Hour) float32 {
			if h < issue-meter.Hour(24*days) {
				return nan()
			}
			return 5 + hash(h)
		}), 24)
	}
	width := func(q Quantiles) (sum float32) {
		for i := range q.P50 {
			sum += q.P90[i] - q.P10[i]
		}
		return sum
	}
	full, pooled := withDays(56), withDays(12)
	require.Greater(t, width(pooled), width(full), "5 and 95 % of all hours")

	short := withDays(3) // no residual yet: the range of all values
	low, high := float32(math.Inf(1)), float32(math.Inf(-1))
	for h := issue - 72; h < issue; h++ {
		low, high = min(low, 5+hash(h)), max(high, 5+hash(h))
	}
	for i := range short.P50 {
		require.Equal(t, 5+hash(issue+meter.Hour(i)-24), short.P50[i])
		require.Equal(t, low, short.P10[i])
		require.Equal(t, high, short.P90[i])
	}

	none := withDays(0)
	require.True(t, math.IsNaN(float64(none.P50[0])))
}

func TestStateKeepsNothing(t *testing.T) {
	s := NewSeasonalNaive().NewState()
	s.Advance(window.New(24), issue)
	require.Empty(t, s.AppendBinary(nil))
	rest, err := s.Restore([]byte("next"))
	require.NoError(t, err)
	require.Equal(t, "next", string(rest))
}

func TestForecastAllocatesNothing(t *testing.T) {
	s := NewSeasonalNaive().NewState()
	for name, days := range map[string]int{"full": 56, "pooled": 12, "short": 3} {
		w := fill(0, func(h meter.Hour) float32 {
			if h < issue-meter.Hour(24*days) {
				return nan()
			}
			return hash(h)
		})
		q := forecastOf(w, 24)
		require.Zero(t, testing.AllocsPerRun(100, func() {
			s.Advance(w, issue)
			s.Forecast(w, issue, q)
		}), name)
	}
}

func BenchmarkSeasonalNaive(b *testing.B) {
	s := NewSeasonalNaive().NewState()
	for name, days := range map[string]int{"8 weeks": 56, "12 days": 12} {
		b.Run(name, func(b *testing.B) {
			w := fill(0, func(h meter.Hour) float32 {
				if h < issue-meter.Hour(24*days) {
					return nan()
				}
				return hash(h)
			})
			q := forecastOf(w, 24)
			b.ReportAllocs()
			for b.Loop() {
				s.Forecast(w, issue, q)
			}
		})
	}
}
