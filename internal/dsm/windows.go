package dsm

import (
	"math"
)

// windowProblem asks which load people are to move. A plan is at most moves moves,
// and each move takes load out of one window, a run of neighbouring hours to avoid,
// into another, to prefer:
//
//	maximise Σ x·(worth − (1+ρ)·cost)
//	subject to (1+ρ)·x ≤ room of the window to prefer
//
// where x is what the hours of the window to avoid give together, rounded down to
// whole steps, worth the mean of their worth, weighted by what each gives, and cost
// the mean of the other window's cost, weighted by room: that is how a window's
// energy is spread over its hours. No two windows share an hour, each has minBlock
// hours or more, each of which gives or takes something, and no hour of a move is
// farther than reach from any hour of its other window: whoever moves a load from
// one to the other keeps within it. All energies are in kWh, all prices in currency
// per kWh.
type windowProblem struct {
	n        int
	moves    int // 1 to mostMoves
	minBlock int
	reach    int     // hours; n or more: anywhere
	rebound  float64 // ρ ≥ 0
	step     float64 // kWh; 0: any energy
	give     [maxSlots]float64
	room     [maxSlots]float64
	worth    [maxSlots]float64
	cost     [maxSlots]float64 // ≥ 0 where ρ > 0
}

const (
	mostMoves      = 4  // that a plan can have
	mostBlockHours = 12 // of the least window
)

// windowMove takes kwh out of the slots of avoid into those of prefer.
type windowMove struct {
	avoid, prefer slotSpan
	kwh           float64 // taken away
}

// windowSolver is a workspace: use one per goroutine. The zero value is ready.
type windowSolver struct {
	p      *windowProblem
	factor float64 // 1 + ρ

	// Sums over the slots before each.
	give, worth, room, cost [maxSlots + 1]float64

	last [maxSlots]int                   // end of the longest window to avoid, by first slot
	mean [maxSlots][maxSlots + 1]float64 // cost of a window to prefer, by first slot and end; +Inf for none
	open [maxSlots]int                   // end of the longest of them, by first slot

	kwh   [maxSlots][maxSlots + 1]float64      // that a window to avoid gives, by first slot and end
	value [maxSlots][maxSlots + 1]float64      // what that is worth
	bound [maxSlots][maxSlots + 1]float64      // no move out of it is worth more
	rest  [mostMoves + 1][maxSlots + 1]float64 // best sum of bounds of so many windows from a slot on

	alone   [maxSlots][maxSlots + 1]windowMove // the best move out of a window by itself
	isAlone [maxSlots]uint64                   // ends of the windows of which bound is what alone is worth, by first slot

	// Least mean cost of a window to prefer of so many slots or more that lies between two
	// slots.
	least [maxSlots + 1][maxSlots + 1]float64

	most float64 // energy that a window to prefer may have to take, kWh

	// Slots in order of cost, and what filling up the first so many takes and costs.
	fill  [maxSlots + 1]struct{ kwh, cost, price float64 }
	fills int

	prefers []preferred // windows to prefer in order of cost, in memory
	memory  [maxSlots * (maxSlots + 1) / 2]preferred
	keys    [maxSlots * (maxSlots + 1) / 2]uint64

	moves, bestMoves [mostMoves]windowMove // of the search, and the best so far
	bestCount        int
	best             float64
}

// solve finds an optimal plan by branch and bound, and returns what it is worth; out
// holds the moves, in the order of the windows to avoid. The bound of a window is
// what it is worth with the cheapest window beside it; several windows cost together
// at least what their energy does in the cheapest hours of the day. rest is the best
// sum of the bounds of single windows (weighted interval scheduling, as runProblem has
// it), so the search sees few windows but those of the optimum.
func (s *windowSolver) solve(p *windowProblem, out *shiftPlan) (gain float64) {
	s.start(p, p.reach) // no hour is within reach of both ends of a longer one
	s.addOwnBounds()
	s.addBounds()
	s.sortSlots()
	s.sortPrefers()
	s.dive(p.n)
	if longest := p.n / 4; p.moves > 1 && p.reach > longest {
		s.dive(longest) // the best move by itself may be so long that it leaves nothing to others
	}
	s.search(0, 0, 0, partial{})
	s.write(out)
	return s.best
}

// improve finds a plan that is worth more than atLeast, though not always the best: the
// best move out of a window that is not too long by itself, and what goes with it.
// Without one out is empty.
func (s *windowSolver) improve(p *windowProblem, atLeast float64, longest int, out *shiftPlan) {
	s.start(p, longest)
	s.best = max(atLeast, 0)
	s.addLooseBounds()
	s.sortPrefers()
	s.dive(longest)
	s.write(out)
}

// write sets out to the best moves.
func (s *windowSolver) write(out *shiftPlan) {
	*out = shiftPlan{}
	for _, m := range s.bestMoves[:s.bestCount] {
		s.spread(&m, out)
	}
}

