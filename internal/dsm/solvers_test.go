package dsm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

const (
	optimalityGap = 1e-9
	instances     = 10_000
)

// randomShift draws a problem of n slots. Some share prices, some have hours
// that give or take nothing.
func randomShift(r *rand.Rand, n int) *shiftProblem {
	p := &shiftProblem{n: n, reach: 1 + r.IntN(n+2)}
	p.rebound = []float64{0, 0, 0.1, 0.35}[r.IntN(4)]
	coarse := r.IntN(3) == 0 // few distinct prices: ties
	negative := p.rebound == 0 && r.IntN(4) == 0
	for t := range n {
		p.level[t] = 5 * r.Float64()
		p.give[t] = p.level[t] * []float64{0, 0.1, 0.3, 1}[r.IntN(4)]
		p.room[t] = []float64{0, 0.5, 2, 5}[r.IntN(4)] * r.Float64()
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

// shiftProgram is the problem as a linear program with one variable per pair of
// hours.
func shiftProgram(p *shiftProblem) *linearProgram {
	lp := newProgram(p.n * p.n)
	factor := 1 + p.rebound
	for a := range p.n {
		give, take := lp.row(p.give[a]), lp.row(p.room[a])
		for b := range p.n {
			if distance := max(a-b, b-a); distance == 0 || distance > p.reach {
				continue
			}
			give[a*p.n+b] = 1
			take[b*p.n+a] = factor
			lp.objective[a*p.n+b] = p.worth[a] - factor*p.cost[b]
		}
	}
	return lp
}

func requireFeasible(t *testing.T, p *shiftProblem, s *shiftPlan) {
	t.Helper()
	var down, up float64
	need := s.down
	for i := range p.n {
		require.GreaterOrEqual(t, s.down[i], 0.0)
		require.GreaterOrEqual(t, s.up[i], 0.0)
		require.LessOrEqual(t, s.down[i], p.give[i]+1e-12)
		require.LessOrEqual(t, s.up[i], p.room[i]+1e-12)
		down, up = down+s.down[i], up+s.up[i]
		need[i] *= 1 + p.rebound
	}
	require.InDelta(t, (1+p.rebound)*down, up, 1e-10, "energy is conserved")
	require.True(t, placeable(p.n, p.reach, &need, &s.up, 1e-10), "all moves are within reach")
	require.GreaterOrEqual(t, p.gain(s), -1e-12, "never worse than doing nothing")
}

func TestTransportIsOptimal(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	var f transport
	var s shiftPlan
	for i := range instances {
		p := randomShift(r, 2+r.IntN(9))
		if i%100 == 0 {
			p = randomShift(r, 23+r.IntN(3))
		}
		f.solve(p, &s)
		requireFeasible(t, p, &s)
		require.InDelta(t, shiftProgram(p).maximum(), p.gain(&s), optimalityGap, "instance %d: %+v", i, p)
	}
}

func TestShiftAnywhereIsOptimal(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 4))
	var f transport
	var s, within shiftPlan
	for i := range instances {
		p := randomShift(r, 2+r.IntN(9))
		if i%100 == 0 {
			p = randomShift(r, 23+r.IntN(3))
		}
		p.reach = p.n
		shiftAnywhere(p, &s)
		requireFeasible(t, p, &s)
		require.InDelta(t, anywhereProgram(p).maximum(), p.gain(&s), optimalityGap, "instance %d: %+v", i, p)
		f.solve(p, &within)
		require.InDelta(t, p.gain(&s), p.gain(&within), optimalityGap, "both solvers agree")
	}
}

// anywhereProgram has the variables d and u only: max Σ c(d−u), (1+ρ)Σd ≤ Σu.
// With prices of which some are negative, u must not exceed (1+ρ)Σd either; the
// program has one variable less for that: a negative price occurs with ρ = 0 only,
// where shiftProgram serves.
func anywhereProgram(p *shiftProblem) *linearProgram {
	for _, c := range p.cost[:p.n] {
		if c < 0 {
			return shiftProgram(p)
		}
	}
	lp := newProgram(2 * p.n)
	balance := lp.row(0)
	for t := range p.n {
		lp.objective[t], lp.objective[p.n+t] = p.worth[t], -p.cost[t]
		balance[t], balance[p.n+t] = 1+p.rebound, -1
		lp.row(p.give[t])[t] = 1
		lp.row(p.room[t])[p.n+t] = 1
	}
	return lp
}

