package backtest

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// TestBatteryByHand: energy costs 0.30 in the last two hours of the day and 0.10
// in the others, and goes through two efficiencies of 90 %.
func TestBatteryByHand(t *testing.T) {
	const charged = 1 / 0.81 // drawn for each kWh that is discharged
	for name, c := range map[string]struct {
		forecast, actual float64 // kWh an hour
		sell, wear       float64
		want             float64
	}{
		"right":                       {forecast: 1, actual: 1, want: 0.30*2 - 0.10*2*charged},
		"too high: some stays":        {forecast: 2, actual: 1, want: 0.30*2 - 0.10*4*charged},
		"too low: less is stored":     {forecast: 0.5, actual: 1, want: 0.30*1 - 0.10*1*charged},
		"nothing to use":              {forecast: 0, actual: 1, want: 0},
		"no use after all":            {forecast: 1, actual: 0, want: -0.10 * 2 * charged},
		"no use, but some is fed in":  {forecast: 1, actual: 0, sell: 0.05, want: 0.05*2 - 0.10*2*charged},
		"wear":                        {forecast: 1, actual: 1, wear: 0.05, want: 0.25*2 - 0.10*2*charged},
		"wear is more than it brings": {forecast: 1, actual: 1, wear: 0.25, want: 0},
		"more than it holds":          {forecast: 9, actual: 9, want: 0.30*9 - 0.10*9*charged},
	} {
		b := newBattery(&dsm.Battery{CapacityKWh: 10, PowerKW: 8, Efficiency: 0.81, WearCost: c.wear}, c.sell)
		path, actual, price := make([]float32, 24), make([]float64, 24), make([]float64, 24)
		for i := range price {
			path[i], actual[i], price[i] = float32(c.forecast), c.actual, 0.10
		}
		price[22], price[23] = 0.30, 0.30
		require.InDelta(t, c.want, b.saves(sure(path), actual, price), 1e-9, name)
	}
}

// TestNoForecastIsWorthMoreThanTheTruth, and doing what it says costs no energy
// that is not there.
func TestNoForecastIsWorthMoreThanTheTruth(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 4))
		hours := 23 + r.IntN(3)
		path, actual, price := make([]float32, hours), make([]float64, hours), make([]float64, hours)
		low, high := make([]float32, hours), make([]float32, hours)
		for i := range price {
			path[i], actual[i], price[i] = 2*r.Float32(), float64(2*r.Float32()), 0.05+0.3*r.Float64()
			low[i], high[i] = path[i]*r.Float32(), path[i]*(1+r.Float32())
		}
		b := newBattery(&dsm.Battery{
			CapacityKWh: 12 * r.Float64(), PowerKW: 0.1 + 3*r.Float64(), Efficiency: 0.6 + 0.4*r.Float64(),
			Reserve: r.Float64() / 2, WearCost: 0.02 * r.Float64(),
		}, 0.05*r.Float64())
		perfect := b.saves(sure(known(actual)), actual, price)
		require.GreaterOrEqual(t, perfect, -1e-9)
		require.LessOrEqual(t, b.saves(sure(path), actual, price), perfect+1e-9)
		require.LessOrEqual(t, b.saves(forecast.Quantiles{P10: low, P50: path, P90: high}, actual, price), perfect+1e-9)
	})
}

func TestWhichBatteryAMeterHas(t *testing.T) {
	s := &Series{Meter: "home-1", Group: "north"}
	const first = meter.Hour(430_000)
	for h := range meter.Hour(100) {
		s.Put(first+h, float32(h%3)) // a mean of nearly 1
	}
	s.KWh[10], s.KWh[11] = float32(math.NaN()), -5 // neither counts as draw
	s.Put(first+100, 1000)                         // comes later: nothing to size by
	draw := meanDraw(s, 0, first+100)
	require.InDelta(t, (99-1-2)/99.0, draw, 1e-6)

	here := &dsm.Battery{CapacityKWh: 7, PowerKW: 3, Efficiency: 0.9, Reserve: 0.1}
	for name, c := range map[string]struct {
		assets          []dsm.Asset
		capacity, power float64 // 0: none
	}{
		"usual":              {nil, 8.76 * draw, 4.38 * draw},
		"usual, beside a PV": {[]dsm.Asset{{Meters: []string{"*"}, PV: &dsm.PV{PeakKW: 3}}}, 8.76 * draw, 4.38 * draw},
		"by name":            {[]dsm.Asset{{Meters: []string{"home-*"}, Battery: here}}, 7, 3},
		"by group":           {[]dsm.Asset{{Group: "north", Battery: here}}, 7, 3},
		"of others":          {[]dsm.Asset{{Group: "south", Battery: here}, {Meters: []string{"shop"}, Battery: here}}, 0, 0},
	} {
		policy := dsm.Policy{Tariff: dsm.Tariff{Currency: "GBP", Default: 0.2}, Assets: c.assets}
		for i := range policy.Assets {
			policy.Assets[i].Name = "asset"
		}
		v, err := NewValue(policy, london(t))
		require.NoError(t, err, name)
		b := v.batteryOf(s, first+100)
		if c.capacity == 0 {
			require.Nil(t, b, name)
			continue
		}
		require.NotNil(t, b, name)
		require.InDelta(t, c.capacity, b.problem.High[0], 1e-9, name)
		require.InDelta(t, c.power, b.problem.Charge[23], 1e-9, name)
	}
	v, err := NewValue(dsm.Policy{Tariff: dsm.Tariff{Currency: "GBP", Default: 0.2}}, london(t))
	require.NoError(t, err)
	require.Nil(t, v.batteryOf(s, first), "no reading before: no size")
}
