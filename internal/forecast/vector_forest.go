package forecast

import (
	"encoding/binary"
	"math"
)

// vectorForest is both forests made ready for instructions that work on all columns of a day
// at once. It adds in the order of compiledForest, and gives the same bits.
type vectorForest struct {
	cuts        [firstUniform][]float32 // of the features that differ by column; ascending
	trees       []vectorTree
	below, over []vectorTree // of the width
}

// vectorTree is a tree as the assembler reads it: its offsets stand there too.
type vectorTree struct {
	ranks [depth]uint32 // place of the feature's ranks in a rankedInput, bytes
	need  [depth]uint64 // the least rank that answers yes, in every byte
	leaf  leafPlanes
}

// leafPlanes are the bytes of the leaves' values: of all leaves the lowest bytes first.
type leafPlanes [4][1 << depth]uint8

func newVectorForest(f Forest, w *WidthForest, cuts *[treeFeatures][]float32) *vectorForest {
	v := &vectorForest{trees: make([]vectorTree, len(f)), below: make([]vectorTree, len(w.Trees)), over: make([]vectorTree, len(w.Trees))}
	copy(v.cuts[:], cuts[:])
	for i := range f {
		v.trees[i] = newVectorTree(&f[i].Questions, &f[i].Leaf, cuts)
	}
	for i := range w.Trees {
		t := &w.Trees[i]
		v.below[i], v.over[i] = newVectorTree(&t.Questions, &t.Below, cuts), newVectorTree(&t.Questions, &t.Over, cuts)
	}
	return v
}

func newVectorTree(q *Questions, leaves *Leaves, cuts *[treeFeatures][]float32) (t vectorTree) {
	const size = 8 * words // of a feature's ranks
	for level, feature := range q.Feature {
		t.ranks[level] = size * uint32(feature)
	}
	t.need = needsOf(q, cuts)
	for l, value := range leaves {
		var b [4]byte
		binary.LittleEndian.PutUint32(b[:], math.Float32bits(value))
		for plane := range b {
			t.leaf[plane][l] = b[plane]
		}
	}
	return t
}

// rank turns a feature into the ranks of its columns.
func (v *vectorForest) rank(f int, x, second *[hoursADay]float32, out *[words]uint64) {
	rankColumns(x, second, &v.cuts[f][0], len(v.cuts[f]), out)
}

// correction adds the trees' values to sums.
func (v *vectorForest) correction(ranks *rankedInput, sums *forestSums) {
	if pairs := len(v.trees) / 2; pairs > 0 {
		addPairs(&v.trees[0], pairs, ranks, sums)
	}
	if last := len(v.trees) - 1; last%2 == 0 {
		addTrees(&v.trees[last], 1, ranks, sums)
	}
}

// width adds the trees' values to the widths below and above.
func (v *vectorForest) width(ranks *rankedInput, below, over *forestSums) {
	if n := len(v.below); n > 0 {
		addTrees(&v.below[0], n, ranks, below)
		addTrees(&v.over[0], n, ranks, over)
	}
}
