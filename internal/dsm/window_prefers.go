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
//     two costs no more and lies within them;
//   - that cost more than a window within them that has room for the largest energy.
func (s *windowSolver) sortPrefers() {
	n, block := s.p.n, s.p.minBlock
	priciest := math.Inf(-1)
	for t := range n {
		if s.p.give[t] > 0 {
			priciest = max(priciest, s.p.worth[t]/s.factor)
		}
	}
	keys := s.keys[:0]
	var within [maxSlots + 1]uint64 // least cost, as keys have it, of a window with that room between the slot q and an end
	for r := range within {
		within[r] = math.MaxUint64
	}
	for q := n - 1; q >= 0; q-- {
		enough := q + block
		for enough <= s.open[q] && s.room[enough]-s.room[q] < s.most {
			enough++
		}
		canBeCut := false
		for r := q + block; r <= min(q+s.longestPrefer(), n); r++ { // none that begins before q ends later
			within[r] = min(within[r], within[r-1])
			if r > s.open[q] {
				continue
			}
			mean := s.mean[q][r]
			key := keyOf(mean, q, r)
			cost := key >> (2 * endBits)
			canBeCut = canBeCut || r-enough >= block && s.room[r]-s.room[enough] >= s.most
			if !canBeCut && mean < priciest && cost <= within[r] {
				keys = append(keys, key)
			}
			if s.room[r]-s.room[q] >= s.most {
				within[r] = min(within[r], cost)
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
