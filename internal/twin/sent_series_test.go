package twin

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

func TestSentSeriesGoBeforeFilesAndTariff(t *testing.T) {
	s := testSettings()
	from := s.From
	s.Policy.Tariff.Series = []dsm.Point{{Unix: from.Unix(), Value: 1}, {Unix: (from + 1).Unix(), Value: 2}}
	s.Temperatures = forecast.NewTemperatures(map[meter.Hour]float32{from: 5})
	base := testRules(t, s)
	log := &SeriesLog{}
	log.Add([]SeriesRevision{
		{Number: 1, Series: SeriesPrice, Currency: "GBP", Hours: []meter.Hour{from + 1, from + 2}, Values: []float64{.7, .8}},
		{Number: 2, Series: SeriesPrice, Currency: "EUR", Hours: []meter.Hour{from}, Values: []float64{9}},
		{Number: 3, Series: SeriesTemperature, Hours: []meter.Hour{from + 1}, Values: []float64{6}},
		{Number: 4, Series: SeriesPrice, Currency: "GBP", Hours: []meter.Hour{from + 1, from + 2}, Values: []float64{math.NaN(), .9}},
		{Number: 5, Series: SeriesCarbon, Hours: []meter.Hour{from}, Values: []float64{.3}},
	})
	log.Add([]SeriesRevision{{Number: 3, Series: SeriesPrice, Hours: []meter.Hour{from}, Values: []float64{100}}})
	require.EqualValues(t, 5, log.Newest(), "what is there already is passed over")
	require.Equal(t, []int64{4, 5}, log.After(3))

	rules := func(revision int64) *Rules {
		r, err := log.Rules(base, revision)
		require.NoError(t, err)
		require.EqualValues(t, revision, r.Series)
		return r
	}
	prices := func(r *Rules) (out [3]float64) {
		for i := range out {
			rates := r.Ledger().At(from + meter.Hour(i))
			out[i] = rates.Price()
		}
		return out
	}
	night := prices(base)[2]
	require.Same(t, base, rules(0))
	require.Equal(t, [3]float64{1, .7, .8}, prices(rules(1)))
	second, third := rules(2), rules(3)
	require.Equal(t, [3]float64{1, .7, .8}, prices(second), "a price in another currency does not count")
	require.Same(t, base.model, second.model)
	require.NotSame(t, base.model, third.model)
	require.Equal(t, forecast.NewTemperatures(map[meter.Hour]float32{from: 5, from + 1: 6}), third.Temperatures)
	require.Equal(t, [3]float64{1, 2, .9}, prices(rules(4)), "what is withdrawn is that of the file again")
	require.Same(t, third.model, rules(4).model, "a price leaves the model alone")
	rates := rules(5).Ledger().At(from)
	require.InDelta(t, .3, rates.Carbon(), 1e-12)
	require.Same(t, rules(5), rules(5))
	require.Equal(t, [3]float64{1, .7, .8}, prices(rules(1)), "an earlier revision is as it was")
	require.NotEqual(t, night, .8)
	_, err := log.Rules(base, 6)
	require.ErrorContains(t, err, "revision 6 is not stored")

	weather, err := log.Only(SeriesTemperature).Rules(base, 5)
	require.NoError(t, err)
	require.Equal(t, prices(base), prices(weather))
	require.Equal(t, third.Temperatures, weather.Temperatures)
	v, sent := log.Sent(4).Value(SeriesPrice, from+2)
	require.True(t, sent)
	require.Equal(t, SentValue{Value: .9, Currency: "GBP", Revision: 4}, v)
	require.True(t, base.SharesForecasts(rules(2)), "prices change no forecast")
	require.False(t, base.SharesForecasts(rules(3)))
}

// Rules that share a model, and those that have one of their own with the same
// temperatures, lead to the same effects.
func TestSentSeriesAreTheSameHoweverTheyAreMade(t *testing.T) {
	revisions := func() *SeriesLog {
		log := &SeriesLog{}
		from := testSettings().From
		for n := int64(1); n <= 6; n++ {
			r := SeriesRevision{Number: n, Series: SeriesPrice, Currency: "GBP"}
			if n%3 == 1 {
				r.Series, r.Currency = SeriesTemperature, ""
			}
			for h := range 40 * meter.HoursPerDay {
				r.Hours, r.Values = append(r.Hours, from+meter.Hour(h)), append(r.Values, float64((h*int(n)+5*int(n))%24)/20)
			}
			log.Add([]SeriesRevision{r})
		}
		return log
	}
	run := func(rulesOf func(base *Rules, n int64) *Rules) (out []Decision) {
		base := testRules(t, testSettings())
		p := New(0, base)
		var fx Effects
		m := p.Register(MeterRef{MeterKey: MeterKey{Name: "a"}, MeterNo: 1})
		for h := range 30 * meter.HoursPerDay {
			if h%96 == 50 {
				p.SwitchTo(rulesOf(base, min(int64(h/96), 6)))
			}
			p.Begin(&fx)
			p.Accept(Reading{Meter: m, Hour: base.From + meter.Hour(h), KWh: .1 + float32(h*3%24)/10}, int64(h), &fx)
			p.Finish(&fx)
			for _, d := range fx.Decisions {
				d.Superseded = nil
				out = append(out, d)
			}
		}
		return out
	}
	shared := revisions()
	want := run(func(base *Rules, n int64) *Rules {
		r, err := shared.Rules(base, n)
		require.NoError(t, err)
		return r
	})
	require.NotEmpty(t, want)
	got := run(func(base *Rules, n int64) *Rules {
		r, err := revisions().Rules(base, n)
		require.NoError(t, err)
		return r
	})
	require.Len(t, got, len(want))
	for i := range want {
		require.Equal(t, want[i].ID, got[i].ID)
		require.Equal(t, want[i].Plan, got[i].Plan)
		require.Equal(t, want[i].SavingEnergy, got[i].SavingEnergy)
	}
}
