package dsm

import (
	"math"
	"math/bits"
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
	giveEnd                 [maxSlots]int // first slot from each on that gives nothing
	noRoom                  uint32        // slots that take nothing

	kwh   [maxSlots][maxSlots + 1]float64      // that a window to avoid gives, by first slot and end
	bound [maxSlots][maxSlots + 1]float64      // no move out of it is worth more
	rest  [mostMoves + 1][maxSlots + 1]float64 // best sum of bounds of so many windows from a slot on

	alone   [maxSlots][maxSlots + 1]windowMove // the best move out of a window by itself
	isAlone [maxSlots]uint64                   // ends of the windows of which bound is what alone is worth, by first slot

	before, after [maxSlots + 1][rooms]float64 // least cost of a window to prefer before, and from, a slot, by its room

	moves, bestMoves [mostMoves]windowMove // of the search, and the best so far
	bestCount        int
	best             float64
}

// solve finds an optimal plan by branch and bound, and returns what it is worth; out
// holds the moves, in the order of the windows to avoid. The bound of a window is
// what it is worth with the best hours for its energy, wherever they lie within
// reach; that of several windows ignores that two may want the same hours. rest
// is the best sum of such bounds (weighted interval scheduling, as runProblem has
// it), so the search sees few windows but those of the optimum.
func (s *windowSolver) solve(p *windowProblem, out *shiftPlan) (gain float64) {
	s.start(p)
	s.dive()
	s.search(0, 0, 0, 0)
	*out = shiftPlan{}
	for _, m := range s.bestMoves[:s.bestCount] {
		s.spread(&m, out)
	}
	return s.best
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

// start fills in the sums, the windows to avoid and the bounds.
func (s *windowSolver) start(p *windowProblem) {
	s.p, s.factor, s.best, s.bestCount = p, 1+p.rebound, 0, 0
	n := p.n
	for t := range n {
		s.give[t+1] = s.give[t] + p.give[t]
		s.worth[t+1] = s.worth[t] + p.give[t]*p.worth[t]
		s.room[t+1] = s.room[t] + p.room[t]
		s.cost[t+1] = s.cost[t] + p.room[t]*p.cost[t]
	}
	s.noRoom = 0
	for t := n - 1; t >= 0; t-- {
		switch {
		case p.give[t] <= 0:
			s.giveEnd[t] = t
		case t+1 < n:
			s.giveEnd[t] = max(s.giveEnd[t+1], t+1)
		default:
			s.giveEnd[t] = n
		}
		if p.room[t] <= 0 {
			s.noRoom |= 1 << t
		}
	}
	for i := range n {
		s.isAlone[i] = 0
		for j := i + p.minBlock; j <= s.giveEnd[i]; j++ {
			s.kwh[i][j] = p.wholeSteps(s.give[j] - s.give[i])
		}
	}
	if p.reach < n {
		s.boundByMove()
	} else {
		s.boundByCost()
	}
	s.addBounds()
}

// wholeSteps rounds an energy down.
func (p *windowProblem) wholeSteps(kwh float64) float64 {
	if p.step > 0 {
		return p.step * math.Floor(kwh/p.step+1e-9)
	}
	return kwh
}

// boundByMove bounds a window to avoid by the best move out of it.
func (s *windowSolver) boundByMove() {
	for i := range s.p.n {
		for j := i + s.p.minBlock; j <= s.giveEnd[i]; j++ {
			s.bound[i][j] = 0
			if s.kwh[i][j] > 0 {
				s.moveAlone(i, j)
			}
		}
	}
}

// moveAlone is the best move out of a window by itself; from then on what it is worth
// is the window's bound.
func (s *windowSolver) moveAlone(i, j int) *windowMove {
	m := &s.alone[i][j]
	if s.isAlone[i]&(1<<j) == 0 {
		s.isAlone[i] |= 1 << j
		*m, s.bound[i][j] = s.bestMove(i, j, windowSlots(i, j))
	}
	return m
}

// rooms is how many classes of room boundByCost tells apart.
const rooms = 32

// boundByCost bounds a window to avoid by the least cost of the windows to prefer on
// either side of it that have room for its energy, or for a little less: windows
// are sorted by classes of room.
func (s *windowSolver) boundByCost() {
	p, n := s.p, s.p.n
	none := math.Inf(1)
	for t := range n + 1 {
		for c := range rooms {
			s.before[t][c], s.after[t][c] = none, none
		}
	}
	scale := 0.0 // classes of a kWh
	if s.room[n] > 0 {
		scale = rooms / (s.room[n] * (1 + 1e-9))
	}
	for q := range n {
		for r := q + p.minBlock; r <= n && s.noRoom&(1<<(r-1)) == 0; r++ {
			room := s.room[r] - s.room[q]
			mean, class := (s.cost[r]-s.cost[q])/room, int(room*scale)
			s.before[r][class] = min(s.before[r][class], mean)
			s.after[q][class] = min(s.after[q][class], mean)
		}
	}
	for t := 1; t <= n; t++ {
		for c := rooms - 1; c >= 0; c-- {
			least := min(s.before[t][c], s.before[t-1][c])
			if c+1 < rooms {
				least = min(least, s.before[t][c+1])
			}
			s.before[t][c] = least
			least = min(s.after[n-t][c], s.after[n-t+1][c])
			if c+1 < rooms {
				least = min(least, s.after[n-t][c+1])
			}
			s.after[n-t][c] = least
		}
	}
	for i := range n {
		for j := i + p.minBlock; j <= s.giveEnd[i]; j++ {
			s.bound[i][j] = 0
			need := s.factor * s.kwh[i][j]
			if need > 0 && need <= s.room[n] {
				class := int(need * scale)
				s.bound[i][j] = max(s.worthOf(i, j)-need*min(s.before[i][class], s.after[j][class]), 0)
			}
		}
	}
}

// addBounds fills in the best sums of bounds.
func (s *windowSolver) addBounds() {
	p := s.p
	for k := range p.moves + 1 {
		s.rest[k][p.n] = 0
	}
	for i := p.n - 1; i >= 0; i-- {
		for k := 1; k <= p.moves; k++ {
			best := s.rest[k][i+1]
			for j := i + p.minBlock; j <= s.giveEnd[i]; j++ {
				best = max(best, s.bound[i][j]+s.rest[k-1][j])
			}
			s.rest[k][i] = best
		}
	}
}

// windowSlots is the set of slots from i to j.
func windowSlots(i, j int) uint32 { return uint32(uint64(1)<<j - uint64(1)<<i) }

// eachPrefer shows the windows to prefer that are within reach of all slots from i
// to j, have no slot of used, and room for need, with the mean of their cost. Of a
// window that could be cut in two that have the room each, one of these costs no
// more than it and lies within it: only what cannot be cut is of interest.
func (s *windowSolver) eachPrefer(i, j int, need float64, used uint32, show func(from, to int, mean float64)) {
	p, block := s.p, s.p.minBlock
	last := min(i+p.reach+1, p.n)
	closed := uint64(used|s.noRoom) | 1<<last
	for q := max(j-1-p.reach, 0); q+block <= last; q++ {
		end := q + bits.TrailingZeros64(closed>>q) // of the run of open slots
		for enough := q; q+block <= end; q++ {
			enough = max(enough, q+block)
			for enough <= end && s.room[enough]-s.room[q] < need {
				enough++
			}
			if enough > end {
				break // nor does what begins later
			}
			for r := enough; r <= end; r++ {
				if r-enough >= block && s.room[r]-s.room[enough] >= need {
					break
				}
				show(q, r, (s.cost[r]-s.cost[q])/(s.room[r]-s.room[q]))
			}
		}
		q = end
	}
}

// dive finds a first plan: the best move by itself, and with what is left the best
// next to it.
func (s *windowSolver) dive() {
	used, value, plan := uint32(0), 0.0, [mostMoves]windowMove{}
	for count := range s.p.moves {
		most := 0.0
		for i := range s.p.n {
			for j := i + s.p.minBlock; j <= s.giveEnd[i]; j++ {
				if own := windowSlots(i, j); s.bound[i][j] > most && own&used == 0 {
					if m, gain := s.bestMove(i, j, used|own); gain > most {
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

// bestMove is the best move out of a window, and what it is worth; 0 if there is
// none.
func (s *windowSolver) bestMove(i, j int, used uint32) (m windowMove, gain float64) {
	m.avoid, m.kwh = slotSpan{i, j}, s.kwh[i][j]
	need, least := s.factor*m.kwh, math.Inf(1)
	s.eachPrefer(i, j, need, used, func(from, to int, mean float64) {
		if mean < least {
			least, m.prefer = mean, slotSpan{from, to}
		}
	})
	return m, max(s.worthOf(i, j)-need*least, 0)
}

// worthOf is what the energy of a window to avoid is worth.
func (s *windowSolver) worthOf(i, j int) float64 {
	return s.kwh[i][j] * (s.worth[j] - s.worth[i]) / (s.give[j] - s.give[i])
}

func (s *windowSolver) record(moves []windowMove, value float64) {
	if value > s.best {
		s.best, s.bestCount = value, copy(s.bestMoves[:], moves)
	}
}

// search tries all sets of windows to avoid that begin with the first count windows
// of s.moves, whose bounds add up to bound; the others lie from a slot on.
func (s *windowSolver) search(count, from int, used uint32, bound float64) {
	p := s.p
	left := p.moves - count
	for i := from; i < p.n && bound+s.rest[left][i] > s.best; i++ {
		for j := i + p.minBlock; j <= s.giveEnd[i]; j++ {
			own := s.bound[i][j]
			if own <= 0 || bound+own+s.rest[left-1][j] <= s.best {
				continue
			}
			s.moves[count] = windowMove{avoid: slotSpan{i, j}, kwh: s.kwh[i][j]}
			all := used | windowSlots(i, j)
			if bound+own > s.best {
				s.assign(count+1, all)
			}
			if left > 1 {
				s.search(count+1, j, all, bound+own)
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
		} else if m, gain := s.bestMove(w.from, w.to, used); gain > 0 {
			s.moves[k].prefer = m.prefer
			s.record(s.moves[:count], value+gain)
		}
		return
	}
	need, worth := s.factor*s.moves[k].kwh, s.worthOf(w.from, w.to)
	s.eachPrefer(w.from, w.to, need, used, func(from, to int, mean float64) {
		if gain := worth - need*mean; gain > 0 && value+gain+most[k+1] > s.best {
			s.moves[k].prefer = slotSpan{from, to}
			s.place(k+1, count, used|windowSlots(from, to), value+gain, most)
		}
	})
}
