package api

import (
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
)

// The load of a meter is what its history, forecasts, decisions and the prices say.
func TestLoadOfAMeter(t *testing.T) {
	a := newTestAPI(t, nil)
	const path = "/api/v1/meters/home-000001"
	load := read[MeterLoad](t, a, path+"/load")
	require.Len(t, load.Data.Points, 73)
	require.True(t, load.Meta.Partial)
	require.Equal(t, "feeder-0001", *load.Data.Group)
	history := read[[]Series](t, a, path+"/history?step=1h&from=now-48h").Data[0].Points
	newest := read[[]Forecast](t, a, path+"/forecasts?issuedAt=now").Data[0]
	prices := read[Prices](t, a, "/api/v1/prices?from=now-48h&to=now%2B25h").Data.Points
	plans := map[time.Time]float32{}
	for _, d := range read[[]headerAnswer](t, a, "/api/v1/decisions?from=now-5d&meter=home-000001&limit=100").Data {
		plan := read[Decision](t, a, "/api/v1/decisions/"+d.ID).Data.Plan
		for _, p := range plan {
			if p.At.Before(d.HeldTo) {
				plans[p.At] = *p.KWh
			}
		}
	}
	planned := 0
	for i, p := range load.Data.Points {
		require.Equal(t, (storeEnd - 48 + meter.Hour(i)).Time(), p.At)
		require.Equal(t, prices[i].Rate, p.Rate)
		require.NotNil(t, p.Price)
		if i < 48 {
			require.Equal(t, history[i].KWh, p.Actual)
		} else {
			require.Nil(t, p.Actual)
		}
		if change, there := plans[p.At]; there {
			planned++
			require.InDelta(t, change, *p.Change, 1e-5)
			require.InDelta(t, *p.P50+*p.Change, *p.Planned, 1e-5)
		} else {
			require.Nil(t, p.Change)
		}
	}
	require.Greater(t, planned, 40)
	for _, f := range newest.Points {
		i := int(meter.HourOf(f.At) - (storeEnd - 48))
		if i >= 0 && i < len(load.Data.Points) && f.P50 != nil {
			require.InDelta(t, *f.P50, *load.Data.Points[i].P50, 1e-5)
			require.InDelta(t, *f.P90, *load.Data.Points[i].P90, 1e-5)
		}
	}
	require.Equal(t, http.StatusNotFound, a.get("/api/v1/meters/none/load").Code)
	require.Equal(t, http.StatusUnprocessableEntity, a.get(path+"/load?from=now-400d").Code)
	require.Len(t, read[MeterLoad](t, a, path+"/load?from=now%2B1h&to=now%2B2h").Data.Points, 1, "nothing is measured yet")
}

func TestCheapHours(t *testing.T) {
	a := newTestAPI(t, nil)
	prices := read[Prices](t, a, "/api/v1/prices?to=now%2B24h").Data.Points
	sorted := slices.Clone(prices)
	slices.SortStableFunc(sorted, func(a, b PricePoint) int {
		return int(1e6 * (*a.Price - *b.Price))
	})
	best := read[CheapHours](t, a, "/api/v1/signals/cheap-hours?hours=5").Data
	require.Len(t, best.Hours, 5)
	require.ElementsMatch(t, sorted[:5], best.Hours)
	require.True(t, slices.IsSortedFunc(best.Hours, func(a, b PricePoint) int { return a.At.Compare(b.At) }))
	require.Less(t, *best.Mean, *best.RangeMean)

	run := read[CheapHours](t, a, "/api/v1/signals/cheap-hours?hours=9&contiguous=true").Data
	require.Len(t, run.Hours, 9)
	least := 0.
	for i := 0; i+9 <= len(prices); i++ {
		sum := 0.
		for _, p := range prices[i : i+9] {
			sum += *p.Price
		}
		if i == 0 || sum < least {
			least = sum
		}
	}
	require.InDelta(t, least/9, *run.Mean, 1e-6)
	require.Equal(t, 8*time.Hour, run.Hours[8].At.Sub(run.Hours[0].At))

	unknown := read[CheapHours](t, a, "/api/v1/signals/cheap-hours?by=carbon")
	require.Empty(t, unknown.Data.Hours, "no carbon intensity is known")
	require.True(t, unknown.Meta.Partial)
	require.Equal(t, "hours", problemIn(t, a.get("/api/v1/signals/cheap-hours?hours=25")).Field)
}

// A group with a limit that it exceeds: the hours are those of its load.
func TestBreachesOfAGroup(t *testing.T) {
	load := read[Load](t, newTestAPI(t, nil), "/api/v1/groups/feeder-0001/load?from=now-30d&to=now").Data
	limit := *load.PeakKW * .8
	a := newTestAPI(t, func(twin *config.Twin, _ *Deps) {
		groups := slices.Clone(twin.Processor.Policy.Groups)
		for i := range groups {
			groups[i].CapacityKW = limit
		}
		twin.Processor.Policy.Groups = groups
	})
	b := read[Breaches](t, a, "/api/v1/groups/feeder-0001/breaches?probability=0").Data
	require.InDelta(t, limit, *b.CapacityKW, 1e-9)
	above, excess, withPlans := 0, 0., 0
	change := map[time.Time]float64{}
	for _, p := range load.Points {
		if p.Planned != nil {
			change[p.At] = *p.Planned - *p.P50
		}
		if p.Actual == nil {
			continue
		}
		if *p.Actual+change[p.At] > limit {
			withPlans++
		}
		if *p.Actual > limit {
			require.Equal(t, p.At, b.Measured[above].At)
			require.InDelta(t, *p.Actual-limit, *b.Measured[above].Excess, 1e-5)
			require.InDelta(t, *p.Actual+change[p.At], *b.Measured[above].Planned, 1e-4)
			above++
			excess += *p.Actual - limit
		}
	}
	require.Positive(t, above)
	require.Equal(t, above, b.Hours)
	require.Len(t, b.Measured, above)
	require.InDelta(t, excess, *b.Excess, 1e-4)
	require.Equal(t, withPlans, b.WithPlans)

	forecast := read[[]GroupForecast](t, a, "/api/v1/groups/feeder-0001/forecasts?issuedAt=now").Data[0]
	require.NotNil(t, forecast.CapacityKW)
	coming := map[time.Time]GroupForecastPoint{}
	for _, p := range forecast.Points {
		if !p.At.Before(storeEnd.Time()) && p.P50 != nil {
			coming[p.At] = p
		}
	}
	require.Len(t, b.Coming, len(coming))
	for _, h := range b.Coming {
		require.InDelta(t, *coming[h.At].ExceedBefore, *h.ExceedBefore, 1e-6)
		require.InDelta(t, *coming[h.At].ExcessAfter, *h.ExcessAfter, 1e-5)
	}
	require.Empty(t, read[Breaches](t, a, "/api/v1/groups/feeder-0001/breaches?probability=1").Data.Coming)

	free := newTestAPI(t, func(twin *config.Twin, _ *Deps) { twin.Processor.Policy.Groups = nil })
	none := read[Breaches](t, free, "/api/v1/groups/feeder-0001/breaches").Data
	require.Nil(t, none.CapacityKW)
	require.Empty(t, none.Measured)
	require.Equal(t, http.StatusNotFound, a.get("/api/v1/groups/none/breaches").Code)
}
