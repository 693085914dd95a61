package dsm

import (
	"math"
	"math/rand/v2"

	"github.com/stretchr/testify/require"
)

// pick draws one of the values.
func pick(r *rand.Rand, values ...float64) float64 { return values[r.IntN(len(values))] }

// randomShift draws a problem of n slots. Some share prices, some have hours
// that give or take nothing.
func randomShift(r *rand.Rand, n int) *shiftProblem {
	p := &shiftProblem{n: n, reach: 1 + r.IntN(n+2)}
	p.rebound = pick(r, 0, 0, 0.1, 0.35)
	coarse := r.IntN(3) == 0 // few distinct prices: ties
	negative := p.rebound == 0 && r.IntN(4) == 0
	for t := range n {
		p.level[t] = 5 * r.Float64()
		p.give[t] = p.level[t] * pick(r, 0, 0.1, 0.3, 1)
		p.room[t] = pick(r, 0, 0.5, 2, 5) * r.Float64()
		price := 0.05 + 0.4*r.Float64()
		if coarse {
			price = 0.1 * float64(1+r.IntN(3))
		}
		if negative {
			price -= 0.2
		}
		p.worth[t], p.cost[t] = price, price
	}
	return p
}

// randomFeedIn is a shift in which some hours feed in, at one export price that
// is not above the price of any hour.
func randomFeedIn(r *rand.Rand, n int) (p *shiftProblem, sell float64) {
	p = randomShift(r, n)
	sell = math.Inf(1)
	for t := range n {
		sell = min(sell, p.cost[t])
	}
	if p.rebound > 0 {
		sell *= r.Float64()
	} else {
		sell -= pick(r, 0, 0.1) * r.Float64()
	}
	for t := range n {
		if r.IntN(2) == 0 {
			continue
		}
		p.level[t], p.give[t] = -3*r.Float64(), 0
		all := p.room[t]
		p.room[t] = min(all, -p.level[t])
		p.more[t] = all - p.room[t]
		p.moreCost[t], p.cost[t] = p.cost[t], sell
	}
	return p, sell
}

func randomPeak(r *rand.Rand, n int) *peakProblem {
	q := randomShift(r, n)
	return &peakProblem{n: n, reach: q.reach, rebound: q.rebound, load: q.level, give: q.give, room: q.room}
}

func randomDemand(r *rand.Rand, n int) *demandProblem {
	p := &demandProblem{shift: *randomShift(r, n), perKW: pick(r, 0.01, 0.1, 0.5, 3) * r.Float64()}
	p.shift.reach, p.load = n, p.shift.level
	p.floor = pick(r, 0, 0, 2, 5) * r.Float64()
	return p
}

// randomStorage draws a problem in which doing nothing is allowed, as the linear
// program starts there.
func randomStorage(r *rand.Rand, n int) *StorageProblem {
	p := &StorageProblem{N: n, ChargeEfficiency: 1, DischargeEfficiency: 1, Keep: 1, Wear: pick(r, 0, 0, 0.02)}
	if r.IntN(3) > 0 {
		p.ChargeEfficiency, p.DischargeEfficiency = 0.85+0.15*r.Float64(), 0.85+0.15*r.Float64()
	}
	p.Keep = pick(r, 1, 1, 0.98, 0.8)
	lossless := p.ChargeEfficiency*p.DischargeEfficiency == 1
	size, power := 1+10*r.Float64(), 0.5+4*r.Float64()
	p.Start = size * pick(r, 0, 0.5, 1)
	p.EndValue = pick(r, 0, 0, 0.1, 0.4)
	sell := 0.1 * r.Float64()
	bend := r.IntN(4) == 0 // the bounds differ from hour to hour
	inside := p.Start
	for t := range n {
		p.Load[t] = 4*r.Float64() - pick(r, 0, 0, 3)
		p.Import[t] = sell + 0.4*r.Float64()
		p.Export[t] = sell
		if lossless && r.IntN(4) == 0 { // below zero
			p.Import[t] -= 0.3
			p.Export[t] = p.Import[t] - 0.05*r.Float64()
		}
		if r.IntN(8) == 0 {
			p.Import[t], p.Export[t] = 0.2, pick(r, 0.2, 0.1)
		}
		p.Charge[t], p.Discharge[t] = power, power
		if r.IntN(6) == 0 {
			p.Charge[t] = 0
		}
		inside *= p.Keep
		p.High[t] = size
		if bend {
			p.High[t] = inside + (size-inside)*r.Float64()
			p.Low[t] = inside * r.Float64()
		}
	}
	return p
}

