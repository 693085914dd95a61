package dsm

import (
	"math"
	"math/bits"
)

// addOwnBounds bounds each window to avoid by the least mean cost of any window to
// prefer beside it that has as many slots as its energy needs at least. Where all slots
// have one room, only the ends of the reach make a move worth less than its bound.
// Windows of more slots than longest are left out.
func (s *windowSolver) addOwnBounds(longest int) {
	p, n := s.p, s.p.n
	room := 0.0 // of the roomiest slot
	for t := range n {
		room = max(room, p.room[t])
	}
	s.measured = 0
	for i := range n {
		last := min(i+p.reach+1, n) // end of the slots within reach of i
		s.besideUpTo = 0
		for j := i + p.minBlock; j <= s.giveEnd[i]; j++ {
			s.bound[i][j] = 0
			need := s.factor * s.kwh[i][j]
			if need <= 0 || need > s.room[n] || j-i > longest {
				continue
			}
			slots := max(p.minBlock, int(math.Ceil(need/room-1e-9)))
			if slots >= n {
				continue
			}
			s.lookBeside(i, last, slots)
			first := max(j-1-p.reach, 0)
			least := min(s.leastBefore[slots][first], s.leastAfter[slots][j])
			s.value[i][j] = s.worthOf(i, j)
			s.bound[i][j] = max(s.value[i][j]-need*least, 0)
		}
	}
}

// sortSlots sorts the slots that have room by their cost.
func (s *windowSolver) sortSlots() {
	var order [maxSlots]int
	count := 0
	for t := range s.p.n {
		if s.p.room[t] <= 0 {
			continue
		}
		k := count
		for ; k > 0 && s.p.cost[order[k-1]] > s.p.cost[t]; k-- {
			order[k] = order[k-1]
		}
		order[k] = t
		count++
	}
	s.fills = count
	s.fill[0].kwh, s.fill[0].cost = 0, 0
	for k, t := range order[:count] {
		s.fill[k].price = s.p.cost[t]
		s.fill[k+1].kwh, s.fill[k+1].cost = s.fill[k].kwh+s.p.room[t], s.fill[k].cost+s.p.room[t]*s.p.cost[t]
	}
	s.fill[count].price = math.Inf(1)
}

// leastCost is what an energy costs at least, in whichever windows: the cheapest slots
// are filled up.
func (s *windowSolver) leastCost(need float64) float64 {
	k := 0
	for k < s.fills && s.fill[k+1].kwh < need {
		k++
	}
	return s.fill[k].cost + (need-s.fill[k].kwh)*s.fill[k].price
}

// lookBeside fills in the least mean costs beside a window to avoid that begins with slot
// i, of windows with up to so many slots at least; last is the end of its reach.
func (s *windowSolver) lookBeside(i, last, slots int) {
	for m := max(s.besideUpTo+1, s.p.minBlock); m <= slots; m++ {
		s.measure(m)
		least := math.Inf(1)
		for q := last; q > i; q-- {
			if q+m <= last {
				least = min(least, s.least[m][q])
			}
			s.leastAfter[m][q] = least
		}
		least = math.Inf(1)
		for q := i; q >= max(i-s.p.reach, 0); q-- {
			if q+m <= i {
				least = min(least, s.least[m][q])
			}
			s.leastBefore[m][q] = least
		}
	}
	s.besideUpTo = max(s.besideUpTo, slots)
}

// measure fills in the least mean costs of windows with m slots or more, by their first
// slot. One of twice as many could be cut in two, and one of the two costs no more.
func (s *windowSolver) measure(m int) {
	for s.measured < m {
		s.measured++
		k, n := s.measured, s.p.n
		for q := range n {
			least := math.Inf(1)
			open := q + bits.TrailingZeros64((uint64(s.noRoom)|1<<n)>>q) // end of the run of slots with room
			for r := q + k; r <= min(q+2*k-1, open); r++ {
				least = min(least, (s.cost[r]-s.cost[q])/(s.room[r]-s.room[q]))
			}
			s.least[k][q] = least
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
