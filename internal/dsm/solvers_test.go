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

// TestSolversAreOptimal compares each solver with the simplex method on random
// problems, most of them small, some of a whole day.
func TestSolversAreOptimal(t *testing.T) {
	for i, c := range solverCases() {
		t.Run(c.name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(1, uint64(i)))
			for k := range instances {
				x := c.draw(t, r, slotsOf(r, k))
				require.InDelta(t, x.program.maximum(), x.got, optimalityGap, "instance %d", k)
			}
		})
	}
}

// slotsOf is the size of instance k: most are small, as all that can go wrong
// goes wrong with few hours, and a check of thousands has to end soon.
func slotsOf(r *rand.Rand, k int) int {
	if k%500 == 0 {
		return 23 + r.IntN(3)
	}
	return 2 + r.IntN(7)
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
	p, k, d, b := randomShift(r, 24), randomPeak(r, 24), randomDemand(r, 24), randomStorage(r, 24)
	e, cost, own := randomDeferrable(r, 24)
	var f transport
	var s shiftPlan
	var store Storage
	var stored StoragePlan
	var x [maxSlots]float64
	demand := demandSolver{transport: &f}
	require.Zero(t, testing.AllocsPerRun(100, func() {
		f.solve(p, &s)
		shiftAnywhere(p, &s)
		k.lowest(0)
		demand.solve(d, &s)
		_ = store.Solve(b, &stored)
		e.cheapest(cost, own, &x)
		e.valley(&x)
	}))
	require.False(t, math.IsNaN(p.gain(&s)))
}

// TestDemandChargeWithinReach: with a limited reach the plan is feasible, never
// worse than doing nothing nor than the same plan without regard to the charge,
// and never better than the linear program in which hours may pass load on.
func TestDemandChargeWithinReach(t *testing.T) {
	r := rand.New(rand.NewPCG(13, 14))
	f := new(transport)
	demand := demandSolver{transport: f}
	for k := range instances / 10 {
		p := randomDemand(r, 2+r.IntN(9))
		n := p.shift.n
		p.shift.reach = 1 + r.IntN(n)
		var s, plain shiftPlan
		m := demand.solve(p, &s)
		requireFeasible(t, &p.shift, &s)
		requireBelow(t, p, &s, m)
		cost := p.perKW*max(m, p.floor) - p.shift.gain(&s)
		require.LessOrEqual(t, cost, p.perKW*max(peakOf(p.load[:n]), p.floor)+1e-9, "instance %d", k)
		f.solve(&p.shift, &plain)
		peak := p.floor
		for h := range n {
			peak = max(peak, p.load[h]+plain.up[h]-plain.down[h])
		}
		require.LessOrEqual(t, cost, p.perKW*peak-p.shift.gain(&plain)+1e-9, "instance %d", k)
		lp, top := passingProgram(p)
		require.GreaterOrEqual(t, cost, p.perKW*top-lp.maximum()-1e-9, "instance %d", k)
	}
}

// passingProgram is demandProgram with one variable per pair of hours.
func passingProgram(p *demandProblem) (lp *linearProgram, top float64) {
	q := &p.shift
	for t := range q.n {
		top = max(top, p.load[t]+q.room[t])
	}
	top = max(top, p.floor)
	lp = shiftProgram(q)
	s := len(lp.objective)
	lp.objective = append(lp.objective, p.perKW)
	for i := range lp.rows {
		lp.rows[i] = append(lp.rows[i], 0)
	}
	lp.row(top - p.floor)[s] = 1
	for t := range q.n {
		below := lp.row(top - p.load[t])
		below[s] = 1
		for other := range q.n {
			if distance := max(t-other, other-t); distance == 0 || distance > q.reach {
				continue
			}
			below[t*q.n+other], below[other*q.n+t] = -1, 1+q.rebound
		}
	}
	return lp, top
}