func randomDeferrable(r *rand.Rand, n int) (p *deferrable, cost, own *[maxSlots]float64) {
	p = &deferrable{from: r.IntN(n), most: 0.5 + 3*r.Float64()}
	p.to = p.from + 1 + r.IntN(n-p.from)
	top := math.Inf(1)
	if r.IntN(3) == 0 {
		top = 3 + 4*r.Float64()
	}
	cost, own = new([maxSlots]float64), new([maxSlots]float64)
	coarse := r.IntN(2) == 0
	sell := 0.1*r.Float64() - pick(r, 0, 0.3)
	for t := range n {
		p.load[t] = 5*r.Float64() - pick(r, 0, 0, 3)
		p.limit[t] = top - p.load[t]
		cost[t] = sell + 0.4*r.Float64()
		if coarse {
			cost[t] = sell + 0.1*float64(r.IntN(3))
		}
		own[t] = sell
	}
	p.energy = float64(p.to-p.from) * p.most * 1.2 * r.Float64()
	return p, cost, own
}

func requireFeasible(t failer, p *shiftProblem, s *shiftPlan) {
	t.Helper()
	var down, up float64
	need := s.down
	for i := range p.n {
		require.GreaterOrEqual(t, s.down[i], p.must[i]-1e-12)
		require.GreaterOrEqual(t, s.up[i], 0.0)
		require.LessOrEqual(t, s.down[i], p.give[i]+1e-12)
		require.LessOrEqual(t, s.up[i], p.room[i]+p.more[i]+1e-12)
		down, up = down+s.down[i], up+s.up[i]
		need[i] *= 1 + p.rebound
	}
	require.InDelta(t, (1+p.rebound)*down, up, 1e-10, "energy is conserved")
	require.True(t, placeable(p.n, p.reach, &need, &s.up, 1e-10), "all moves are within reach")
}

// requireGain checks that a plan is not worse than doing nothing.
func requireGain(t failer, gain float64) {
	t.Helper()
	require.GreaterOrEqual(t, gain, -1e-10)
}

func requireBelow(t failer, p *demandProblem, s *shiftPlan, m float64) {
	t.Helper()
	for i := range p.shift.n {
		require.LessOrEqual(t, p.load[i]+s.up[i]-s.down[i], max(m, p.floor)+1e-9)
	}
}

func requireStored(t failer, p *StorageProblem, s *StoragePlan) {
	t.Helper()
	stored, cost := p.Start, 0.0
	for i := range p.N {
		c, d := max(s.Change[i], 0), max(-s.Change[i], 0)
		require.LessOrEqual(t, c, p.Charge[i]+1e-9)
		require.LessOrEqual(t, d, p.Discharge[i]+1e-9)
		stored = p.Keep*stored + p.ChargeEfficiency*c - d/p.DischargeEfficiency
		require.InDelta(t, stored, s.Stored[i], 1e-9, "no energy comes from nowhere")
		require.GreaterOrEqual(t, stored, p.Low[i]-1e-9)
		require.LessOrEqual(t, stored, p.High[i]+1e-9)
		cost += HourCost(p.Import[i], p.Export[i], p.Load[i]+s.Change[i]) + p.Wear*d
	}
	require.InDelta(t, cost-p.EndValue*stored, s.Cost, 1e-9, "the plan costs what its value function says")
}

func requireDeferred(t failer, p *deferrable, x *[maxSlots]float64, placed float64) {
	t.Helper()
	sum, space := 0.0, 0.0
	for h := range maxSlots {
		if h < p.from || h >= p.to {
			require.Zero(t, x[h], "outside the window")
			continue
		}
		require.GreaterOrEqual(t, x[h], 0.0)
		require.LessOrEqual(t, x[h], p.room(h)+1e-12)
		sum, space = sum+x[h], space+p.room(h)
	}
	require.InDelta(t, placed, sum, 1e-10)
	require.InDelta(t, min(p.energy, space), placed, 1e-10, "all that finds room")
}

// requireLevel checks what makes the sum of squares least: no slot that takes
// something lies above one that could take more.
func requireLevel(t failer, p *deferrable, x *[maxSlots]float64) {
	t.Helper()
	lowest := math.Inf(1) // of slots with room
	for h := p.from; h < p.to; h++ {
		if x[h] < p.most-1e-12 {
			lowest = min(lowest, p.load[h]+x[h])
		}
	}
	for h := p.from; h < p.to; h++ {
		if x[h] > 1e-12 {
			require.LessOrEqual(t, p.load[h]+x[h], lowest+1e-9)
		}
	}
}

func deferredCost(p *deferrable, cost, own, x *[maxSlots]float64) float64 {
	sum := 0.0
	for h := p.from; h < p.to; h++ {
		first := min(x[h], max(-p.load[h], 0))
		sum += own[h]*first + cost[h]*(x[h]-first)
	}
	return sum
}
