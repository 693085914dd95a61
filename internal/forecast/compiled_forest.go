package forecast

import (
	"math"
	"slices"
)

// compiledForest is both forests made ready for evaluation: features are turned into small
// whole numbers once, and each threshold is then compared for eight columns at a
// time, one in each byte of a word.
type compiledForest struct {
	ranking [treeFeatures]ranking
	start   WidthForest   // without its trees
	vector  *vectorForest // nil where the processor has no such instructions

	// Without a vectorForest.
	trees  []compiledTree[Leaves]
	widths []compiledTree[widthLeaves]
}

// widthLeaves are the leaves of a tree of the width, below and above the forecast.
type widthLeaves [1 << depth][2]float32

// mostCuts is the most thresholds that a feature may have: a rank fits seven bits.
const mostCuts = 1<<7 - 1

// ranking counts how many of a feature's thresholds lie below a value. Values are
// divided into cells by sign, exponent and the first bits of the mantissa, so that
// most cells hold no threshold and the others seldom more than one.
type ranking struct {
	cut   []int32       // ascending, as ordered gives them, and some that lie below no value; nil if the forest does not ask the feature
	most  int           // thresholds in one cell
	first *[cells]uint8 // threshold of a cell, or of the next that has one; nil where seldom asked: thresholds are searched
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

// words is the number of words that hold a rank for each column of a day, and for the first
// columns of the second day: a plan that is issued hours before midnight wants few of those,
// and they cost little beside the others.
const (
	dayWords     = hoursADay / 8
	words        = dayWords + 1
	extraColumns = 8
)

// forestSums are what trees add up to, for the columns of a rankedInput.
type forestSums [8 * words]float32

type compiledTree[leaves any] struct {
	feature [depth]uint8
	need    [depth]uint64 // the least rank that answers yes, in every byte
	leaf    leaves
}

const everyByte, highBits = 0x0101010101010101, 0x8080808080808080

func compile(f Forest, w *WidthForest) *compiledForest {
	if hasVectors {
		return compileVectors(f, w)
	}
	return compilePlain(f, w)
}

// compileVectors leaves out what only the portable code needs: the trees once more, and the
// cells of features that vectors rank, or that are ranked once for all meters.
func compileVectors(f Forest, w *WidthForest) *compiledForest {
	g := &compiledForest{start: WidthForest{Below: w.Below, Over: w.Over}}
	cuts := cutsOf(f, w)
	for feature := range cuts {
		if g.ranking[feature] = newRanking(cuts[feature]); feature < firstUniform || feature >= firstCalendar {
			g.ranking[feature].first = nil
		}
	}
	g.vector = newVectorForest(f, w, &cuts)
	return g
}

// compilePlain makes the forests ready for any processor.
func compilePlain(f Forest, w *WidthForest) *compiledForest {
	g := &compiledForest{
		start: WidthForest{Below: w.Below, Over: w.Over},
		trees: make([]compiledTree[Leaves], len(f)), widths: make([]compiledTree[widthLeaves], len(w.Trees)),
	}
	cuts := cutsOf(f, w)
	for feature := range cuts {
		g.ranking[feature] = newRanking(cuts[feature])
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
		cuts[feature] = slices.Clip(slices.Clone(slices.Compact(cuts[feature])))
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
	r.first = new([cells]uint8)
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
	if r.first == nil {
		at, _ := slices.BinarySearch(r.cut, x)
		return uint8(at)
	}
	first := int(r.first[cellOf(x)])
	rank := first
	for _, cut := range r.cut[first : first+r.most] {
		rank -= int((int64(cut) - int64(x)) >> 63) // 1 more if it is below v
	}
	return uint8(rank)
}

// rank turns the features of a day, and those of the first columns of the second day, into
// ranks: in the first n words. Those of the calendar are known.
func (g *compiledForest) rank(x, second *treeInput, calendar *calendarRanks, n int, ranks *rankedInput) {
	for f := range firstUniform {
		switch {
		case g.ranking[f].cut == nil || f == leadFeature || f == clockFeature:
		case g.vector != nil:
			g.vector.rank(f, &x[f], &second[f], &ranks[f])
		default:
			g.rankColumns(f, &x[f], &second[f], n, &ranks[f])
		}
	}
	for f := firstUniform; f < firstCalendar; f++ {
		if g.ranking[f].cut == nil {
			continue
		}
		all := uint64(g.ranking[f].of(x[f][0])) * everyByte
		ranks[f] = [words]uint64{all, all, all, all}
		if n == words {
			ranks[f][dayWords] = uint64(g.ranking[f].of(second[f][0])) * everyByte
		}
	}
	for i, f := range calendarFeatures {
		ranks[f] = calendar[i]
	}
}

func (g *compiledForest) rankColumns(f int, x, second *[hoursADay]float32, n int, out *[words]uint64) {
	r := &g.ranking[f]
	*out = [words]uint64{}
	for k, v := range x {
		out[k/8] |= uint64(r.of(v)) << (k % 8 * 8)
	}
	if n == words {
		for k, v := range second[:extraColumns] {
			out[dayWords] |= uint64(r.of(v)) << (k * 8)
		}
	}
}

// calendarFeatures are the features that all meters have in common.
var calendarFeatures = [...]int{
	leadFeature, clockFeature, firstCalendar, firstCalendar + 1, firstCalendar + 2, firstCalendar + 3,
	firstCalendar + 4, firstCalendar + 5, firstCalendar + 6, firstCalendar + 7, firstCalendar + 8,
}

// calendarRanks are the ranks of calendarFeatures.
type calendarRanks [len(calendarFeatures)][words]uint64

// rankCalendar ranks what the calendar knows of a day and of the one after it.
func (g *compiledForest) rankCalendar(x, second *treeInput) (out calendarRanks) {
	for i, f := range calendarFeatures {
		if g.ranking[f].cut != nil {
			g.rankColumns(f, &x[f], &second[f], words, &out[i])
		}
	}
	return out
}

// correction is what the trees of the forest add up to for each column of the first n words, in
// units of the scale.
func (g *compiledForest) correction(ranks *rankedInput, n int, sums *forestSums) {
	*sums = forestSums{}
	if g.vector != nil {
		g.vector.correction(ranks, sums)
		return
	}
	for word := range n {
		sum := (*[8]float32)(sums[8*word:])
		trees := g.trees
		for ; len(trees) >= 2; trees = trees[2:] { // so that each sum is read and written half as often
			a, b := &trees[0], &trees[1]
			one, two := a.leaves(ranks, word), b.leaves(ranks, word)
			for k := range sum {
				sum[k] += a.leaf[one>>(8*k)&(1<<depth-1)] + b.leaf[two>>(8*k)&(1<<depth-1)]
			}
		}
		for i := range trees {
			leaves := trees[i].leaves(ranks, word)
			for k := range sum {
				sum[k] += trees[i].leaf[leaves>>(8*k)&(1<<depth-1)]
			}
		}
	}
}

// width is the usual width of the interval of each column of the first n words, below and
// above the forecast, in units of the scale.
func (g *compiledForest) width(ranks *rankedInput, n int, below, over *forestSums) {
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

func (g *compiledForest) addWidths(ranks *rankedInput, n int, below, over *forestSums) {
	for word := range n {
		for i := range g.widths {
			t := &g.widths[i]
			leaves := t.leaves(ranks, word)
			for k := range 8 {
				w := &t.leaf[leaves>>(8*k)&(1<<depth-1)]
				below[8*word+k] += w[0]
				over[8*word+k] += w[1]
			}
		}
	}
}

// rankedInput holds the ranks of each feature; its length is a power of two, so
// that an index need not be checked.
type rankedInput [treeSlots][words]uint64

const treeSlots = 64

// leaves finds the leaves of the columns of a word: a byte for each.
func (t *compiledTree[_]) leaves(ranks *rankedInput, word int) uint64 {
	var a uint64
	for level, feature := range t.feature {
		// The high bit of a byte stays set where the rank reaches what is needed. The
		// answers to the questions before move down a bit.
		a = a>>1 | ((ranks[feature%treeSlots][word]|highBits)-t.need[level])&highBits
	}
	return a >> (8 - depth)
}
