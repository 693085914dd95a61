package dsm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
)

// randomWindows draws a problem of n slots. Some days have few prices, hours without
// room or load, or no rounding.
func randomWindows(r *rand.Rand, n int) *windowProblem {
	p := &windowProblem{n: n, moves: 1 + r.IntN(2), minBlock: 1 + r.IntN(3), reach: oneOf(r, 2, 4, 6, n, n)}
	p.rebound = oneOf(r, 0, 0, 0.1, 0.35)
	p.step = oneOf(r, 0, 0.5, 0.5, 0.5)
	coarse, even := r.IntN(3) == 0, r.IntN(2) == 0
	for t := range n {
		p.give[t] = pick(r, 0, 1, 1, 1, 1, 1) * r.Float64()
		p.room[t] = 1.5
		if !even {
			p.room[t] = pick(r, 0, 2, 2, 2, 2) * r.Float64()
		}
		price := 0.05 + 0.4*r.Float64()
		if coarse {
			price = 0.1 * float64(1+r.IntN(3))
		}
		if p.rebound == 0 && r.IntN(8) == 0 {
			price -= 0.2
		}
		p.worth[t], p.cost[t] = price, price
	}
	return p
}

// possibleMove is a move with what it is worth and the slots of both windows.
type possibleMove struct {
	slots uint32
	gain  float64
}

// possibleMoves lists all moves of a problem that gain, straight from its definition.
func possibleMoves(p *windowProblem) (out []possibleMove) {
	for i := range p.n {
		for j := i + p.minBlock; j <= p.n; j++ {
			give, worth := 0.0, 0.0
			for t := i; t < j; t++ {
				if p.give[t] <= 0 {
					give = math.NaN()
				}
				give += p.give[t]
				worth += p.give[t] * p.worth[t]
			}
			x := give
			if p.step > 0 {
				x = p.step * math.Floor(give/p.step+1e-9)
			}
			if !(x > 0) {
				continue
			}
			for q := range p.n {
				for r := q + p.minBlock; r <= p.n; r++ {
					if q < j && i < r || max(r-1-i, j-1-q) > p.reach {
						continue
					}
					room, cost := 0.0, 0.0
					for t := q; t < r; t++ {
						if p.room[t] <= 0 {
							room = math.NaN()
						}
						room += p.room[t]
						cost += p.room[t] * p.cost[t]
					}
					need := (1 + p.rebound) * x
					if gain := x*worth/give - need*cost/room; room >= need && gain > 0 {
						out = append(out, possibleMove{windowSlots(i, j) | windowSlots(q, r), gain})
					}
				}
			}
		}
	}
	return out
}

// mostGained is the best that one or two moves gain, of all pairs.
func mostGained(p *windowProblem) (best float64) {
	all := possibleMoves(p)
	for a, x := range all {
		best = max(best, x.gain)
		if p.moves == 1 {
			continue
		}
		for _, y := range all[a+1:] {
			if x.slots&y.slots == 0 {
				best = max(best, x.gain+y.gain)
			}
		}
	}
	return best
}