func randomPeak(r *rand.Rand, n int) *peakProblem {
	q := randomShift(r, n)
	return &peakProblem{n: n, reach: q.reach, rebound: q.rebound, load: q.level, give: q.give, room: q.room}
}

// TestLowestPeakIsOptimal compares with the linear program max s subject to
// load − d + u ≤ max(load) − s.
func TestLowestPeakIsOptimal(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 6))
	for i := range instances {
		p := randomPeak(r, 2+r.IntN(9))
		if i%100 == 0 {
			p = randomPeak(r, 23+r.IntN(3))
		}
		p.reach = p.n
		top := peakOf(p.load[:p.n])
		lp := newProgram(2*p.n + 1)
		lp.objective[2*p.n] = 1
		balance := lp.row(0)
		for h := range p.n {
			balance[h], balance[p.n+h] = 1+p.rebound, -1
			lp.row(p.give[h])[h] = 1
			lp.row(p.room[h])[p.n+h] = 1
			below := lp.row(top - p.load[h])
			below[h], below[p.n+h], below[2*p.n] = -1, 1, 1
		}
		require.InDelta(t, top-lp.maximum(), p.lowest(0), optimalityGap, "instance %d: %+v", i, p)
		require.Equal(t, top+1, p.lowest(top+1), "a floor above the load stays")
	}
}

// TestLowestPeakWithinReach checks that what lies above the peak found can be
// placed, and that a lower peak cannot be reached, by a linear program that
// places as much as it can.
func TestLowestPeakWithinReach(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	for i := range instances {
		p := randomPeak(r, 2+r.IntN(9))
		if i%100 == 0 {
			p = randomPeak(r, 23+r.IntN(3))
		}
		m := p.lowest(0)
		placed, needed := mostPlaced(p, m)
		require.InDelta(t, needed, placed, optimalityGap, "instance %d at %v: %+v", i, m, p)
		lower := m - 1e-6
		bound := 0.0
		for h := range p.n {
			bound = max(bound, p.load[h]-p.give[h])
		}
		if lower <= bound {
			continue
		}
		placed, needed = mostPlaced(p, lower)
		require.Less(t, placed, needed-1e-8, "instance %d: %v is not the lowest: %+v", i, m, p)
	}
}

func mostPlaced(p *peakProblem, m float64) (placed, needed float64) {
	q := &shiftProblem{n: p.n, reach: p.reach, rebound: p.rebound}
	for h := range p.n {
		q.give[h] = max(p.load[h]-m, 0)
		q.room[h] = min(p.room[h], max(m-p.load[h], 0))
		q.worth[h] = 1
		needed += q.give[h]
	}
	return shiftProgram(q).maximum(), needed
}

// TestEqualHoursAreFilledEvenly: of hours with one price the lowest fill first,
// to one level.
func TestEqualHoursAreFilledEvenly(t *testing.T) {
	p := &shiftProblem{n: 6, reach: 6}
	copy(p.level[:], []float64{1, 2, 1, 9, 1.5, 1})
	copy(p.give[:], []float64{0, 0, 0, 3, 0, 0})
	copy(p.worth[:], []float64{1, 1, 1, 5, 1, 1})
	copy(p.cost[:], []float64{1, 1, 1, 5, 1, 1})
	for i := range p.room {
		p.room[i] = 0.8
	}
	// The three lowest are full at 1.8, after 2.4 kWh; 0.5 kWh bring the fourth to
	// 2.0; the last 0.1 kWh are split between the two that are left.
	want := []float64{0.8, 0.05, 0.8, 0, 0.55, 0.8}
	var anywhere, within shiftPlan
	shiftAnywhere(p, &anywhere)
	new(transport).solve(p, &within)
	require.InDeltaSlice(t, want, anywhere.up[:6], 1e-12)
	require.InDeltaSlice(t, want, within.up[:6], 1e-12)
}

func TestSolversAllocateNothing(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	p, k := randomShift(r, 24), randomPeak(r, 24)
	var f transport
	var s shiftPlan
	require.Zero(t, testing.AllocsPerRun(100, func() {
		f.solve(p, &s)
		shiftAnywhere(p, &s)
		k.lowest(0)
	}))
	require.False(t, math.IsNaN(p.gain(&s)))
}
