package api

import (
	"math"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/test/ui/filled"
	"github.com/energytwin/energytwin/workloads/api/params"
)

func kpis(t *testing.T, a *api, query string) KPIs {
	t.Helper()
	return read[KPIs](t, a, "/api/v1/kpis?"+query).Data
}

func filledLedger(t *testing.T) *dsm.Ledger {
	t.Helper()
	cal, err := meter.NewCalendar(filled.Zone)
	require.NoError(t, err)
	l, err := dsm.NewLedger(filled.Twin().Processor.Policy, cal, "demo/riverside")
	require.NoError(t, err)
	return l
}

// The figures of load are those of the histories: the cost is what each meter on
// its own would have to pay.
func TestKPIsOfLoad(t *testing.T) {
	a := newTestAPI(t, nil)
	l := filledLedger(t)
	for query, history := range map[string]string{
		"":                  "groupBy=meter",
		"group=feeder-0002": "groupBy=meter&group=feeder-0002",
		"meter=home-000003": "",
	} {
		target := "/api/v1/history?step=1h&from=now-7d&" + history
		if history == "" {
			target = "/api/v1/meters/home-000003/history?step=1h&from=now-7d"
		}
		cost, kwh, fedIn := 0.0, 0.0, 0.0
		byHour := map[time.Time]float64{}
		for _, s := range read[[]Series](t, a, target).Data {
			for _, p := range s.Points {
				if p.KWh != nil {
					cost += l.Cost(meter.HourOf(p.At), *p.KWh)
					kwh += *p.KWh
					fedIn += max(-*p.KWh, 0)
					byHour[p.At] += *p.KWh
				}
			}
		}
		peak, at := 0.0, time.Time{}
		for h, v := range byHour {
			if v > peak {
				peak, at = v, h
			}
		}
		view := kpis(t, a, query)
		require.Equal(t, "GBP", view.Currency)
		require.Len(t, view.Periods, 1)
		p := view.Periods[0]
		require.Equal(t, 168, p.Hours)
		require.Equal(t, (storeEnd - 168).Time(), p.From)
		require.Equal(t, storeEnd.Time(), p.To)
		require.InEpsilon(t, kwh, *p.KWh, 1e-6, query)
		require.InEpsilon(t, cost, *p.Cost, 1e-6, query)
		require.InDelta(t, fedIn, *p.FedIn, 1e-4, query)
		require.InDelta(t, peak, *p.PeakKW, 1e-4, query)
		require.Equal(t, at, *p.PeakAt, query)
		require.InEpsilon(t, peak*168/kwh, *p.PeakToAverage, 1e-5)
		require.InEpsilon(t, kwh/168/peak, *p.LoadFactor, 1e-5)
		require.Nil(t, p.DemandCost, "the tariff has no demand charge")
		require.Nil(t, p.CO2Kg, "no intensity is known")
		require.Nil(t, p.CO2Avoided)
	}
}

// The figures of plans are those of the single decisions.
func TestKPIsOfPlans(t *testing.T) {
	a := newTestAPI(t, nil)
	var plans int64
	var promised, realised Saving
	var shifted float64
	promised.Energy, promised.Demand, realised.Energy, realised.Demand = new(float64), new(float64), new(float64), new(float64)
	for _, h := range read[[]headerAnswer](t, a, "/api/v1/decisions?meter=home-000003&action=any&from=now-28d&limit=100").Data {
		d := read[decisionAnswer](t, a, "/api/v1/decisions/"+h.ID).Data
		if d.Realised != nil {
			plans++
			*promised.Energy += float64(*d.SavingEnergy)
			*promised.Demand += float64(*d.SavingDemand)
			*realised.Energy += float64(*d.Realised.SavingEnergy)
			*realised.Demand += float64(*d.Realised.SavingDemand)
			shifted += float64(*d.Realised.KWhShifted)
		}
	}
	require.Greater(t, plans, int64(5))
	p := kpis(t, a, "meter=home-000003&from=now-28d").Periods[0]
	require.Equal(t, plans, p.Decisions)
	require.InDelta(t, *promised.Energy, *p.Promised.Energy, 1e-4)
	require.InDelta(t, *promised.Demand, *p.Promised.Demand, 1e-4)
	require.InDelta(t, *realised.Energy, *p.Realised.Energy, 1e-4)
	require.InDelta(t, *realised.Demand, *p.Realised.Demand, 1e-4)
	require.Equal(t, "simulated", *p.Method)
	require.Equal(t, plans, p.SettledDays, "a plan a day")
	require.Equal(t, p.Days, p.SettledDays)
	require.InDelta(t, shifted, *p.KWhShifted, 1e-4)

	// The share rests on the hours of the plans: here the whole days in which all
	// of them lie.
	list := read[[]headerAnswer](t, a, "/api/v1/decisions?meter=home-000003&action=any&status=past&from=now-28d&limit=100").Data
	from, to := list[len(list)-1].ValidFrom, list[0].ValidTo
	days := kpis(t, a, "meter=home-000003&from="+from.Format(time.RFC3339)+"&to="+to.Format(time.RFC3339)).Periods[0]
	require.InEpsilon(t, *realised.Energy / *days.Cost, *p.SavedShare, 1e-5)
	require.InEpsilon(t, *p.SavedShare, *days.SavedShare, 1e-9)

	cut := kpis(t, a, "meter=home-000003&from="+from.Format(time.RFC3339)+"&to="+from.Add(time.Hour).Format(time.RFC3339)).Periods[0]
	require.Equal(t, int64(1), cut.Decisions)
	require.Nil(t, cut.SavedShare, "the plan reaches beyond the period")
}

