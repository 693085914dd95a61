package backtest

import (
	"bytes"
	"encoding/json"
	"math"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/synth"
	"github.com/energytwin/energytwin/internal/twin"
)

func london(t testing.TB) *meter.Calendar {
	t.Helper()
	cal, err := meter.NewCalendar("Europe/London")
	require.NoError(t, err)
	return cal
}

func options(t testing.TB, cal *meter.Calendar) Options {
	t.Helper()
	rules, err := RulesOf(twin.Settings{Timezone: cal.Location().String()})
	require.NoError(t, err)
	return Options{Calendar: cal, From: meter.NoHour, To: meter.NoHour, RulesOf: func(string) *twin.Rules { return rules }}
}

// homes are made up, from January on.
func homes(t testing.TB, n int) []*Series {
	t.Helper()
	src, err := synth.New(synth.Options{Meters: n, Seed: 3, Year: 2019, Zone: "Europe/London"})
	require.NoError(t, err)
	byName, err := Collect(src)
	require.NoError(t, err)
	require.NoError(t, src.Close())
	var all []*Series
	for _, m := range src.Info().Meters {
		s := byName[m.Name]
		s.KWh = s.KWh[:24*170] // until June, a change of the clocks included
		all = append(all, s)
	}
	return all
}

func TestSeriesKeepsGaps(t *testing.T) {
	var s Series
	s.Put(100, 1)
	s.Put(103, 4)
	s.Put(103, 5)
	require.Equal(t, meter.Hour(104), s.End())
	require.Equal(t, float32(5), s.At(103))
	s.Put(97, 9)
	require.Equal(t, float32(9), s.At(97), "hours come in any order")
	require.Equal(t, float32(1), s.At(100))
	for _, h := range []meter.Hour{98, 99, 101, 102, 104} {
		require.True(t, math.IsNaN(float64(s.At(h))), "%d", h)
	}
}

// TestScoreFollowsItsDefinitions, on figures small enough to check by hand.
func TestScoreFollowsItsDefinitions(t *testing.T) {
	cal := london(t)
	origin := meter.HourOf(cal.Local(430_000).Truncate(24 * 3600e9))
	s := &Series{}
	for h := origin - 168; h < origin+4; h++ {
		s.Put(h, 10)
	}
	s.KWh[len(s.KWh)-1] = float32(math.NaN()) // hour 3 has no actual value
	s.KWh[2] = float32(math.NaN())            // hour 2 has none a week before
	s.Put(origin, 12)                         // naive is off by 2
	s.Put(origin+1, 6)                        // and by 4
	d := &day{origin: origin, hours: 4, today: 4, scored: 4, dayAhead: true}
	d.repeat(naiveWeek, s, 168)
	for m := range d.path {
		if m != naiveWeek {
			d.path[m] = [maxLead]float32{11, 8, 1000, 1000}
		}
	}
	d.path[ridge][1] = float32(math.NaN()) // has nothing to say: the naive stands in
	d.low, d.high = [maxLead]float32{0, 7}, [maxLead]float32{20, 20}

	c := &score{name: "m", history: 2}
	c.take(s, cal, d)
	c.decide(s, origin, origin+2)
	require.Empty(t, c.out)
	require.Equal(t, 2, c.hours)
	require.Equal(t, 6.0, c.wrong[naiveWeek])
	require.Equal(t, 3.0, c.wrong[combined])
	require.Equal(t, 5.0, c.wrong[ridge])
	require.Equal(t, 1, c.substituted[ridge])

	r := newReport([]*score{c, {name: "x", out: Flat}, {name: "y", out: TooManyGaps}}, ptr(options(t, cal)))
	require.Equal(t, []LeftOut{{Meter: "x", Reason: Flat}, {Meter: "y", Reason: TooManyGaps}}, r.LeftOut)
	ours := r.Models[combined]
	require.InDelta(t, 0.5, ours.RelMAE, 1e-12)
	require.InDelta(t, 1.5/2, ours.MASE, 1e-12)
	require.InDelta(t, 3.0/18, ours.WAPE, 1e-12)
	require.InDelta(t, math.Sqrt(2.5)/9, ours.NRMSE, 1e-12)
	require.InDelta(t, 0.5, *ours.Coverage80, 1e-12, "12 lies within 0 to 20, 6 below 7")
	require.InDelta(t, 0.5, ours.ByLead[0], 1e-12)
	require.InDelta(t, 0.5, ours.ByLead[1], 1e-12)
}

func ptr[T any](v T) *T { return &v }

func TestRunIsBetterThanLastWeekAndTheSameEachTime(t *testing.T) {
	cal := london(t)
	all := homes(t, 6)
	gaps := &Series{Meter: "gaps", From: all[0].From, KWh: append([]float32{}, all[0].KWh...)}
	for i := range gaps.KWh {
		if i%5 == 0 {
			gaps.KWh[i] = float32(math.NaN())
		}
	}
	constant := &Series{Meter: "flat", From: all[0].From, KWh: make([]float32, len(all[0].KWh))}
	short := &Series{Meter: "short", From: all[0].From, KWh: all[0].KWh[:30]}
	all = append(all, gaps, constant, short, &Series{Meter: "empty"})

	o := options(t, cal)
	first, err := Run(t.Context(), all, o)
	require.NoError(t, err)
	require.Equal(t, 6, first.Meters)
	require.Equal(t, 60, first.Days)
	require.Equal(t, []LeftOut{
		{"gaps", TooManyGaps, first.LeftOut[0].Detail}, {"flat", Flat, first.LeftOut[1].Detail},
		{"short", TooShort, first.LeftOut[2].Detail}, {"empty", NoReadings, first.LeftOut[3].Detail},
	}, first.LeftOut)
	require.Contains(t, first.LeftOut[0].Detail, "20.0 % of the hours")
	require.Equal(t, "combined", first.Models[0].Name)
	require.Less(t, first.Models[combined].RelMAE, 0.9)
	require.Equal(t, 1.0, first.Models[naiveWeek].RelMAE)
	for m := range methods {
		require.Zero(t, first.Models[m].Substituted, first.Models[m].Name)
	}

	var reported atomic.Int64
	o = options(t, cal)
	o.Progress = func(int) { reported.Add(1) }
	second, err := Run(t.Context(), all, o)
	require.NoError(t, err)
	require.Equal(t, first, second)
	require.EqualValues(t, len(all), reported.Load())
}

