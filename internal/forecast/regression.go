package forecast

import "math"

// regressors is the number of features of the regression.
const regressors = 16

// triangle is the number of different entries of a symmetric matrix.
const triangle = regressors * (regressors + 1) / 2

// Parameters of the regression.
const (
	memory     = 0.995 // of what was learned, kept per day: half of it after 20 weeks
	trust      = 3     // hours of usual size that the shipped coefficients are worth
	elsewhere  = 1000  // and where the forecast begins at another hour than those that were learned from
	mostLevels = 50    // a feature is bounded by as many times the level
	surprising = 1     // times the scale: what is farther off than that counts less
)

// regressionExpert forecasts by the global regression, corrected for the meter, and
// by what it has learned about the weather.
var regressionExpert = expert{
	name:  "rls",
	prior: 1,
	forecast: func(in *expertInput, out *[hoursADay]float32) {
		s, level := in.state, in.grid.level
		if in.day == secondDay {
			regressorsOfSecond(in.view, in.first, level, in.x)
		} else {
			regressorsOf(in.view, level, in.x)
		}
		in.regression.forecast(&s.model.given.Regression, in.x, level, out)
		if w := &in.days.comparedWith(in.day).weather; w.differs {
			for k := range out {
				out[k] += level * s.weather.adds(w, k)
			}
		}
	},
}

// regression corrects a global linear model for one meter: recursive least
// squares on what the global model leaves, in information form. With x the
// features and e what the global model leaves,
//
//	A ← λ(A) + Σ ω·x·xᵀ,  b ← λ(b) + Σ ω·x·e,  (A + κI)·δ = b
//
// and a forecast is (θ + δ)ᵀx. The global θ is never forgotten: without data
// δ → 0. ω = min(1, limit/|error|) keeps outliers from governing it (Huber).
type regression struct {
	square [triangle]float32 // A by rows, lower half
	moment [regressors]float32
	delta  [regressors]float32 // δ, solved once a day with κ = trust
}

// What is left of a surprise after an hour: of that of the newest hour, and of that of
// the newest four.
const fast, slow = 0.7, 0.93

// What is left of the surprises when the second day begins: the power 24 of fast and slow.
const fastOfSecond, slowOfSecond = 1.9158e-4, 0.17522

// regressorsOf fills x[k] with the features of column k, in units of the level.
func regressorsOf(v *view, level float32, x *[hoursADay][regressors]float32) {
	fillRegressors(v, &v.lag1, &v.lag2, &v.lag3, v.level1, v.last4, 1, 1, level, x)
}

// regressorsOfSecond are the features of the second day: what was forecast for the first
// counts as if it had come.
func regressorsOfSecond(v *view, first *[hoursADay]float32, level float32, x *[hoursADay][regressors]float32) {
	fillRegressors(v, first, &v.lag1, &v.lag2, mean(first), lastFour(first), fastOfSecond, slowOfSecond, level, x)
}

func fillRegressors(v *view, lag1, lag2, lag3 *[hoursADay]float32, level1, last4, left1, left4, level float32, x *[hoursADay][regressors]float32) {
	f, s := left1*fast, left4*slow
	unit := 1 / level
	yesterday, newest, week, like := bounded(level1*unit), bounded(last4*unit), bounded(v.level7*unit), bounded(v.levelLike*unit)
	for k := range x {
		x[k] = [regressors]float32{
			1,
			bounded(lag1[k] * unit), bounded(lag2[k] * unit), bounded(lag3[k] * unit),
			bounded(v.like1[k] * unit), bounded(v.like2[k] * unit), bounded(v.likeMean[k] * unit),
			bounded(v.mean7[k] * unit), bounded(v.mean28[k] * unit), bounded(v.sameTypeMean[k] * unit),
			yesterday, newest, week, like,
			bounded(v.surprise1 * f * unit), bounded(v.surprise4 * s * unit),
		}
		f, s = f*fast, s*slow
	}
}

// bounded keeps a feature, in units of the level, within mostLevels.
func bounded(x float32) float32 {
	if x > mostLevels {
		return mostLevels
	}
	if x < -mostLevels {
		return -mostLevels
	}
	return x
}

