package forecast

import (
	"encoding/binary"
	"math"
	"slices"
)

// compiledForest is both forests made ready for evaluation: features are turned into small
// whole numbers once, and each threshold is then compared for eight columns at a
// time, one in each byte of a word.
type compiledForest struct {
	ranking [treeFeatures]ranking
	trees   []compiledTree[Leaves]
	start   WidthForest // without its trees
	widths  []compiledTree[widthLeaves]
	vector  *vectorForest // of the same trees; nil where the processor has no such instructions
}

// widthLeaves are the leaves of a tree of the width, below and above the forecast.
type widthLeaves [1 << depth][2]float32

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

// lanesOf is the number of words that hold the first columns.
func lanesOf(columns int) int { return (columns + 7) / 8 }

type compiledTree[leaves any] struct {
	feature [depth]uint8
	need    [depth]uint64 // the least rank that answers yes, in every byte
	leaf    leaves
}

const everyByte, highBits = 0x0101010101010101, 0x8080808080808080

func compile(f Forest, w *WidthForest) *compiledForest {
	g := &compiledForest{
		trees: make([]compiledTree[Leaves], len(f)), start: WidthForest{Below: w.Below, Over: w.Over},
		widths: make([]compiledTree[widthLeaves], len(w.Trees)),
	}
	cuts := cutsOf(f, w)
	for feature := range cuts {
		g.ranking[feature] = newRanking(cuts[feature])
	}
	if hasVectors {
		g.vector = newVectorForest(f, w, &cuts)
	}
	for i := range f {
		g.trees[i].ask(&f[i].Questions, &cuts)
		g.trees[i].leaf = f[i].Leaf
	}
	for i := range w.Trees {
		t := &g.widths[i]
		t.ask(&w.Trees[i].Questions, &cuts)
		for l := range t.leaf {
			t.leaf[l] = [2]float32{w.Trees[i].Below[l], w.Trees[i].Over[l]}
		}
	}
	return g
}

// cutsOf are the thresholds of both forests by feature, ascending.
func cutsOf(f Forest, w *WidthForest) (cuts [treeFeatures][]float32) {
	add := func(q *Questions) {
		for level, feature := range q.Feature {
			cuts[feature] = append(cuts[feature], q.Threshold[level])
		}
	}
	for i := range f {
		add(&f[i].Questions)
	}
	for i := range w.Trees {
		add(&w.Trees[i].Questions)
	}
	for feature := range cuts {
		slices.Sort(cuts[feature])
		cuts[feature] = slices.Compact(cuts[feature])
	}
	return cuts
}

func (t *compiledTree[leaves]) ask(q *Questions, cuts *[treeFeatures][]float32) {
	t.feature = q.Feature
	t.need = needsOf(q, cuts)
}

