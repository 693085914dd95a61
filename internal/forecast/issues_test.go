package forecast

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/meter"
)

// TestForecastsOfAnyIssueFollowAPattern for two days, whatever the hour of the issue and
// whether clocks change on the way.
func TestForecastsOfAnyIssueFollowAPattern(t *testing.T) {
	m := engine(t, "Europe/London")
	byClock := func(h meter.Hour) float32 {
		at := m.cal.Local(h)
		return 1 + float32(at.Hour())/4 + float32(at.Weekday())/2
	}
	for _, day := range []string{"2019-03-30 00:00", "2019-03-31 00:00", "2019-10-26 00:00", "2019-10-27 00:00", "2019-10-28 00:00", "2019-11-20 00:00"} {
		from := daysOf(t, "Europe/London", day).issue
		p := play(m, byClock)
		p.run(from-90*24, from)
		for issue := from; issue < from+26; issue++ {
			d := m.daysAt(issue)
			for i, v := range p.forecast(issue, d.at(dayAhead).hours+d.at(secondDay).hours).P50 {
				h := issue + meter.Hour(i)
				require.InDelta(t, byClock(h), v, 0.5, "%s, issue %s, hour %d", day, m.cal.Local(issue), i)
			}
			p.run(issue, issue+1)
		}
	}
}

// TestForecastsBetweenIssuesChangeNothing: a state that served forecasts of any hour and
// length learns as one that served none.
func TestForecastsBetweenIssuesChangeNothing(t *testing.T) {
	m := engine(t, "Europe/London")
	rapid.Check(t, func(t *rapid.T) {
		load := household(rapid.Uint32().Draw(t, "seed"))
		quiet, busy := play(m, load), play(m, load)
		from := midnight - 40*24
		quiet.run(from, midnight)
		for h := from; h < midnight; h++ {
			busy.run(h, h+1)
			if rapid.IntRange(0, 20).Draw(t, "issue") == 0 {
				busy.forecast(h+1, rapid.IntRange(0, MaxHorizon).Draw(t, "hours"))
			}
		}
		require.Equal(t, quiet.state.AppendBinary(nil), busy.state.AppendBinary(nil))
	})
}

// TestALongerForecastBeginsAsTheShorterOne, and repeats itself beyond the second day.
func TestALongerForecastBeginsAsTheShorterOne(t *testing.T) {
	p := play(engine(t, "Europe/London"), household(7))
	p.run(midnight-70*24, midnight+5)
	for _, issue := range []meter.Hour{midnight, midnight + 5} {
		long := p.forecast(issue, 51)
		for _, n := range []int{0, 1, 6, 24, 25, 48} {
			require.Equal(t, bitsOf(long.slice(0, n)), bitsOf(p.forecast(issue, n)), "%d hours", n)
		}
		for i := range 48 {
			require.False(t, math.IsNaN(float64(long.P50[i])), "hour %d", i)
			require.LessOrEqual(t, long.P10[i], long.P50[i])
			require.LessOrEqual(t, long.P50[i], long.P90[i])
		}
		require.Equal(t, long.P50[24:27], long.P50[48:51])
	}
}

// TestAForecastBetweenIssuesUsesTheNewestReadings: a load that has doubled is forecast
// higher at once.
func TestAForecastBetweenIssuesUsesTheNewestReadings(t *testing.T) {
	p := play(engine(t, "UTC"), household(8))
	p.run(midnight-70*24, midnight)
	before := p.forecast(midnight, 24)
	p.load = func(h meter.Hour) float32 { return 4 + 2*household(8)(h) }
	p.run(midnight, midnight+12)
	after := p.forecast(midnight+12, 24)
	for i := range 4 {
		require.Greater(t, after.P50[i], 1.3*before.P50[12+i], "hour %d", 12+i)
	}
}

func TestForecastsBetweenIssuesAllocateNothing(t *testing.T) {
	p := play(engine(t, "Europe/London"), household(9))
	p.run(midnight-70*24, midnight+7)
	q := p.forecast(midnight+7, 48)
	require.Zero(t, testing.AllocsPerRun(20, func() { p.state.Forecast(p.w, midnight+7, q) }))
	require.Zero(t, testing.AllocsPerRun(20, func() { p.state.Forecast(p.w, midnight, q) }))
}

// What was forecast before, for whichever meter, leaves no trace in a forecast.
func TestForecastsDoNotDependOnOthers(t *testing.T) {
	shared := engine(t, "Europe/London")
	var players []*player
	for seed := range uint32(3) {
		load, gaps := household(seed), seed == 2
		players = append(players, play(shared, func(h meter.Hour) float32 {
			if gaps && hash(h) < .3 {
				return nan()
			}
			return load(h)
		}))
	}
	alone := make([]*player, len(players))
	for i, p := range players {
		alone[i] = play(engine(t, "Europe/London"), p.load)
	}
	from := midnight - 62*24
	for h := from; h < midnight+40; h++ {
		for i := range players {
			players[i].run(h, h+1)
			alone[i].run(h, h+1)
		}
		if h < midnight-5*24 && h%113 != 0 {
			continue
		}
		for i, p := range players {
			fresh := play(engine(t, "Europe/London"), p.load)
			fresh.w = p.w
			_, err := fresh.state.Restore(p.state.AppendBinary(nil))
			require.NoError(t, err)
			want := bitsOf(fresh.forecast(h+1, 49))
			require.Equal(t, want, bitsOf(p.forecast(h+1, 49)), "meter %d, hour %d, among others", i, h+1-midnight)
			require.Equal(t, want, bitsOf(alone[i].forecast(h+1, 49)), "meter %d, hour %d, alone", i, h+1-midnight)
		}
	}
}

// A forecast that ends sooner is the beginning of the one that does not, and it is the
// same whether the model is advanced at once with it or before.
func TestForecastsOfAnyLengthAgree(t *testing.T) {
	for _, zone := range []string{"Europe/London", "UTC"} {
		m := engine(t, zone)
		for seed := range uint32(2) {
			p := play(m, household(seed))
			p.run(midnight-62*24, midnight-3*24-1)
			for h := midnight - 3*24 - 1; h < midnight+24; h++ {
				p.w.Put(h, p.load(h))
				var other meterState
				before := p.state.AppendBinary(nil)
				p.state.Advance(p.w, h)
				whole := p.forecast(h+1, MaxHorizon)
				for _, hours := range []int{24, 25, 30, 31, 32, 33, 40, 48, 49} {
					other = meterState{model: m}
					_, err := other.Restore(before)
					require.NoError(t, err)
					q := Quantiles{P10: make([]float32, hours), P50: make([]float32, hours), P90: make([]float32, hours)}
					other.AdvanceAndForecast(p.w, h, q)
					require.Equal(t, bitsOf(whole.slice(0, hours)), bitsOf(q), "%d hours, hour %d", hours, h+1-midnight)
				}
				require.Equal(t, p.state.AppendBinary(nil), other.AppendBinary(nil))
			}
		}
	}
}
