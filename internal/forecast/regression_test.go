package forecast

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"gonum.org/v1/gonum/mat"
	"pgregory.net/rapid"
)

// TestRegressionSolvesItsNormalEquations: δ is what gonum finds in float64 from
// all days at once.
func TestRegressionSolvesItsNormalEquations(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var theta [regressors]float32
		for i := range theta {
			theta[i] = float32(rapid.Float64Range(-1, 1).Draw(t, "theta"))
		}
		var r regression
		a := mat.NewSymDense(regressors, nil)
		b := mat.NewVecDense(regressors, nil)
		for range rapid.IntRange(1, 6).Draw(t, "days") {
			a.ScaleSym(memory, a)
			b.ScaleVec(memory, b)
			var x [hoursADay][regressors]float32
			var y [hoursADay]float32
			known := rapid.Uint32Range(0, allColumns).Draw(t, "known")
			for k := range x {
				for i := range x[k] {
					x[k][i] = float32(rapid.Float64Range(-2, 2).Draw(t, "x"))
				}
				y[k] = float32(rapid.Float64Range(-5, 5).Draw(t, "y"))
				if known&(1<<k) == 0 {
					continue
				}
				left := float64(y[k]) - product(&theta, &x[k])
				for i := range regressors {
					b.SetVec(i, b.AtVec(i)+float64(x[k][i])*left)
					for j := range i + 1 {
						a.SetSym(i, j, a.At(i, j)+float64(x[k][i])*float64(x[k][j]))
					}
				}
			}
			const everything = 1e6 // nothing counts as surprising
			r.learn(&theta, byFeature(&x), &y, new([hoursADay]float32), known, 1, everything)
		}
		for i := range regressors {
			a.SetSym(i, i, a.At(i, i)+trust)
		}
		var chol mat.Cholesky
		require.True(t, chol.Factorize(a))
		var want mat.VecDense
		require.NoError(t, chol.SolveVecTo(&want, b))
		for i := range regressors {
			require.InDelta(t, want.AtVec(i), float64(r.delta[i]), 1e-4)
		}
	})
}

// byFeature are the features by feature and column.
func byFeature(x *[hoursADay][regressors]float32) *regressorInput {
	var out regressorInput
	for k := range x {
		for i, v := range x[k] {
			out[i][k] = v
		}
	}
	return &out
}

func product(a, b *[regressors]float32) (sum float64) {
	for i := range a {
		sum += float64(a[i]) * float64(b[i])
	}
	return sum
}

// TestRegressionWithoutDataIsTheGlobalOne: nothing learned, nothing changed.
func TestRegressionWithoutDataIsTheGlobalOne(t *testing.T) {
	theta := [regressors]float32{1: 0.5, 6: 0.5}
	var x [hoursADay][regressors]float32
	for k := range x {
		x[k][1], x[k][6] = float32(k), 2
	}
	var r regression
	var y, out [hoursADay]float32
	r.learn(&theta, byFeature(&x), &y, new([hoursADay]float32), 0, 2, 1)
	byFeature(&x).forecast(&theta, &r.delta, 2, &out)
	for k, v := range out {
		require.Equal(t, 2*(0.5*float32(k)+1), v)
	}
}

// TestProductsAreAddedInOrder: whatever adds them gives the bits of one addition after the other.
func TestProductsAreAddedInOrder(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for columns := range hoursADay + 1 {
		var x, weighted [hoursADay][regressors]float32
		var got regression
		for i := range got.square {
			got.square[i] = float32(r.NormFloat64())
		}
		for k := range x {
			for i := range x[k] {
				x[k][i], weighted[k][i] = float32(r.NormFloat64()), float32(r.NormFloat64())
			}
		}
		want := got.square
		for k := range columns {
			for i := range regressors {
				for j := range i + 1 {
					want[i*(i+1)/2+j] += weighted[k][i] * x[k][j]
				}
			}
		}
		got.take(&x, &weighted, columns)
		require.Equal(t, want, got.square, "%d columns", columns)
	}
}