// needsOf are the least ranks that answer yes, in every byte.
func needsOf(q *Questions, cuts *[treeFeatures][]float32) (need [depth]uint64) {
	for level, feature := range q.Feature {
		at, _ := slices.BinarySearch(cuts[feature], q.Threshold[level])
		need[level] = uint64(at+1) * everyByte
	}
	return need
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

// rank turns the features of a day into ranks, in the first n words. split is the first
// column after midnight.
func (g *compiledForest) rank(x *treeInput, split, n int, ranks *rankedInput) {
	for f := range g.ranking {
		switch {
		case g.ranking[f].cut == nil:
		case f < firstUniform && g.vector != nil:
			g.vector.rank(f, &x[f], &ranks[f])
		case f < firstUniform:
			g.rankAll(f, x[f][:8*n], &ranks[f])
		default:
			g.rankParts(f, &x[f], split, &ranks[f])
		}
	}
}

// correct adds the trees' values for each column of the first n words, times the scale.
func (g *compiledForest) correct(ranks *rankedInput, n int, scale float32, out *[hoursADay]float32) {
	if g.vector != nil {
		g.vector.correct(ranks, n, scale, out)
		return
	}
	if n == 1 {
		g.correctFirst(ranks, scale, (*[8]float32)(out[:]))
		return
	}
	var sum [hoursADay]float32
	var one, two [hoursADay]uint8
	trees := g.trees
	for ; len(trees) >= 2; trees = trees[2:] { // so that each sum is read and written half as often
		a, b := &trees[0], &trees[1]
		a.leaves(ranks, &one)
		b.leaves(ranks, &two)
		for k := range sum {
			sum[k] += a.leaf[one[k]&(1<<depth-1)] + b.leaf[two[k]&(1<<depth-1)]
		}
	}
	for i := range trees {
		trees[i].leaves(ranks, &one)
		for k := range sum {
			sum[k] += trees[i].leaf[one[k]&(1<<depth-1)]
		}
	}
	for k := range out {
		out[k] += scale * sum[k]
	}
}

// correctFirst is correct for the first word alone.
func (g *compiledForest) correctFirst(ranks *rankedInput, scale float32, out *[8]float32) {
	var sum [8]float32
	var one, two [8]uint8
	trees := g.trees
	for ; len(trees) >= 2; trees = trees[2:] { // two at a time, as correct adds them
		a, b := &trees[0], &trees[1]
		a.leavesOfFirst(ranks, &one)
		b.leavesOfFirst(ranks, &two)
		for k := range sum {
			sum[k] += a.leaf[one[k]&(1<<depth-1)] + b.leaf[two[k]&(1<<depth-1)]
		}
	}
	for i := range trees {
		trees[i].leavesOfFirst(ranks, &one)
		for k := range sum {
			sum[k] += trees[i].leaf[one[k]&(1<<depth-1)]
		}
	}
	for k := range out {
		out[k] += scale * sum[k]
	}
}

// width is the usual width of the interval of each column of the first n words, below and
// above the forecast, in units of the scale.
func (g *compiledForest) width(ranks *rankedInput, n int, below, over *[hoursADay]float32) {
	for k := range below {
		below[k], over[k] = g.start.Below, g.start.Over
	}
	if g.vector != nil {
		g.vector.width(ranks, below, over)
	} else {
		g.addWidths(ranks, n, below, over)
	}
	for k := range below {
		below[k], over[k] = max(below[k], leastWidth), max(over[k], leastWidth)
	}
}

func (g *compiledForest) addWidths(ranks *rankedInput, n int, below, over *[hoursADay]float32) {
	var leaf [hoursADay]uint8
	for i := range g.widths {
		t := &g.widths[i]
		if n == 1 {
			t.leavesOfFirst(ranks, (*[8]uint8)(leaf[:]))
		} else {
			t.leaves(ranks, &leaf)
		}
		for k := range 8 * n {
			w := &t.leaf[leaf[k]&(1<<depth-1)]
			below[k] += w[0]
			over[k] += w[1]
		}
	}
}

// rankedInput holds the ranks of each feature; its length is a power of two, so
// that an index need not be checked.
type rankedInput [treeSlots][lanes]uint64

const treeSlots = 64

var _ [treeSlots - treeFeatures]struct{} // every feature has its place

// leaves finds the leaf of each column.
func (t *compiledTree[_]) leaves(ranks *rankedInput, out *[hoursADay]uint8) {
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

// leavesOfFirst finds the leaves of the columns in the first word.
func (t *compiledTree[_]) leavesOfFirst(ranks *rankedInput, out *[8]uint8) {
	var a uint64
	for level, feature := range t.feature {
		a = a>>1 | ((ranks[feature%treeSlots][0]|highBits)-t.need[level])&highBits
	}
	binary.LittleEndian.PutUint64(out[:], a>>(8-depth))
}

func (g *compiledForest) rankAll(f int, x []float32, out *[lanes]uint64) {
	r := &g.ranking[f]
	*out = [lanes]uint64{}
	for k, v := range x {
		out[k/8] |= uint64(r.of(v)) << (k % 8 * 8)
	}
}

// rankParts ranks a feature that has one value in the columns before midnight and one in
// those after it.
func (g *compiledForest) rankParts(f int, x *[hoursADay]float32, split int, out *[lanes]uint64) {
	first, second := uint64(g.ranking[f].of(x[0]))*everyByte, uint64(g.ranking[f].of(x[hoursADay-1]))*everyByte
	for i := range out {
		after := ^uint64(0) << (8 * uint(min(max(split-8*i, 0), 8))) // bytes from the split on
		out[i] = first&^after | second&after
	}
}