// However a range is cut, and however meters are put together, sums stay the same.
func TestKPIsAddUp(t *testing.T) {
	a := newTestAPI(t, nil)
	const span = "from=now-33d"
	whole := kpis(t, a, span).Periods[0]
	require.Greater(t, whole.Decisions, int64(100))
	add := func(periods []KPIPeriod) (hours int, sum [5]float64, peak float64) {
		for _, p := range periods {
			hours += p.Hours
			sum[0] += float64(p.Decisions)
			for i, v := range []*float64{p.KWh, p.Cost, energyOf(p.Promised), energyOf(p.Realised)} {
				if v != nil {
					sum[i+1] += *v
				}
			}
			if p.PeakKW != nil {
				peak = max(peak, *p.PeakKW)
			}
		}
		return hours, sum, peak
	}
	wantHours, want, wantPeak := add([]KPIPeriod{whole})
	same := func(periods []KPIPeriod, what string) {
		hours, got, peak := add(periods)
		require.Equal(t, wantHours, hours, what)
		require.InDelta(t, wantPeak, peak, 1e-6, what)
		for i := range want {
			require.InEpsilon(t, want[i], got[i], 1e-6, "%s, figure %d", what, i)
		}
	}
	days := kpis(t, a, span+"&by=day").Periods
	require.Len(t, days, 34, "the first and the last are cut")
	same(days, "days")
	months := kpis(t, a, span+"&by=month").Periods
	require.Len(t, months, 2)
	same(months, "months")
	for _, periods := range [][]KPIPeriod{days, months} {
		for i := 1; i < len(periods); i++ {
			require.Equal(t, periods[i-1].To, periods[i].From)
			require.Equal(t, 0, periods[i].From.Hour(), "London's winter")
		}
	}

	var sum [5]float64
	for _, g := range read[[]Group](t, a, "/api/v1/groups").Data {
		_, of, _ := add(kpis(t, a, span+"&group="+g.ID).Periods)
		for i := range sum {
			sum[i] += of[i]
		}
	}
	for i := range want {
		require.InEpsilon(t, want[i], sum[i], 1e-6, "groups, figure %d", i)
	}
}

// A local day: one of 23 hours, and midnights that the clocks skip.
func TestPeriodsFollowTheLocalCalendar(t *testing.T) {
	for name, c := range map[string]struct {
		zone, from, to, by string
		hours              []int
	}{
		"clocks go forward":    {"Europe/London", "2019-03-30T00:00:00Z", "2019-04-01T00:00:00Z", "day", []int{24, 23, 1}},
		"clocks go back":       {"Europe/London", "2019-10-26T23:00:00Z", "2019-10-28T00:00:00Z", "day", []int{25}},
		"no midnight":          {"America/Sao_Paulo", "2018-11-03T03:00:00Z", "2018-11-05T02:00:00Z", "day", []int{24, 23}},
		"midnight twice":       {"America/Havana", "2019-11-02T04:00:00Z", "2019-11-04T05:00:00Z", "day", []int{24, 25}},
		"half an hour off":     {"Asia/Kolkata", "2019-01-01T00:00:00Z", "2019-01-03T00:00:00Z", "day", []int{19, 24, 5}},
		"months":               {"Europe/London", "2019-03-30T00:00:00Z", "2019-05-02T00:00:00Z", "month", []int{47, 720, 25}},
		"one period":           {"Europe/London", "2019-03-30T05:00:00Z", "2019-03-31T06:00:00Z", "none", []int{25}},
		"a year has 12 months": {"UTC", "2019-01-01T00:00:00Z", "2020-01-01T00:00:00Z", "month", []int{744, 672, 744, 720, 744, 720, 744, 744, 720, 744, 720, 744}},
	} {
		t.Run(name, func(t *testing.T) {
			cal, err := meter.NewCalendar(c.zone)
			require.NoError(t, err)
			w, err := params.Times{Zone: time.UTC}.Range(c.from, c.to, "", "")
			require.NoError(t, err)
			s := &server{calendar: cal}
			var hours []int
			at := w.From
			for _, p := range s.periods(w, c.by, nil) {
				require.Equal(t, at, p.from)
				at = p.to
				hours = append(hours, int(p.to-p.from))
			}
			require.Equal(t, w.To, at)
			require.InDeltaSlice(t, c.hours, hours, 1, "the hour that is there twice may count for either day")
			if name != "midnight twice" {
				require.Equal(t, c.hours, hours)
			}
		})
	}
}

