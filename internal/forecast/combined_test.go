package forecast

import (
	"math"
	"runtime"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

func engine(t testing.TB, zone string) *Combined {
	t.Helper()
	cal, err := meter.NewCalendar(zone)
	require.NoError(t, err)
	return engineAt(t, cal, meter.IssueTime{})
}

func engineAt(t testing.TB, cal *meter.Calendar, at meter.IssueTime) *Combined {
	t.Helper()
	given, err := Shipped()
	require.NoError(t, err)
	return NewCombined(cal, at, given, nil)
}

// household is a made-up load: a weekly and a daily pattern, and noise.
func household(seed uint32) func(h meter.Hour) float32 {
	return func(h meter.Hour) float32 {
		hour := float64(h % 24)
		evening := math.Exp(-(hour - 19) * (hour - 19) / 8)
		weekend := 1.0
		if (h/24)%7 < 2 {
			weekend = 1.3
		}
		return float32(weekend*(0.2+evening)) * (0.7 + 0.6*hash(h*7+meter.Hour(seed)))
	}
}

// player feeds a meter hour by hour, as the processor does.
type player struct {
	model *Combined
	w     *window.Window
	state State
	load  func(h meter.Hour) float32 // NaN is a gap
}

func play(m *Combined, load func(h meter.Hour) float32) *player {
	return &player{model: m, w: window.New(HoursNeeded + 24), state: m.NewState(), load: load}
}

func (p *player) run(from, to meter.Hour) {
	for h := from; h < to; h++ {
		if v := p.load(h); v == v {
			p.w.Put(h, v)
		}
		p.state.Advance(p.w, h)
	}
}

func (p *player) forecast(at meter.Hour, slots int) Quantiles {
	q := Quantiles{P10: make([]float32, slots), P50: make([]float32, slots), P90: make([]float32, slots)}
	p.state.Forecast(p.w, at, q)
	return q
}

const midnight meter.Hour = 429_984 // 2019-01-20T00:00Z

func TestCombinedFollowsAPattern(t *testing.T) {
	steady := func(h meter.Hour) float32 { return 1 + float32(h%24)/10 + float32((h/24)%7)/10 }
	p := play(engine(t, "UTC"), steady)
	p.run(midnight-70*24, midnight)
	q := p.forecast(midnight, 24)
	for i, v := range q.P50 {
		require.InDelta(t, steady(midnight+meter.Hour(i)), v, 0.05, "hour %d", i)
	}
}

func TestCombinedBeatsLastWeekOnNoise(t *testing.T) {
	load := household(1)
	p := play(engine(t, "UTC"), load)
	at := midnight - 60*24
	p.run(at-60*24, at)
	var ours, naive float64
	for ; at < midnight; at += 24 {
		q := p.forecast(at, 24)
		for i, v := range q.P50 {
			h := at + meter.Hour(i)
			ours += math.Abs(float64(load(h) - v))
			naive += math.Abs(float64(load(h) - load(h-168)))
		}
		p.run(at, at+24)
	}
	require.Less(t, ours/naive, 0.85)
}

// TestCombinedIntervalIsOrderedAndNotNegative, whatever the load and its gaps.
func TestCombinedIntervalIsOrderedAndNotNegative(t *testing.T) {
	m := engine(t, "Europe/London")
	rapid.Check(t, func(t *rapid.T) {
		least := rapid.SampledFrom([]float32{0, 0, -1}).Draw(t, "least")
		gap := rapid.IntRange(2, 200).Draw(t, "gap every")
		size := rapid.SampledFrom([]float32{0, 1e-6, 1, 1e5}).Draw(t, "size")
		days := rapid.IntRange(1, 80).Draw(t, "days")
		p := play(m, func(h meter.Hour) float32 {
			if int(hash(h*3)*10_000)%gap == 0 {
				return nan()
			}
			return size * max(2*hash(h)-1, least)
		})
		p.run(midnight-meter.Hour(24*days), midnight)
		q := p.forecast(midnight, 24)
		for i, v := range q.P50 {
			if v != v {
				require.Less(t, days, 5, "a few days are enough for a forecast")
				continue
			}
			require.LessOrEqual(t, q.P10[i], v)
			require.LessOrEqual(t, v, q.P90[i])
			require.False(t, math.IsInf(float64(q.P90[i]), 0))
			if least == 0 {
				require.GreaterOrEqual(t, q.P10[i], float32(0))
			}
		}
	})
}

func TestCombinedStartsWithinDays(t *testing.T) {
	load := household(2)
	p := play(engine(t, "UTC"), load)
	p.run(midnight, midnight+20)
	require.True(t, math.IsNaN(float64(p.forecast(midnight+20, 4).P50[0])), "20 hours say too little")
	p.run(midnight+20, midnight+72)
	for i, v := range p.forecast(midnight+72, 24).P50 {
		require.InDelta(t, load(midnight+meter.Hour(i)), v, 0.8, "after three days, hour %d", i)
	}
}

func TestCombinedIsSilentAboutASilentMeter(t *testing.T) {
	p := play(engine(t, "UTC"), household(3))
	p.run(midnight-60*24, midnight)
	p.load = func(meter.Hour) float32 { return nan() }
	p.run(midnight, midnight+13*24)
	require.False(t, math.IsNaN(float64(p.forecast(midnight+13*24, 24).P50[0])))
	p.run(midnight+13*24, midnight+15*24)
	require.True(t, math.IsNaN(float64(p.forecast(midnight+15*24, 24).P50[0])))
}

// TestCombinedLearnsNothingFromGaps: a day without readings leaves what was
// learned about the meter as it was, but for time's fading.
func TestCombinedLearnsNothingFromGaps(t *testing.T) {
	p := play(engine(t, "UTC"), household(4))
	p.run(midnight-80*24, midnight)
	before := *p.state.(*meterState)
	p.load = func(meter.Hour) float32 { return nan() }
	p.run(midnight, midnight+24)
	after := p.state.(*meterState)
	require.Equal(t, before.regression, after.regression)
	require.Equal(t, before.weights, after.weights)
	require.Equal(t, before.spread, after.spread)
}

// TestCombinedForecastsDaysOfAnyLength where clocks change: 23, 24 and 25 hours.
func TestCombinedForecastsDaysOfAnyLength(t *testing.T) {
	m := engine(t, "Europe/London")
	byClock := func(h meter.Hour) float32 { return 1 + float32(m.cal.Local(h).Hour())/4 }
	for _, day := range []string{"2019-03-31 00:00", "2019-04-01 00:00", "2019-10-27 00:00", "2019-10-28 00:00", "2019-11-02 00:00"} {
		d := daysOf(t, "Europe/London", day)
		p := play(m, byClock)
		p.run(d.issue-70*24, d.issue)
		for i, v := range p.forecast(d.issue, d.at(0).hours).P50 {
			require.InDelta(t, byClock(d.issue+meter.Hour(i)), v, 0.1, "%s, hour %d", day, i)
		}
	}
}

// TestCombinedSeesOnlyThePast: readings from the issue on change nothing.
func TestCombinedSeesOnlyThePast(t *testing.T) {
	m := engine(t, "UTC")
	early := play(m, household(5))
	early.run(midnight-70*24, midnight)
	want := bitsOf(early.forecast(midnight, 24))
	early.w.Put(midnight, 1000)
	early.w.Put(midnight+5, 1000)
	require.Equal(t, want, bitsOf(early.forecast(midnight, 24)))
	fresh := m.NewState()
	q := early.forecast(midnight, 24)
	fresh.Forecast(early.w, midnight, q)
	require.Less(t, q.P50[0], float32(100))
}

// TestCombinedStateIsRestoredToTheBit: a state that was saved and restored on
// the way leads to the same bytes as one that was not.
func TestCombinedStateIsRestoredToTheBit(t *testing.T) {
	m := engine(t, "Europe/London")
	rapid.Check(t, func(t *rapid.T) {
		load := household(rapid.Uint32().Draw(t, "seed"))
		gap := rapid.IntRange(2, 100).Draw(t, "gap every")
		holes := func(h meter.Hour) float32 {
			if int(hash(h*5)*10_000)%gap == 0 {
				return nan()
			}
			return load(h)
		}
		start := midnight - 40*24
		whole, halves := play(m, holes), play(m, holes)
		stop := start + meter.Hour(rapid.IntRange(0, 40*24).Draw(t, "stop"))
		whole.run(start, midnight)
		halves.run(start, stop)
		saved := halves.state.AppendBinary([]byte("before"))[len("before"):]
		halves.state = m.NewState()
		rest, err := halves.state.Restore(append(saved, "after"...))
		require.NoError(t, err)
		require.Equal(t, "after", string(rest))
		halves.run(stop, midnight)
		require.Equal(t, whole.state.AppendBinary(nil), halves.state.AppendBinary(nil))
		require.Equal(t, bitsOf(whole.forecast(midnight, 24)), bitsOf(halves.forecast(midnight, 24)))
	})
}

func TestCombinedRefusesWhatIsNoState(t *testing.T) {
	s := engine(t, "UTC").NewState()
	saved := s.AppendBinary(nil)
	require.Len(t, saved, stateSize)
	_, err := s.Restore(saved[:len(saved)-1])
	require.ErrorIs(t, err, errState)
	saved[4+4*(triangle+2*regressors)+4*(weatherTriangle+2*weatherFeatures)+4*blocks*experts+spreadDays*hoursADay] = spreadDays
	_, err = s.Restore(saved)
	require.ErrorIs(t, err, errState)
}

func TestCombinedAllocatesNothing(t *testing.T) {
	p := play(engine(t, "Europe/London"), household(6))
	p.run(midnight-70*24, midnight)
	q := p.forecast(midnight, 24)
	h := midnight
	require.Zero(t, testing.AllocsPerRun(22, func() { // less than a day: the calendar of a new day is made once for all meters
		p.w.Put(h, 1)
		p.state.Advance(p.w, h)
		p.state.Forecast(p.w, midnight, q)
		h++
	}))
	s := p.state.(*meterState)
	require.Zero(t, testing.AllocsPerRun(20, func() { s.turn(p.w, midnight, true, Quantiles{}) }))
}

func TestCoefficientsRoundTrip(t *testing.T) {
	c, err := Shipped()
	require.NoError(t, err)
	require.NotEmpty(t, c.Forest)
	again, err := DecodeCoefficients(c.Encode())
	require.NoError(t, err)
	require.Equal(t, c, again)
	_, err = DecodeCoefficients(c.Encode()[:100])
	require.ErrorIs(t, err, errCoefficients)
	_, err = DecodeCoefficients(append(c.Encode(), 0))
	require.ErrorIs(t, err, errCoefficients)
}

// States of many meters leave little unused at the end of their memory, and each is
// that of a meter of which nothing is known.
func TestStatesFillTheirMemory(t *testing.T) {
	const pages = 5 * 8192
	one := int(unsafe.Sizeof(meterState{}))
	require.Equal(t, statesAtOnce, pages/one)
	require.Less(t, pages%one, one/4)
	m := engine(t, "UTC")
	want := m.NewState().AppendBinary(nil)
	var states States
	seen := map[State]bool{}
	for range 2*statesAtOnce + 1 {
		s := states.New(m)
		require.False(t, seen[s])
		require.Equal(t, want, s.AppendBinary(nil))
		seen[s] = true
	}
}

// What an issue time means is computed again, and is the same, once its memory was given up.
func TestDaysAreGivenUp(t *testing.T) {
	m := engine(t, "UTC")
	before := *m.daysAt(midnight)
	runtime.GC()
	require.Nil(t, m.days[placeOf(midnight)].Load().Value(), "nobody uses it")
	again := m.daysAt(midnight)
	require.Equal(t, before, *again)
	runtime.GC()
	require.Same(t, again, m.daysAt(midnight), "it is in use")
}
