package dsm

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// battery is a problem of n slots with one price and no load.
func battery(n int) *StorageProblem {
	p := &StorageProblem{N: n, ChargeEfficiency: 0.95, DischargeEfficiency: 0.95, Keep: 1}
	for t := range n {
		p.Import[t], p.Charge[t], p.Discharge[t], p.High[t] = 0.25, 3, 3, 10
	}
	return p
}

// TestBatteryByHand: 10 kWh stored at 0.10 and used at 0.30, through two
// efficiencies of 95 %.
func TestBatteryByHand(t *testing.T) {
	p := battery(4)
	copy(p.Import[:], []float64{0.10, 0.10, 0.30, 0.30})
	copy(p.Load[:], []float64{0, 0, 2, 4})
	var s StoragePlan
	require.NoError(t, new(Storage).Solve(p, &s))
	// 2 kWh of the third hour and 3 kWh of the fourth, its most, are 5/0.95 stored
	// and 5/0.95² drawn.
	drawn := 5 / 0.95 / 0.95
	require.InDelta(t, 0.10*drawn+0.30*1, s.Cost, 1e-9)
	require.InDelta(t, drawn, s.Change[0]+s.Change[1], 1e-9)
	require.InDelta(t, -2, s.Change[2], 1e-9)
	require.InDelta(t, -3, s.Change[3], 1e-9)
	require.InDelta(t, 5/0.95, s.Stored[1], 1e-9)
	require.InDelta(t, 0.10/0.95, s.Marginal[0], 1e-9, "the first hour charges a part: its price fixes the value")
	require.InDelta(t, 0, s.Marginal[3], 1e-9, "nothing is left that could be used")
}

func TestWhereTheProofStopsNothingIsPretended(t *testing.T) {
	var s StoragePlan
	negative := battery(3)
	negative.Import[1], negative.Export[1] = -0.05, -0.05
	require.ErrorIs(t, new(Storage).Solve(negative, &s), ErrNotConvex)
	negative.Wear = 0.05 // more than the losses could earn
	require.NoError(t, new(Storage).Solve(negative, &s))

	costly := battery(3)
	costly.Export[2] = 0.30
	costly.Load[2] = 1
	require.ErrorIs(t, new(Storage).Solve(costly, &s), ErrNotConvex)

	lossless := battery(3)
	lossless.ChargeEfficiency, lossless.DischargeEfficiency = 1, 1
	lossless.Import[1], lossless.Export[1] = -0.05, -0.05
	require.NoError(t, new(Storage).Solve(lossless, &s))

	full := battery(3)
	full.Low[0] = 8 // 3 kWh an hour do not fill it
	require.ErrorIs(t, new(Storage).Solve(full, &s), ErrInfeasible)
}

// TestStoreThatMustBeFullInTime: a plan keeps bounds at which doing nothing fails.
func TestStoreThatMustBeFullInTime(t *testing.T) {
	p := battery(4)
	copy(p.Import[:], []float64{0.3, 0.1, 0.2, 0.1})
	p.Low[2], p.Keep = 5, 0.9
	var s StoragePlan
	require.NoError(t, new(Storage).Solve(p, &s))
	requireStored(t, p, &s)
	require.InDelta(t, 5, s.Stored[2], 1e-9)
	require.InDelta(t, 3, s.Change[1], 1e-9, "the cheapest hour charges all it can")
}

// TestPolicyFollowsThePlan: with the load that the problem had, the value
// functions lead to the plan's cost; with another load they keep all bounds.
func TestPolicyFollowsThePlan(t *testing.T) {
	var store Storage
	rapid.Check(t, func(t *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(t, "seed"), 1))
		p := randomStorage(r, 2+r.IntN(23))
		var s StoragePlan
		require.NoError(t, store.Solve(p, &s))
		stored, cost := p.Start, 0.0
		other := p.Start
		for h := range p.N {
			var change float64
			change, stored = store.Step(h, stored, p.Load[h])
			cost += HourCost(p.Import[h], p.Export[h], p.Load[h]+change) + p.Wear*max(-change, 0)
			before := other
			change, other = store.Step(h, other, p.Load[h]+r.NormFloat64())
			require.LessOrEqual(t, change, p.Charge[h]+1e-9)
			require.LessOrEqual(t, -change, p.Discharge[h]+1e-9)
			require.GreaterOrEqual(t, other, p.Low[h]-1e-9)
			require.LessOrEqual(t, other, p.High[h]+1e-9)
			inside := p.Keep*before + p.ChargeEfficiency*max(change, 0) - max(-change, 0)/p.DischargeEfficiency
			require.InDelta(t, inside, other, 1e-9)
		}
		require.InDelta(t, s.Cost, cost-p.EndValue*stored, 1e-9)
	})
}

// TestMarginalValueIsTheSlope: a little more stored at the start is worth what
// the value of stored energy says.
func TestMarginalValueIsTheSlope(t *testing.T) {
	r := rand.New(rand.NewPCG(21, 22))
	var store Storage
	for range 500 {
		p := randomStorage(r, 2+r.IntN(10))
		var s, more, less StoragePlan
		require.NoError(t, store.Solve(p, &s))
		const step = 1e-5
		q := *p
		q.N--
		copy(q.Load[:], p.Load[1:])
		copy(q.Import[:], p.Import[1:])
		copy(q.Export[:], p.Export[1:])
		copy(q.Charge[:], p.Charge[1:])
		copy(q.Discharge[:], p.Discharge[1:])
		copy(q.Low[:], p.Low[1:])
		copy(q.High[:], p.High[1:])
		value := s.Marginal[0]
		q.Start = s.Stored[0] + step
		if store.Solve(&q, &more) != nil {
			continue
		}
		q.Start = s.Stored[0] - step
		if store.Solve(&q, &less) != nil || q.Start < p.Low[0] {
			continue
		}
		q.Start = s.Stored[0]
		require.NoError(t, store.Solve(&q, &s))
		require.GreaterOrEqual(t, value, (s.Cost-more.Cost)/step-1e-6)
		require.LessOrEqual(t, value, (less.Cost-s.Cost)/step+1e-6)
	}
}

// TestValueFunctionsAreThoseOfTheProblemAsked: solving another problem in between
// changes nothing for who prepares his own.
func TestValueFunctionsAreThoseOfTheProblemAsked(t *testing.T) {
	r := rand.New(rand.NewPCG(51, 52))
	var shared Storage
	for range 200 {
		p, other := randomStorage(r, 24), randomStorage(r, 24)
		var own Storage
		var plan StoragePlan
		require.NoError(t, own.Solve(p, &plan))
		require.NoError(t, shared.Solve(other, &plan))
		require.NoError(t, shared.Prepare(p))
		require.NoError(t, shared.Prepare(p))
		stored := p.Start
		for s := range p.N {
			load := p.Load[s] + r.Float64()
			want, after := own.Step(s, stored, load)
			got, _ := shared.Step(s, stored, load)
			require.Equal(t, want, got)
			stored = after
		}
		p.Low[0] = p.High[0] + p.Charge[0] + 1e6
		require.Error(t, shared.Prepare(p), "what cannot be solved is not taken for solved")
		require.Error(t, shared.Prepare(p))
	}
}