// spread adds a move to a plan: each hour gives, or takes, the same share of what
// it could.
func (s *windowSolver) spread(m *windowMove, out *shiftPlan) {
	less := m.kwh / (s.give[m.avoid.to] - s.give[m.avoid.from])
	more := s.factor * m.kwh / (s.room[m.prefer.to] - s.room[m.prefer.from])
	for t := m.avoid.from; t < m.avoid.to; t++ {
		out.down[t] = less * s.p.give[t]
	}
	for t := m.prefer.from; t < m.prefer.to; t++ {
		out.up[t] = more * s.p.room[t]
	}
}

// start fills in the sums, what the windows to avoid give, of which none has more slots
// than longest, and what the windows to prefer cost.
func (s *windowSolver) start(p *windowProblem, longest int) {
	s.p, s.factor, s.most, s.best, s.bestCount = p, 1+p.rebound, 0, 0, 0
	n := p.n
	for t := range n {
		s.give[t+1] = s.give[t] + p.give[t]
		s.worth[t+1] = s.worth[t] + p.give[t]*p.worth[t]
		s.room[t+1] = s.room[t] + p.room[t]
		s.cost[t+1] = s.cost[t] + p.room[t]*p.cost[t]
	}
	giveEnd, roomEnd := n, n // first slot from i on that gives nothing, or takes nothing
	for i := n - 1; i >= 0; i-- {
		if p.give[i] <= 0 {
			giveEnd = i
		}
		if p.room[i] <= 0 {
			roomEnd = i
		}
		s.isAlone[i] = 0
		s.last[i] = min(giveEnd, i+longest)
		for j := i + p.minBlock; j <= s.last[i]; j++ {
			s.kwh[i][j] = p.wholeSteps(s.give[j] - s.give[i])
		}
		end := min(i+s.longestPrefer(), n)
		s.open[i] = min(roomEnd, end)
		for r := i + 1; r <= end; r++ {
			s.mean[i][r] = math.Inf(1)
			if r >= i+p.minBlock && r <= s.open[i] {
				s.mean[i][r] = (s.cost[r] - s.cost[i]) / (s.room[r] - s.room[i])
			}
		}
	}
}

// longestPrefer is how many slots a window to prefer has at most: a longer one is out of
// reach of the window to avoid beside it.
func (s *windowSolver) longestPrefer() int { return min(s.p.reach+1, s.p.n) - s.p.minBlock }

// wholeSteps rounds an energy down.
func (p *windowProblem) wholeSteps(kwh float64) float64 {
	if p.step > 0 {
		return p.step * math.Floor(kwh/p.step+1e-9)
	}
	return kwh
}

// moveAlone is the best move out of a window by itself; from then on what it is worth
// is the window's bound.
func (s *windowSolver) moveAlone(i, j int) *windowMove {
	m := &s.alone[i][j]
	if s.isAlone[i]&(1<<j) == 0 {
		s.isAlone[i] |= 1 << j
		*m, s.bound[i][j] = s.bestMove(i, j, windowSlots(i, j), 0)
	}
	return m
}

// windowSlots is the set of slots from i to j.
func windowSlots(i, j int) uint32 { return uint32(uint64(1)<<j - uint64(1)<<i) }

// tie is the share by which a plan has to be worth more to be better, and not the same by
// another way of adding up: of equal plans the first window and the shortest stays.
const tie = 1e-12

// closedTo are the slots that take nothing from a window to avoid: those of used, and
// those that are out of reach of a slot of it.
func (s *windowSolver) closedTo(avoid slotSpan, used uint32) uint32 {
	reachable := windowSlots(max(avoid.to-1-s.p.reach, 0), min(avoid.from+s.p.reach+1, s.p.n))
	return used | ^reachable
}

// dive finds a first plan: the best move by itself, out of a window of at most so many
// slots, and with what is left the best next to it.
func (s *windowSolver) dive(longest int) {
	used, value, plan := uint32(0), 0.0, [mostMoves]windowMove{}
	for count := range s.p.moves {
		most := 0.0
		for i := range s.p.n {
			for j := i + s.p.minBlock; j <= min(i+longest, s.last[i]); j++ {
				if own := windowSlots(i, j); s.bound[i][j] > most && own&used == 0 {
					if m, gain := s.bestMove(i, j, used|own, most); gain > most*(1+tie) {
						most, plan[count] = gain, m
					}
				}
			}
		}
		if most <= 0 {
			return
		}
		value += most
		used |= plan[count].slots()
		s.record(plan[:count+1], value)
	}
}

// slots is the set of the slots of both windows.
func (m *windowMove) slots() uint32 {
	return windowSlots(m.avoid.from, m.avoid.to) | windowSlots(m.prefer.from, m.prefer.to)
}

