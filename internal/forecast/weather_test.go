package forecast

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/meter"
)

// outdoor makes up temperatures: mild and cold weeks, and a course of the day.
func outdoor(h meter.Hour) float32 {
	days := float64(h) / 24
	return float32(8 + 7*math.Sin(days/2.3) + 4*math.Sin(days/7.1) + 3*math.Cos(2*math.Pi*(float64(h%24)-15)/24))
}

// outside is an engine that knows the temperatures of the hours for which known is true.
func outside(t testing.TB, known func(h meter.Hour) bool) *Combined {
	byHour := map[meter.Hour]float32{}
	for h := midnight - 150*24; h < midnight+24; h++ {
		if known(h) {
			byHour[h] = outdoor(h)
		}
	}
	m := engine(t, "UTC")
	return m.WithTemperatures(NewTemperatures(byHour))
}

func always(meter.Hour) bool { return true }

// wrong sums up what a model is off by on the last 40 days.
func wrong(m *Combined, load func(h meter.Hour) float32) (sum float64) {
	p := play(m, load)
	at := midnight - 40*24
	for p.run(at-100*24, at); at < midnight; at += 24 {
		for i, v := range p.forecast(at, 24).P50 {
			sum += math.Abs(float64(load(at+meter.Hour(i)) - v))
		}
		p.run(at, at+24)
	}
	return sum
}

func heated(h meter.Hour) float32 { return household(1)(h) + max(heatedBelow-outdoor(h), 0)/8 }

func TestTemperaturesHelpWhereLoadFollowsThem(t *testing.T) {
	without, with := wrong(engine(t, "UTC"), heated), wrong(outside(t, always), heated)
	require.Less(t, with, 0.9*without)
}

func TestTemperaturesDoNoHarmWhereLoadDoesNotFollowThem(t *testing.T) {
	without, with := wrong(engine(t, "UTC"), household(1)), wrong(outside(t, always), household(1))
	require.Less(t, with, 1.01*without)
}

// TestTemperaturesOfOtherTimesChangeNothing, to the bit: they tell no difference
// between the days that are compared.
func TestTemperaturesOfOtherTimesChangeNothing(t *testing.T) {
	plain := play(engine(t, "UTC"), heated)
	plain.run(midnight-70*24, midnight)
	for name, known := range map[string]func(h meter.Hour) bool{
		"none":             func(meter.Hour) bool { return false },
		"of another time":  func(h meter.Hour) bool { return h < midnight-140*24 },
		"none that differ": func(h meter.Hour) bool { return h == midnight-60*24 },
	} {
		p := play(outside(t, known), heated)
		p.run(midnight-70*24, midnight)
		require.Equal(t, plain.forecast(midnight, 24), p.forecast(midnight, 24), name)
	}
}

func TestStateWithWeatherIsRestored(t *testing.T) {
	m := outside(t, always)
	p := play(m, heated)
	p.run(midnight-70*24, midnight)
	s := p.state.(*meterState)
	require.NotZero(t, s.weather.delta)
	again := m.NewState().(*meterState)
	rest, err := again.Restore(append(s.AppendBinary(nil), 7))
	require.NoError(t, err)
	require.Equal(t, []byte{7}, rest)
	require.Equal(t, s, again)
}

// TestWeatherRegressionIsOptimal: no coordinate can be moved to gain, within what
// is allowed.
func TestWeatherRegressionIsOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var r weatherRegression
		for range rapid.IntRange(20, 40).Draw(t, "days") {
			var w weather
			var left [hoursADay]float32
			for k := range left {
				for i := range w.change[k] {
					w.change[k][i] = float32(rapid.Float64Range(-1, 1).Draw(t, "x"))
				}
				left[k] = float32(rapid.Float64Range(-1, 1).Draw(t, "e")) + w.change[k][1]/4
			}
			r.learn(&w, &left)
		}
		for i, delta := range r.delta {
			gradient := -r.moment[i] + weatherTrust*delta
			for j := range r.delta {
				low, high := min(i, j), max(i, j)
				gradient += r.square[high*(high+1)/2+low] * r.delta[j]
			}
			if delta > 0 {
				require.InDelta(t, 0, gradient, 0.02)
			} else {
				require.Zero(t, delta)
				require.Greater(t, gradient, float32(-0.02))
			}
		}
	})
}

func TestWantedHeatAndCold(t *testing.T) {
	byHour := map[meter.Hour]float32{}
	for h := range meter.Hour(48) {
		byHour[h] = 5.5
		if h >= 24 {
			byHour[h] = 32
		}
	}
	temperatures := NewTemperatures(byHour)
	heat, cool := temperatures.wanted(23)
	require.Equal(t, [2]float32{10, 0}, [2]float32{heat, cool})
	heat, cool = temperatures.wanted(47)
	require.Equal(t, [2]float32{0, 10}, [2]float32{heat, cool})
	heat, _ = temperatures.wanted(48)
	require.True(t, heat != heat, "not known")
	require.Nil(t, NewTemperatures(nil))
}
