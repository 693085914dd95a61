package forecast

import (
	"math"
	"slices"
)

// grove is a forest made ready to be asked: features are turned into small
// whole numbers once, and each question is then asked about eight columns at a
// time, one in each byte of a word.
type grove struct {
	rank  [treeFeatures]ranking
	trees []askedTree
}

// mostCuts is the most thresholds that a feature may have: a rank fits seven bits.
const mostCuts = 1<<7 - 1

// ranking tells how many of a feature's thresholds lie below a value.
type ranking struct {
	cut  []float32 // ascending, filled up with +Inf to one less than a power of two
	half int       // that power of two, halved; 0 if the forest does not ask the feature
}

// lanes is the number of words that hold a rank for each column.
const lanes = hoursADay / 8

type askedTree struct {
	feature [depth]uint8
	need    [depth]uint64 // the least rank that answers yes, in every byte
	leaf    [1 << depth]float32
}

const everyByte, highBits = 0x0101010101010101, 0x8080808080808080

func newGrove(f Forest) *grove {
	g := &grove{trees: make([]askedTree, len(f))}
	var cuts [treeFeatures][]float32
	for i := range f {
		for level, feature := range f[i].Feature {
			cuts[feature] = append(cuts[feature], f[i].Threshold[level])
		}
	}
	for feature := range cuts {
		slices.Sort(cuts[feature])
		cuts[feature] = slices.Compact(cuts[feature])
		g.rank[feature] = newRanking(cuts[feature])
	}
	for i := range f {
		t := &g.trees[i]
		t.feature, t.leaf = f[i].Feature, f[i].Leaf
		for level, feature := range t.feature {
			at, _ := slices.BinarySearch(cuts[feature], f[i].Threshold[level])
			t.need[level] = uint64(at+1) * everyByte
		}
	}
	return g
}

func newRanking(cuts []float32) ranking {
	if len(cuts) == 0 {
		return ranking{}
	}
	size := 1
	for size <= len(cuts) {
		size *= 2
	}
	r := ranking{cut: make([]float32, size-1), half: size / 2}
	for i := copy(r.cut, cuts); i < len(r.cut); i++ {
		r.cut[i] = float32(math.Inf(1))
	}
	return r
}

func (r *ranking) of(v float32) uint8 {
	at := 0
	for step := r.half; step > 0; step /= 2 {
		if r.cut[at+step-1] < v {
			at += step
		}
	}
	return uint8(at)
}

// apply adds the trees' values for each column, times the scale.
func (g *grove) apply(x *treeInput, scale float32, out *[hoursADay]float32) {
	var ranks [treeFeatures][lanes]uint64
	for f := range ranks {
		if g.rank[f].half > 0 {
			g.rankAll(f, &x[f], &ranks[f])
		}
	}
	var sum [hoursADay]float32
	for i := range g.trees {
		t := &g.trees[i]
		var leaf [lanes]uint64
		for level, feature := range t.feature {
			need := t.need[level]
			r := &ranks[feature]
			for lane := range leaf {
				// The high bit of a byte stays set where the rank reaches what is needed.
				yes := ((r[lane] | highBits) - need) & highBits
				leaf[lane] |= yes >> (7 - level)
			}
		}
		for k := range sum {
			sum[k] += t.leaf[leaf[k/8]>>(k%8*8)&(1<<depth-1)]
		}
	}
	for k := range out {
		out[k] += scale * sum[k]
	}
}

func (g *grove) rankAll(f int, x *[hoursADay]float32, out *[lanes]uint64) {
	r := &g.rank[f]
	if f >= firstUniform {
		word := uint64(r.of(x[0])) * everyByte
		*out = [lanes]uint64{word, word, word}
		return
	}
	for k, v := range x {
		out[k/8] |= uint64(r.of(v)) << (k % 8 * 8)
	}
}