// requireWindows checks that the moves of a solver are a plan of the problem, and
// that they gain what it says.
func requireWindows(t *testing.T, p *windowProblem, s *windowSolver, out *shiftPlan, gain float64) {
	t.Helper()
	used := uint32(0)
	require.LessOrEqual(t, s.bestCount, p.moves)
	for _, m := range s.bestMoves[:s.bestCount] {
		for _, w := range []slotSpan{m.avoid, m.prefer} {
			require.GreaterOrEqual(t, w.to-w.from, p.minBlock)
			require.Zero(t, used&windowSlots(w.from, w.to))
			used |= windowSlots(w.from, w.to)
		}
		require.LessOrEqual(t, max(m.prefer.to-1-m.avoid.from, m.avoid.to-1-m.prefer.from), p.reach)
		down, up := 0.0, 0.0
		for slot := m.avoid.from; slot < m.avoid.to; slot++ {
			require.Positive(t, out.down[slot])
			require.LessOrEqual(t, out.down[slot], p.give[slot]*(1+1e-12))
			down += out.down[slot]
		}
		for slot := m.prefer.from; slot < m.prefer.to; slot++ {
			require.Positive(t, out.up[slot])
			require.LessOrEqual(t, out.up[slot], p.room[slot]*(1+1e-12))
			up += out.up[slot]
		}
		require.InDelta(t, (1+p.rebound)*down, up, 1e-9)
		if p.step > 0 {
			steps := down / p.step
			require.InDelta(t, math.Round(steps), steps, 1e-9)
			require.GreaterOrEqual(t, math.Round(steps), 1.0)
		}
	}
	sum := 0.0
	for slot := range p.n {
		if used&(1<<slot) == 0 {
			require.Zero(t, out.down[slot])
			require.Zero(t, out.up[slot])
		}
		sum += p.worth[slot]*out.down[slot] - p.cost[slot]*out.up[slot]
	}
	require.InDelta(t, sum, gain, 1e-9)
}

// TestWindowsAreOptimal compares the solver with all pairs of moves on random days.
func TestWindowsAreOptimal(t *testing.T) {
	const days, most = 10_000, 12
	var s windowSolver
	moved := 0
	for i := range days {
		r := rand.New(rand.NewPCG(14, uint64(i)))
		n := 2 + r.IntN(most-1)
		if i%50 == 0 {
			n = 24
		}
		p := randomWindows(r, n)
		if n == 24 {
			p.reach = 6
		}
		var out shiftPlan
		gain := s.solve(p, &out)
		requireWindows(t, p, &s, &out, gain)
		require.InDelta(t, mostGained(p), gain, 1e-9, "day %d: %+v", i, p)
		moved += s.bestCount
	}
	require.Greater(t, moved, days/2, "most days have a plan")
}

// TestMoreMovesGainMore: what three and four moves gain is as many moves by hand.
func TestMoreMovesGainMore(t *testing.T) {
	p := &windowProblem{n: 8, minBlock: 1, reach: 1, step: 0.5}
	for slot := range p.n { // each pair of hours is a move of its own
		p.give[slot], p.room[slot] = 0.5, 0.5
		p.worth[slot], p.cost[slot] = float64(slot%2), float64(slot%2)
	}
	var s windowSolver
	for p.moves = 1; p.moves <= mostMoves; p.moves++ {
		var out shiftPlan
		gain := s.solve(p, &out)
		requireWindows(t, p, &s, &out, gain)
		require.InDelta(t, 0.5*float64(p.moves), gain, 1e-12)
	}
}

// benchWindows are days of one home with hourly prices.
func benchWindows(reach int, step float64) []*windowProblem {
	var out []*windowProblem
	in := benchDay("", 50)
	for i := range in.Meters {
		p := &windowProblem{n: 24, moves: 2, minBlock: 1, reach: reach, step: step}
		for t, v := range in.Meters[i].Forecast.P50 {
			load := 3 * float64(v)
			x := float64(t + i)
			price := 0.2 + 0.1*math.Sin(x*0.7) + 0.02*math.Cos(x*2.3)
			p.give[t], p.room[t], p.worth[t], p.cost[t] = 0.2*load, 1.2, price, price
		}
		out = append(out, p)
	}
	return out
}

// BenchmarkWindows reports the time of one plan.
func BenchmarkWindows(b *testing.B) {
	for _, c := range []struct {
		name  string
		reach int
		step  float64
	}{
		{"half kilowatt-hours, 6 h", 6, 0.5}, {"half kilowatt-hours, anywhere", 24, 0.5},
		{"share, 6 h", 6, 0}, {"share, anywhere", 24, 0},
	} {
		b.Run(c.name, func(b *testing.B) {
			days := benchWindows(c.reach, c.step)
			var s windowSolver
			var out shiftPlan
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				s.solve(days[i%len(days)], &out)
			}
		})
	}
}
