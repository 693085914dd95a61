package dsm

import (
	"math"
	"math/bits"
	"slices"
)

// preferred is a window to prefer.
type preferred struct {
	slots      uint32
	span       slotSpan
	room, mean float64 // mean cost
}

// endBits is how many bits a key has for the number of a slot.
const endBits = 5

// keyOf has the mean cost of a window and, in the lowest ten bits, its ends: in order of
// their keys windows are in order of cost, but for a 10⁻¹²th of it.
func keyOf(mean float64, from, to int) uint64 {
	key := math.Float64bits(mean)
	if mean < 0 {
		key = ^key
	} else {
		key |= 1 << 63
	}
	return key&^(1<<(2*endBits)-1) | uint64(from)<<endBits | uint64(to)
}

// sortPrefers lists the windows to prefer in order of cost. One that could be cut in
// two that have room for the largest energy each is left out: one of the two costs no
// more and lies within it.
func (s *windowSolver) sortPrefers() {
	n, block := s.p.n, s.p.minBlock
	most := 0.0
	for i := range n {
		for j := i + block; j <= s.giveEnd[i]; j++ {
			if s.bound[i][j] > 0 {
				most = max(most, s.factor*s.kwh[i][j])
			}
		}
	}
	keys := s.keys[:0]
	for q := range n {
		open := q + bits.TrailingZeros64((uint64(s.noRoom)|1<<n)>>q)
		enough := q + block
		for enough <= open && s.room[enough]-s.room[q] < most {
			enough++
		}
		for r := q + block; r <= open; r++ {
			if r-enough >= block && s.room[r]-s.room[enough] >= most {
				break
			}
			keys = append(keys, keyOf((s.cost[r]-s.cost[q])/(s.room[r]-s.room[q]), q, r))
		}
	}
	slices.Sort(keys)
	s.prefers = s.memory[:len(keys)]
	for k, key := range keys {
		from, to := int(key>>endBits)&(1<<endBits-1), int(key)&(1<<endBits-1)
		room := s.room[to] - s.room[from]
		s.prefers[k] = preferred{windowSlots(from, to), slotSpan{from, to}, room, (s.cost[to] - s.cost[from]) / room}
	}
}