func TestRunSaysWhenThereIsNothing(t *testing.T) {
	r, err := Run(t.Context(), []*Series{{Meter: "a", From: 430_000, KWh: make([]float32, 2000)}}, options(t, london(t)))
	require.ErrorIs(t, err, ErrNothing)
	require.ErrorContains(t, err, "1 flat")
	require.Equal(t, "a", r.LeftOut[0].Meter)
}

// TestValueOfKnowingTheDayIsAll: a forecast that is right captures all, and one
// that is wrong no more than that.
func TestValueOfKnowingTheDayIsAll(t *testing.T) {
	cal := london(t)
	s := homes(t, 1)[0]
	var tariff dsm.Tariff
	tariff.Currency = "GBP"
	for h := s.From; h < s.End(); h++ {
		tariff.Series = append(tariff.Series, dsm.Point{Unix: h.Unix(), Value: 0.2 + 0.1*math.Sin(float64(h)/3)})
	}
	policy := dsm.Policy{
		Objective: dsm.Objective{Cost: 1}, Tariff: tariff,
		Flexibility: dsm.Flexibility{ShiftableShare: 0.2, MaxIncrease: 0.3},
	}
	v, err := NewValue(policy, cal)
	require.NoError(t, err)
	c := &score{}
	d := &day{origin: s.From + 24*100, hours: 24, today: 24}
	d.repeat(naiveWeek, s, 168)
	d.repeat(naiveDay, s, 24)
	for i := range d.hours {
		d.path[combined][i] = s.At(d.origin + meter.Hour(i))
	}
	d.low, d.high = d.path[combined], d.path[combined]
	b := v.batteryOf(s, d.origin)
	require.NotNil(t, b)
	v.take(c, b, s, d)
	require.Equal(t, 1, c.prices.days)
	require.InDelta(t, c.prices.perfect, c.prices.combined, 1e-6)
	require.InDelta(t, c.peaks.perfect, c.peaks.combined, 1e-5)
	require.Positive(t, c.prices.perfect)
	require.Positive(t, c.peaks.perfect)
	require.Equal(t, 1, c.batteries.days)
	require.Positive(t, c.batteries.perfect)
	require.InDelta(t, c.batteries.perfect, c.batteries.combined, 1e-9)
	for _, g := range []gains{c.prices, c.peaks, c.batteries} {
		require.LessOrEqual(t, g.naive1, g.perfect+1e-6)
		require.LessOrEqual(t, g.naive24, g.perfect+1e-6)
	}
}

// TestDaysArePlannedOnTheWholeForecast: what is planned rests on the quantiles too, as in a
// twin; the references have none.
func TestDaysArePlannedOnTheWholeForecast(t *testing.T) {
	cal := london(t)
	v, err := NewValue(dsm.Policy{
		Objective: dsm.Objective{Cost: 1}, Tariff: dsm.Tariff{
			Currency: "GBP", Default: 0.3,
			Periods: []dsm.Period{{Name: "night", Days: "All", Start: "00:00", End: "06:00", Price: 0.1}},
		},
		Flexibility: dsm.Flexibility{ShiftableShare: 0.2, MaxIncrease: 0.9},
	}, cal)
	require.NoError(t, err)
	d := &day{origin: 430_008, hours: 24, today: 24}
	for h := range d.today {
		d.path[combined][h], d.path[naiveWeek][h] = 2, 2
		d.low[h], d.high[h] = 1.5, 5
	}
	moved := func(method int) (sum float64) {
		for _, change := range planDay(v.hourly, d, d.quantiles(method)) {
			sum += max(-float64(change), 0)
		}
		return sum
	}
	require.InDelta(t, 0.2*2*18, moved(naiveWeek), 1e-3)
	expected := dsm.ExpectedLoad(d.quantiles(combined), d.today)
	require.Greater(t, expected[12], 2.5)
	require.Greater(t, moved(combined), 0.2*2.5*18)
}

func TestReportIsOneFileAndItsJSONHasTheFields(t *testing.T) {
	all := homes(t, 2)
	o := options(t, london(t))
	r, err := Run(t.Context(), all, o)
	require.NoError(t, err)
	var page bytes.Buffer
	require.NoError(t, r.WriteHTML(&page))
	html := page.String()
	require.NotRegexp(t, regexp.MustCompile(`(?i)(src|href)=|@import|url\(`), html, "nothing is loaded from elsewhere")
	require.Contains(t, html, "home-000001")
	require.Equal(t, 10+3, strings.Count(html, "<polyline"), "two charts of five methods, three of coverage")
	require.NotContains(t, html, "NaN")

	doc, err := json.Marshal(r)
	require.NoError(t, err)
	var fields map[string]any
	require.NoError(t, json.Unmarshal(doc, &fields))
	for _, name := range []string{"meters", "days", "models", "captured", "seconds"} {
		require.Contains(t, fields, name)
	}
	first := fields["models"].([]any)[0].(map[string]any)
	for _, name := range []string{"name", "relMAE", "mase", "wape", "nrmse", "coverage80"} {
		require.Contains(t, first, name)
	}
}
