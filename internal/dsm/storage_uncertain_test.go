package dsm

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/forecast"
)

// steady is a forecast that is the same in n hours.
func steady(n int, p10, p50, p90 float32) forecast.Quantiles {
	return forecast.Quantiles{
		P10: slices.Repeat([]float32{p10}, n), P50: slices.Repeat([]float32{p50}, n), P90: slices.Repeat([]float32{p90}, n),
	}
}

// TestStoreForUncertainLoad: energy at 0.10 is stored for two hours that may draw it. Where
// these cost little more, it is lost too often, and less is stored than they are expected to draw;
// where they cost much more, it is lacking too often, and more is stored.
func TestStoreForUncertainLoad(t *testing.T) {
	expected := 2 / 0.95 / 0.95
	for _, c := range []struct {
		name  string
		price float64
		less  bool
	}{{"low price", 0.13, true}, {"high price", 0.90, false}} {
		p := battery(3)
		copy(p.Import[:], []float64{0.10, c.price, c.price})
		p.Charge[0] = 9
		q := steady(3, 0.5, 1, 1.5)
		var u UncertainStorage
		var out StoragePlan
		convexified, err := u.SolveForecast(p, q, &out)
		require.NoError(t, err)
		require.False(t, convexified)
		if c.less {
			require.Less(t, out.Change[0], 0.9*expected, c.name)
		} else {
			require.Greater(t, out.Change[0], 1.1*expected, c.name)
		}
	}
}

// TestUncertainLoadCostsLess: on the scenarios that levels are compared on, what is found costs what
// it states, and no more than value functions for the expected load do.
func TestUncertainLoadCostsLess(t *testing.T) {
	var u UncertainStorage
	var plain Storage
	better := 0
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 6))
		n := 2 + r.IntN(23)
		p := randomStorage(r, n)
		q := steady(n, 0, 0, 0)
		for h := range n {
			q.P50[h] = float32(p.Load[h])
			q.P10[h], q.P90[h] = q.P50[h]-2*r.Float32(), q.P50[h]+2*r.Float32()
		}
		on := *p
		var out, alone StoragePlan
		convexified, err := u.SolveForecast(&on, q, &out)
		require.NoError(t, err)
		require.InDelta(t, follow(&u.Storage, &on, &u.loads), out.Cost, 1e-9)
		if !convexified {
			p.Load = ExpectedLoad(q, n)
			require.NoError(t, plain.Solve(p, &alone))
			before := follow(&plain, p, &u.loads)
			require.LessOrEqual(t, out.Cost, before+1e-9)
			if out.Cost < before-1e-6 {
				better++
			}
		}
	})
	require.Positive(t, better)
}

// follow is the mean of what value functions cost on scenarios.
func follow(s *Storage, p *StorageProblem, loads *scenarios) float64 {
	sum := 0.0
	for k := range levelScenarios {
		load := loads.scenario(k, p.N)
		change, stored := 0.0, p.Start
		for h := range p.N {
			change, stored = s.Step(h, stored, load[h])
			sum += HourCost(p.Import[h], p.Export[h], load[h]+change) + p.Wear*max(-change, 0)
		}
		sum -= p.EndValue * stored
	}
	return sum / levelScenarios
}

// TestSureLoadIsPlannedAsItIs: a forecast without a spread, or of which the quantiles are
// not known, has the plan of its median.
func TestSureLoadIsPlannedAsItIs(t *testing.T) {
	r := rand.New(rand.NewPCG(71, 72))
	var u UncertainStorage
	var plain Storage
	for range 200 {
		p := randomStorage(r, 24)
		q := steady(24, 0, 0, 0)
		for h := range p.N {
			q.P50[h] = float32(p.Load[h])
			p.Load[h] = float64(q.P50[h])
		}
		q.P10 = q.P50
		q.P90 = nil
		on := *p
		var got, want StoragePlan
		_, err := u.SolveForecast(&on, q, &got)
		require.NoError(t, err)
		_, err = plain.SolveConvexified(p, &want)
		require.NoError(t, err)
		require.Equal(t, want, got)
		require.Equal(t, *p, on)
	}
}

func TestExpectedLoad(t *testing.T) {
	even, skew := steady(3, 1, 2, 3), steady(3, 1.5, 2, 5)
	skew.P50[1] = float32(math.NaN())
	got := ExpectedLoad(even, 3)
	require.InDelta(t, 2, got[2], 1e-12)
	require.Zero(t, got[3])
	got = ExpectedLoad(skew, 3)
	// E|z|/2 = 0.399 for a standard normal z: 2 + 0.399·(3 − 0.5)/1.2816, as near as 20 scenarios are.
	require.InDelta(t, 2.78, got[2], 0.12)
	require.Zero(t, got[1])
}