// beginsElsewhere is the regression for a forecast that does not begin where the learned days
// did: the newest hours mean something else there.
func (r *regression) beginsElsewhere() (other regression) {
	other = *r
	other.solve(elsewhere)
	return other
}

// learn takes a day in: its features, its values, which of them are known, and
// the meter's usual error. added is what the weather adds, in units of the level;
// learn replaces it by what is left of the values without that, 0 where they are
// not known.
func (r *regression) learn(theta *[regressors]float32, x *[hoursADay][regressors]float32, y, added *[hoursADay]float32, known uint32, level, scale float32) {
	for i := range r.square {
		r.square[i] *= memory
	}
	for i := range r.moment {
		r.moment[i] *= memory
	}
	unit, limit := 1/level, surprising*scale/level
	var seen, weighted [hoursADay][regressors]float32 // of the columns that are known
	n := 0
	for k := range x {
		if known&(1<<k) == 0 {
			added[k] = 0
			continue
		}
		left := min(max(y[k]*unit, -mostLevels), mostLevels) - dot(theta, &x[k]) - added[k]
		off := left - dot(&r.delta, &x[k])
		weight := float32(1)
		if abs(off) > limit {
			weight = limit / abs(off)
		}
		seen[n] = x[k]
		for i, xi := range x[k] {
			weighted[n][i] = xi * weight
			r.moment[i] += weighted[n][i] * left
		}
		n++
		added[k] = min(max(off+added[k], -limit), limit)
	}
	r.take(&seen, &weighted, n)
	r.solve(trust)
}

// take adds Σ weighted·xᵀ over the first columns, one after the other.
func (r *regression) take(x, weighted *[hoursADay][regressors]float32, columns int) {
	if hasVectors && columns > 0 {
		var square [regressors][regressors]float32
		n := 0
		for i := range square {
			n += copy(square[i][:i+1], r.square[n:])
		}
		addProducts(&square, x, weighted, columns)
		n = 0
		for i := range square {
			n += copy(r.square[n:], square[i][:i+1])
		}
		return
	}
	for k := range columns {
		n := 0
		for i, xi := range weighted[k] {
			row := r.square[n : n+i+1]
			for j := range row {
				row[j] += xi * x[k][j]
			}
			n += i + 1
		}
	}
}

// solve finds δ for κ = trust by Cholesky's decomposition.
func (r *regression) solve(trust float64) {
	var l [regressors][regressors]float64 // lower half
	var z, inverse [regressors]float64    // inverse of the diagonal: to multiply is faster than to divide
	n := 0
	for i := range l {
		for j := range i + 1 {
			l[i][j] = float64(r.square[n])
			n++
		}
		l[i][i] += trust
		z[i] = float64(r.moment[i])
	}
	// Column by column: what a column takes away from those behind it needs no other's result.
	for k := range l {
		diagonal := math.Sqrt(max(l[k][k], trust*1e-6))
		inverse[k] = 1 / diagonal
		z[k] *= inverse[k]
		var column [regressors]float64
		for i := k + 1; i < regressors; i++ {
			column[i] = l[i][k] * inverse[k]
			l[i][k] = column[i]
			z[i] -= column[i] * z[k]
			row := l[i][k+1 : i+1]
			for j, c := range column[k+1 : i+1] {
				row[j] -= column[i] * c
			}
		}
	}
	for i := regressors - 1; i >= 0; i-- {
		sum := z[i]
		for k := i + 1; k < regressors; k++ {
			sum -= l[k][i] * z[k]
		}
		z[i] = sum * inverse[i]
		r.delta[i] = float32(z[i])
	}
}

func (r *regression) forecast(theta *[regressors]float32, x *[hoursADay][regressors]float32, level float32, out *[hoursADay]float32) {
	var all [regressors]float32
	for i := range all {
		all[i] = theta[i] + r.delta[i]
	}
	for k := range out {
		out[k] = level * dot(&all, &x[k])
	}
}

func dot(a, b *[regressors]float32) float32 {
	var s0, s1, s2, s3 float32
	for i := 0; i < regressors; i += 4 {
		s0 += a[i] * b[i]
		s1 += a[i+1] * b[i+1]
		s2 += a[i+2] * b[i+2]
		s3 += a[i+3] * b[i+3]
	}
	return (s0 + s1) + (s2 + s3)
}
