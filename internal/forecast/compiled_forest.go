package forecast

import (
	"encoding/binary"
	"math"
	"slices"
)

// compiledForest is a forest made ready for evaluation: features are turned into small
// whole numbers once, and each threshold is then compared for eight columns at a
// time, one in each byte of a word.
type compiledForest struct {
	rank  [treeFeatures]ranking
	trees []compiledTree
}

// mostCuts is the most thresholds that a feature may have: a rank fits seven bits.
const mostCuts = 1<<7 - 1

// ranking counts how many of a feature's thresholds lie below a value. Values are
// divided into cells by sign, exponent and the first bits of the mantissa, so that
// most cells hold no threshold and the others seldom more than one.
type ranking struct {
	cut   []int32      // ascending, as ordered gives them, and some that lie below no value; nil if the forest does not ask the feature
	most  int          // thresholds in one cell
	first [cells]uint8 // threshold of a cell, or of the next that has one
}

const (
	cells    = 1 << 12
	cellBits = 32 - 12 // of a value, that its cell does not hold
)

// ordered is a whole number in the order of the values.
func ordered(v float32) int32 {
	b := int32(math.Float32bits(v + 0)) // −0 counts as 0
	return b ^ (b >> 31 & math.MaxInt32)
}

// cellOf is the cell of an ordered value.
func cellOf(x int32) uint32 { return (uint32(x) ^ 1<<31) >> cellBits }

// lanes is the number of words that hold a rank for each column.
const lanes = hoursADay / 8

type compiledTree struct {
	feature [depth]uint8
	need    [depth]uint64 // the least rank that answers yes, in every byte
	leaf    [1 << depth]float32
}

const everyByte, highBits = 0x0101010101010101, 0x8080808080808080

func compile(f Forest) *compiledForest {
	g := &compiledForest{trees: make([]compiledTree, len(f))}
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

func newRanking(cuts []float32) (r ranking) {
	if len(cuts) == 0 {
		return r
	}
	var in [cells]int
	for _, v := range cuts {
		x := ordered(v)
		r.cut = append(r.cut, x)
		in[cellOf(x)]++
	}
	before := 0
	for c, n := range in {
		r.first[c] = uint8(before)
		before += n
		r.most = max(r.most, n)
	}
	for range r.most {
		r.cut = append(r.cut, math.MaxInt32)
	}
	return r
}

// of is the rank of a value. It takes no branch: half of the time one would be
// guessed wrong.
func (r *ranking) of(v float32) uint8 {
	x := ordered(v)
	first := int(r.first[cellOf(x)])
	rank := first
	for _, cut := range r.cut[first : first+r.most] {
		rank -= int((int64(cut) - int64(x)) >> 63) // 1 more if it is below v
	}
	return uint8(rank)
}

// apply adds the trees' values for each column, times the scale.
func (g *compiledForest) apply(x *treeInput, scale float32, out *[hoursADay]float32) {
	var ranks rankedInput
	for f := range g.rank {
		if g.rank[f].cut != nil {
			g.rankAll(f, &x[f], &ranks[f])
		}
	}
	var sum [hoursADay]float32
	var one, two [hoursADay]uint8
	trees := g.trees
	for ; len(trees) >= 2; trees = trees[2:] { // so that each sum is read and written half as often
		a, b := &trees[0], &trees[1]
		a.leaves(&ranks, &one)
		b.leaves(&ranks, &two)
		for k := range sum {
			sum[k] += a.leaf[one[k]&(1<<depth-1)] + b.leaf[two[k]&(1<<depth-1)]
		}
	}
	for i := range trees {
		trees[i].leaves(&ranks, &one)
		for k := range sum {
			sum[k] += trees[i].leaf[one[k]&(1<<depth-1)]
		}
	}
	for k := range out {
		out[k] += scale * sum[k]
	}
}

// rankedInput holds the ranks of each feature; its length is a power of two, so
// that an index need not be checked.
type rankedInput [treeSlots][lanes]uint64

const treeSlots = 32

var _ [treeSlots - treeFeatures]struct{} // every feature has its place

// leaves finds the leaf of each column.
func (t *compiledTree) leaves(ranks *rankedInput, out *[hoursADay]uint8) {
	var a, b, c uint64 // a lane each
	for level, feature := range t.feature {
		need, r := t.need[level], &ranks[feature%treeSlots]
		// The high bit of a byte stays set where the rank reaches what is needed. The
		// answers to the questions before move down a bit.
		a = a>>1 | ((r[0]|highBits)-need)&highBits
		b = b>>1 | ((r[1]|highBits)-need)&highBits
		c = c>>1 | ((r[2]|highBits)-need)&highBits
	}
	binary.LittleEndian.PutUint64(out[0:], a>>(8-depth))
	binary.LittleEndian.PutUint64(out[8:], b>>(8-depth))
	binary.LittleEndian.PutUint64(out[16:], c>>(8-depth))
}

func (g *compiledForest) rankAll(f int, x *[hoursADay]float32, out *[lanes]uint64) {
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
