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

func (t *Tree) value(x *treeInput, k int) float32 {
	leaf := 0
	for level, feature := range t.Feature {
		if x[feature][k] > t.Threshold[level] {
			leaf |= 1 << level
		}
	}
	return t.Leaf[leaf]
}

// TestCompiledForestAnswersAsTheForest, bit for bit, on thresholds and beside them.
func TestCompiledForestAnswersAsTheForest(t *testing.T) {
	shipped, err := Shipped()
	require.NoError(t, err)
	rapid.Check(t, func(t *rapid.T) {
		forest := shipped.Forest
		if rapid.Bool().Draw(t, "made up") {
			forest = nil
			for range rapid.IntRange(1, 12).Draw(t, "trees") {
				var made Tree
				for level := range made.Feature {
					made.Feature[level] = rapid.Uint8Range(0, treeFeatures-1).Draw(t, "feature")
					made.Threshold[level] = float32(rapid.IntRange(-4, 4).Draw(t, "threshold")) / 2
				}
				for i := range made.Leaf {
					made.Leaf[i] = rapid.Float32Range(-1, 1).Draw(t, "leaf")
				}
				forest = append(forest, made)
			}
		}
		var x treeInput
		for f := range x {
			for k := range x[f] {
				x[f][k] = float32(rapid.IntRange(-12, 12).Draw(t, "value")) / 4
				if tree := rapid.IntRange(-2, len(forest)-1).Draw(t, "threshold of tree"); tree >= 0 {
					x[f][k] = forest[tree].Threshold[k%depth]
				}
				if f >= firstUniform {
					x[f][k] = x[f][0]
				}
			}
		}
		var out [hoursADay]float32
		compile(forest).apply(&x, 1, &out)
		for k := range out {
			require.Equal(t, plain(forest, &x, k), out[k], "column %d", k)
		}
	})
}

func TestForestWithTooManyThresholdsIsRefused(t *testing.T) {
	c, err := Shipped()
	require.NoError(t, err)
	for i := range mostCuts + 1 {
		c.Forest = append(c.Forest, Tree{Threshold: [depth]float32{float32(i), float32(i), float32(i), float32(i), float32(i), float32(i)}})
	}
	_, err = DecodeCoefficients(c.Encode())
	require.ErrorIs(t, err, errCoefficients)
}