func TestKPIsOfADemandCharge(t *testing.T) {
	a := newTestAPI(t, func(c *config.Twin, _ *Deps) { c.Processor.Policy.Tariff.DemandCharge = 2 })
	p := kpis(t, a, "meter=home-000003").Periods[0]
	require.InDelta(t, 2**p.PeakKW, *p.DemandCost, 1e-6)
	sum := 0.0
	for _, m := range kpis(t, a, "meter=home-000003&from=now-33d&by=month").Periods {
		require.InDelta(t, 2**m.PeakKW, *m.DemandCost, 1e-6)
		sum += *m.DemandCost
	}
	require.InDelta(t, sum, *kpis(t, a, "meter=home-000003&from=now-33d").Periods[0].DemandCost, 1e-6)
	for _, query := range []string{"meter=home-000003&by=day", "group=feeder-0001", ""} {
		for _, p := range kpis(t, a, query).Periods {
			require.Nil(t, p.DemandCost, query)
			require.NotNil(t, p.Cost, query)
		}
	}
}

func TestKPIsOfEmissions(t *testing.T) {
	a := newTestAPI(t, func(c *config.Twin, _ *Deps) {
		for h := storeEnd - 168; h < storeEnd-100; h++ {
			c.Processor.Policy.Tariff.Carbon = append(c.Processor.Policy.Tariff.Carbon, dsm.Point{Unix: h.Unix(), Value: 0.25})
		}
	})
	p := kpis(t, a, "").Periods[0]
	known := kpis(t, a, "to=now-100h").Periods[0]
	require.Equal(t, 68, p.CO2Hours)
	require.InDelta(t, *known.KWh/4, *p.CO2Kg, 1e-4)
	require.Nil(t, kpis(t, a, "from=now-50h").Periods[0].CO2Kg)
}

func TestKPIsWithoutPrices(t *testing.T) {
	a := newTestAPI(t, func(c *config.Twin, _ *Deps) {
		c.Processor.PriceSeries = &config.Series{Path: filepath.Join(t.TempDir(), "nothing"), TimeColumn: "timestamp", ValueColumn: "value"}
	})
	p := kpis(t, a, "meter=home-000003").Periods[0]
	require.Nil(t, p.Cost)
	require.Nil(t, p.SavedShare)
	require.NotNil(t, p.PeakKW)
	require.NotNil(t, p.Realised)
}

// What is not known is null, never 0.
func TestKPIsOfNothing(t *testing.T) {
	for name, a := range map[string]*api{"an empty twin": newEmptyAPI(t), "a time before the first reading": newTestAPI(t, nil)} {
		query := "by=day"
		if name != "an empty twin" {
			query += "&from=2001-01-01T00:00:00Z&to=2001-01-05T00:00:00Z"
		}
		answer := read[KPIs](t, a, "/api/v1/kpis?"+query)
		require.True(t, answer.Meta.Partial)
		require.GreaterOrEqual(t, len(answer.Data.Periods), 4)
		for _, p := range answer.Data.Periods {
			require.Equal(t, KPIPeriod{From: p.From, To: p.To, Partial: true}, p, name)
		}
	}
}

// The future has no measurement, and the range of a period says so.
func TestKPIsEndWithTheTwinsNow(t *testing.T) {
	a := newTestAPI(t, nil)
	answer := read[KPIs](t, a, "/api/v1/kpis?to=now%2B3d")
	require.True(t, answer.Meta.Partial)
	require.Equal(t, 168, answer.Data.Periods[0].Hours)
	require.Equal(t, (storeEnd + 72).Time(), answer.Data.Periods[0].To)
	later := kpis(t, a, "from=now%2B1d&to=now%2B2d").Periods[0]
	require.Zero(t, later.Hours)
	require.Nil(t, later.KWh)
}

// Plans that somebody may have followed are in the measured cost already.
func TestSavedShare(t *testing.T) {
	l := filledLedger(t)
	at := func(realised, estimated float64, last meter.Hour) float64 {
		p := &period{from: storeEnd, to: storeEnd + 24, load: dsm.NewIndicators(l), during: dsm.NewIndicators(l)}
		p.plans = reader.Outcomes{Plans: 2, First: storeEnd + 6, Last: last, Realised: reader.Saving{Energy: realised}, Estimated: estimated}
		for h := range meter.Hour(24) {
			p.count(reader.MeteredHour{Hour: storeEnd + h, KWh: 10})
		}
		return p.savedShare()
	}
	cost := 0.0
	for h := range meter.Hour(18) {
		cost += l.Cost(storeEnd+6+h, 10)
	}
	require.InEpsilon(t, 5/cost, at(5, 0, storeEnd+24), 1e-9)
	require.InEpsilon(t, 5/(cost+2), at(5, 2, storeEnd+24), 1e-9)
	require.True(t, math.IsNaN(at(5, 0, storeEnd+25)))
}

// energyOf is a saving on energy, nil where there is none.
func energyOf(s *Saving) *float64 {
	if s == nil {
		return nil
	}
	return s.Energy
}
