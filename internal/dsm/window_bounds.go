package dsm

import (
	"math"
)

// addOwnBounds bounds each window to avoid by the least mean cost of any window to
// prefer beside it that has as many slots as its energy needs at least. Where all slots
// have one room, only the ends of the reach make a move worth less than its bound.
// Windows for whose energy there is no room are left out.
func (s *windowSolver) addOwnBounds() {
	p, n := s.p, s.p.n
	room := 0.0 // of the roomiest slot
	for t := range n {
		room = max(room, p.room[t])
	}
	var from [maxSlots]int // end of the first window that has no bound yet, by first slot
	for i := range n {
		from[i] = i + p.minBlock
		s.least[i][i] = math.Inf(1)
	}
	s.least[n][n] = math.Inf(1)
	for slots, left := 1, true; left && slots <= s.longestPrefer(); slots++ {
		s.measure(slots)
		left = false
		fits := room * (float64(slots) + 1e-9)
		for i := range n {
			j, last := from[i], min(i+p.reach+1, n) // end of the slots within reach of i
			for ; j <= s.last[i] && s.factor*s.kwh[i][j] <= fits; j++ {
				s.setBound(i, j, min(s.least[max(j-1-p.reach, 0)][i], s.least[j][last]))
			}
			from[i], left = j, left || j <= s.last[i]
		}
	}
	for i := range n {
		s.last[i] = min(s.last[i], from[i]-1)
	}
}

// addLooseBounds bounds each window to avoid by the cost of the cheapest slot.
func (s *windowSolver) addLooseBounds() {
	least := math.Inf(1)
	for t := range s.p.n {
		if s.p.room[t] > 0 {
			least = min(least, s.p.cost[t])
		}
	}
	for i := range s.p.n {
		for j := i + s.p.minBlock; j <= s.last[i]; j++ {
			s.setBound(i, j, least)
		}
	}
}

// setBound bounds a window to avoid by the least mean cost of its windows to prefer.
func (s *windowSolver) setBound(i, j int, least float64) {
	s.value[i][j], s.bound[i][j] = 0, 0
	need := s.factor * s.kwh[i][j]
	if need <= 0 || need > s.room[s.p.n] {
		return
	}
	s.value[i][j] = s.worthOf(i, j)
	if gain := s.value[i][j] - need*least; gain > 0 {
		s.bound[i][j] = gain
		s.most = max(s.most, need)
	}
}

// measure fills in the least mean costs of windows with so many slots or more, after
// those with one less.
func (s *windowSolver) measure(slots int) {
	n, longest := s.p.n, s.longestPrefer()
	for a := n - slots + 1; a >= 0; a-- {
		least := math.Inf(1)
		s.least[a][a+slots-1] = least
		for b := a + slots; b <= min(a+longest, n); b++ {
			least = min(least, s.least[a+1][b], s.mean[a][b])
			s.least[a][b] = least
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

// addBounds fills in the best sums of bounds.
func (s *windowSolver) addBounds() {
	p := s.p
	for k := range p.moves + 1 {
		s.rest[k][p.n] = 0
	}
	for i := p.n - 1; i >= 0; i-- {
		for k := 1; k <= p.moves; k++ {
			best := s.rest[k][i+1]
			for j := i + p.minBlock; j <= s.last[i]; j++ {
				best = max(best, s.bound[i][j]+s.rest[k-1][j])
			}
			s.rest[k][i] = best
		}
	}
}
