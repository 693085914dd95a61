package main

import (
	"errors"
	"math"
	"slices"

	"gonum.org/v1/gonum/mat"

	"github.com/energytwin/energytwin/internal/forecast"
)

// normal are the normal equations of a least-squares problem with several
// right-hand sides.
type normal struct {
	n, outs int
	square  []float64 // n×n, the lower half
	moment  []float64 // n×outs
}

func newNormal(n, outs int) *normal {
	return &normal{n: n, outs: outs, square: make([]float64, n*n), moment: make([]float64, n*outs)}
}

func (m *normal) add(x, y []float64, weight float64) {
	for i, xi := range x {
		xi *= weight
		row := m.square[i*m.n : i*m.n+i+1]
		for j := range row {
			row[j] += xi * x[j]
		}
		out := m.moment[i*m.outs : (i+1)*m.outs]
		for k := range out {
			out[k] += xi * y[k]
		}
	}
}

// sum adds parts up, in their order.
func sum(parts []*normal) *normal {
	all := newNormal(parts[0].n, parts[0].outs)
	for _, p := range parts {
		for i, v := range p.square {
			all.square[i] += v
		}
		for i, v := range p.moment {
			all.moment[i] += v
		}
	}
	return all
}

// solve finds the coefficients, n×outs, with a share of the diagonal's mean
// added to it.
func (m *normal) solve(ridge float64) ([]float64, error) {
	a := mat.NewSymDense(m.n, nil)
	trace := 0.0
	for i := range m.n {
		for j := range i + 1 {
			a.SetSym(i, j, m.square[i*m.n+j])
		}
		trace += m.square[i*m.n+i]
	}
	for i := range m.n {
		a.SetSym(i, i, a.At(i, i)+ridge*trace/float64(m.n))
	}
	var chol mat.Cholesky
	if !chol.Factorize(a) {
		return nil, errors.New("the samples do not determine the coefficients")
	}
	var out mat.Dense
	if err := chol.SolveTo(&out, mat.NewDense(m.n, m.outs, m.moment)); err != nil {
		return nil, err
	}
	return out.RawMatrix().Data, nil
}

// Settings of the regression, chosen on March to October 2019.
const (
	regressionRidge = 1e-5
	reweighted      = 12   // rounds
	leastError      = 0.05 // of the scale; smaller errors weigh no more than this
)

// fitRegression fits the global regression to least absolute errors in units of
// the scale, by iteratively reweighted least squares.
func fitRegression(days [][]*sample) (out [forecast.Regressors]float32, err error) {
	theta := make([]float64, forecast.Regressors)
	for round := range reweighted {
		parts := make([]*normal, len(days))
		parallel(len(days), func(i int) {
			parts[i] = newNormal(forecast.Regressors, 1)
			for d := range days[i] {
				addRegression(parts[i], days[i][d], theta, round > 0)
			}
		})
		if theta, err = sum(parts).solve(regressionRidge); err != nil {
			return out, err
		}
	}
	for i := range out {
		out[i] = float32(theta[i])
	}
	return out, nil
}

func addRegression(m *normal, s *sample, theta []float64, reweight bool) {
	x := make([]float64, forecast.Regressors)
	perScale := float64(s.seen.Level / s.seen.Scale)
	for k, actual := range s.actual {
		if actual != actual {
			continue
		}
		y := float64(actual / s.seen.Level)
		predicted := 0.0
		for j := range x {
			x[j] = float64(s.seen.Regressors[k][j])
			predicted += theta[j] * x[j]
		}
		weight := perScale * perScale
		if reweight {
			weight /= max(math.Abs(y-predicted)*perScale, leastError)
		}
		m.add(x, []float64{y}, weight)
	}
}

// usualErrors are those of the engine's forecasts over all meters, over the usual width.
func usualErrors(days []*sample) [forecast.SpreadDays]int8 {
	var all []float32
	for _, s := range days {
		for k, y := range s.actual {
			if y != y {
				continue
			}
			e := y - s.seen.Combined[k]
			if e < 0 {
				e /= s.seen.Below[k]
			} else {
				e /= s.seen.Over[k]
			}
			all = append(all, e)
		}
	}
	slices.Sort(all)
	return forecast.UsualErrors(all)
}