// bestMove is the best move out of a window that is worth more than least, 0 or more, and
// what it is worth; 0 if there is none.
func (s *windowSolver) bestMove(i, j int, used uint32, least float64) (m windowMove, gain float64) {
	m.avoid, m.kwh = slotSpan{i, j}, s.kwh[i][j]
	need, worth, closed := s.factor*m.kwh, s.value[i][j], s.closedTo(m.avoid, used)
	costliest := (worth - least) / need
	for k := range s.prefers {
		w := &s.prefers[k]
		if w.mean >= costliest {
			break // what follows costs more
		}
		if w.slots&closed == 0 && w.room >= need {
			m.prefer = w.span
			return m, max(worth-need*w.mean, 0)
		}
	}
	return m, 0
}

// worthOf is what the energy of a window to avoid is worth.
func (s *windowSolver) worthOf(i, j int) float64 {
	return s.kwh[i][j] * (s.worth[j] - s.worth[i]) / (s.give[j] - s.give[i])
}

func (s *windowSolver) record(moves []windowMove, value float64) {
	if value > s.best*(1+tie) {
		s.best, s.bestCount = value, copy(s.bestMoves[:], moves)
	}
}

// partial is a set of windows to avoid that others may follow.
type partial struct {
	kwh, value float64 // taken out of them, and what that is worth
	bound      float64 // no moves out of them are worth more
}

// with is the set with another window to avoid. Together their energy costs no less
// than the cheapest slots do: windows that want the same hours have a lower bound than
// those that do not.
func (s *windowSolver) with(b partial, i, j int) partial {
	b.kwh += s.kwh[i][j]
	b.value += s.value[i][j]
	b.bound = min(b.bound+s.bound[i][j], (b.value-s.leastCost(s.factor*b.kwh))*(1+2*tie))
	return b
}

// search tries all sets of windows to avoid that begin with the first count windows
// of s.moves, which are so; the others lie from a slot on.
func (s *windowSolver) search(count, from int, used uint32, so partial) {
	p := s.p
	left := p.moves - count
	for i := from; i < p.n && so.bound+s.rest[left][i] > s.best; i++ {
		for j := i + p.minBlock; j <= s.last[i]; j++ {
			own, rest := s.bound[i][j], s.rest[left-1][j]
			if own <= 0 || so.bound+own+rest <= s.best {
				continue
			}
			all := s.with(so, i, j)
			if all.bound+rest <= s.best {
				continue
			}
			if s.moveAlone(i, j); s.bound[i][j] < own {
				if all = s.with(so, i, j); all.bound+rest <= s.best {
					continue
				}
			}
			s.moves[count] = windowMove{avoid: slotSpan{i, j}, kwh: s.kwh[i][j]}
			slots := used | windowSlots(i, j)
			if all.bound > s.best {
				s.assign(count+1, slots)
			}
			if left > 1 {
				s.search(count+1, j, slots, all)
			}
		}
	}
}

// assign finds the windows to prefer for the first count windows to avoid, which use
// the slots used, if that may be better than the best plan.
func (s *windowSolver) assign(count int, used uint32) {
	var most [mostMoves + 1]float64 // that the moves from each on are worth
	apart, all := true, used
	for k := count - 1; k >= 0; k-- {
		w := s.moves[k].avoid
		m := s.moveAlone(w.from, w.to)
		gain := s.bound[w.from][w.to]
		if gain <= 0 {
			return
		}
		own := windowSlots(m.prefer.from, m.prefer.to)
		apart, all = apart && all&own == 0, all|own
		s.moves[k].prefer = m.prefer
		most[k] = most[k+1] + gain
	}
	switch {
	case most[0] <= s.best:
	case apart:
		s.record(s.moves[:count], most[0])
	default:
		s.place(0, count, used, 0, &most)
	}
}

// place tries all windows to prefer for the move k and those after it; the moves
// before it are worth value. No moves from one on are worth more than most of it.
func (s *windowSolver) place(k, count int, used uint32, value float64, most *[mostMoves + 1]float64) {
	if value+most[k] <= s.best {
		return
	}
	w := s.moves[k].avoid
	if k == count-1 {
		if m := &s.alone[w.from][w.to]; used&windowSlots(m.prefer.from, m.prefer.to) == 0 {
			s.moves[k].prefer = m.prefer
			s.record(s.moves[:count], value+most[k])
		} else if m, gain := s.bestMove(w.from, w.to, used, max(s.best-value, 0)); gain > 0 {
			s.moves[k].prefer = m.prefer
			s.record(s.moves[:count], value+gain)
		}
		return
	}
	need, worth, closed := s.factor*s.moves[k].kwh, s.value[w.from][w.to], s.closedTo(w, used)
	costliest := func() float64 { return (worth - max(s.best-value-most[k+1], 0)) / need }
	limit := costliest()
	for c := range s.prefers {
		at := &s.prefers[c]
		if at.mean >= limit {
			return // what follows costs more
		}
		if at.slots&closed != 0 || at.room < need {
			continue
		}
		s.moves[k].prefer = at.span
		s.place(k+1, count, used|at.slots, value+worth-need*at.mean, most)
		limit = costliest()
	}
}
