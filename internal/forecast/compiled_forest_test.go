package forecast

import (
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// plain asks a forest one question after the other, and adds in the same order:
// two trees at a time.
func plain(f Forest, x *treeInput, k int) (sum float32) {
	for ; len(f) >= 2; f = f[2:] {
		sum += f[0].value(x, k) + f[1].value(x, k)
	}
	for i := range f {
		sum += f[i].value(x, k)
	}
	return sum
}

func (t *Tree) value(x *treeInput, k int) float32 { return t.Leaf[t.leafOf(x, k)] }

func (q *Questions) leafOf(x *treeInput, k int) (leaf int) {
	for level, feature := range q.Feature {
		if x[feature][k] > q.Threshold[level] {
			leaf |= 1 << level
		}
	}
	return leaf
}

// TestCompiledForestAnswersAsTheForest, bit for bit, on thresholds and beside them.
func TestCompiledForestAnswersAsTheForest(t *testing.T) {
	shipped, err := Shipped()
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		forest, width := shipped.Forest, shipped.Width
		if rapid.Bool().Draw(t, "made up") {
			forest, width.Trees = nil, nil
			for range rapid.IntRange(1, 12).Draw(t, "trees") {
				forest = append(forest, Tree{Questions: drawQuestions(t), Leaf: drawLeaves(t)})
			}
			for range rapid.IntRange(1, 5).Draw(t, "width trees") {
				width.Trees = append(width.Trees, WidthTree{Questions: drawQuestions(t), Below: drawLeaves(t), Over: drawLeaves(t)})
			}
		}
		split := rapid.IntRange(1, hoursADay).Draw(t, "split")
		x, second := drawTreeInput(t, forest, split), drawTreeInput(t, forest, split)
		answersAsTheForest(t, compile(forest, &width), forest, &width, &x, &second)
		answersAsTheForest(t, compilePlain(forest, &width), forest, &width, &x, &second)
	})
}

func drawTreeInput(t *rapid.T, forest Forest, split int) (x treeInput) {
	for f := range x {
		for k := range x[f] {
			x[f][k] = float32(rapid.IntRange(-12, 12).Draw(t, "value")) / 4
			if tree := rapid.IntRange(-2, len(forest)-1).Draw(t, "threshold of tree"); tree >= 0 {
				x[f][k] = forest[tree].Threshold[k%depth]
			}
			if f >= firstUniform && k != 0 && (k != split || f < firstCalendar) {
				x[f][k] = x[f][k-1]
			}
		}
	}
	return x
}

func answersAsTheForest(t *rapid.T, g *compiledForest, forest Forest, width *WidthForest, x, second *treeInput) {
	var ranks rankedInput
	calendar := g.rankCalendar(x, second)
	for _, n := range []int{dayWords, words} {
		g.rank(x, second, &calendar, n, &ranks)
		var sums, below, over forestSums
		g.correction(&ranks, n, &sums)
		g.width(&ranks, n, &below, &over)
		for column := range 8 * n {
			x, k := x, column
			if column >= hoursADay {
				x, k = second, column-hoursADay
			}
			require.Equal(t, plain(forest, x, k), sums[column], "column %d", column)
			wantBelow, wantOver := width.Below, width.Over
			for i := range width.Trees {
				leaf := width.Trees[i].leafOf(x, k)
				wantBelow, wantOver = wantBelow+width.Trees[i].Below[leaf], wantOver+width.Trees[i].Over[leaf]
			}
			require.Equal(t, max(wantBelow, leastWidth), below[column], "below column %d", column)
			require.Equal(t, max(wantOver, leastWidth), over[column], "above column %d", column)
		}
	}
}

func drawQuestions(t *rapid.T) (q Questions) {
	for level := range q.Feature {
		q.Feature[level] = rapid.Uint8Range(0, treeFeatures-1).Draw(t, "feature")
		q.Threshold[level] = float32(rapid.IntRange(-4, 4).Draw(t, "threshold")) / 2
	}
	return q
}

func drawLeaves(t *rapid.T) (leaves Leaves) {
	for i := range leaves {
		leaves[i] = rapid.Float32Range(-1, 1).Draw(t, "leaf")
	}
	return leaves
}

func TestForestWithTooManyThresholdsIsRefused(t *testing.T) {
	c, err := Shipped()
	require.NoError(t, err)
	for i := range mostCuts + 1 {
		v := float32(i)
		c.Forest = append(c.Forest, Tree{Questions: Questions{Threshold: [depth]float32{v, v, v, v, v, v}}})
	}
	_, err = DecodeCoefficients(c.Encode())
	require.ErrorIs(t, err, errCoefficients)
}
