package dsm

import (
	"math"
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

// sortPrefers lists the windows to prefer in order of cost. Left out are those
//   - that cost more than any hour is worth;
//   - that could be cut in two that have room for the largest energy each: one of the
//     two costs no more and lies within them.
func (s *windowSolver) sortPrefers() {
	n, block := s.p.n, s.p.minBlock
	priciest := math.Inf(-1)
	for t := range n {
		if s.p.give[t] > 0 {
			priciest = max(priciest, s.p.worth[t]/s.factor)
		}
	}
	keys := s.keys[:0]
	for q := range n {
		enough := q + block
		for enough <= s.open[q] && s.room[enough]-s.room[q] < s.most {
			enough++
		}
		for r := q + block; r <= s.open[q]; r++ {
			if r-enough >= block && s.room[r]-s.room[enough] >= s.most {
				break
			}
			if mean := s.mean[q][r]; mean < priciest {
				keys = append(keys, keyOf(mean, q, r))
			}
		}
	}
	slices.Sort(keys)
	s.prefers = s.memory[:len(keys)]
	for k, key := range keys {
		from, to := int(key>>endBits)&(1<<endBits-1), int(key)&(1<<endBits-1)
		s.prefers[k] = preferred{windowSlots(from, to), slotSpan{from, to}, s.room[to] - s.room[from], s.mean[from][to]}
	}
}
