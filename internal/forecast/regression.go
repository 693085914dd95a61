package forecast

import "math"

// regressors is the number of features of the regression.
const regressors = 16

// triangle is the number of different entries of a symmetric matrix.
const triangle = regressors * (regressors + 1) / 2

// Parameters of the regression.
const (
	memory         = 0.995 // of what was learned, kept per day: half of it after 20 weeks
	trust          = 3     // hours of usual size that the shipped coefficients are worth
	trustElsewhere = 1000  // and where the forecast begins at another hour than those that were learned from
	mostLevels     = 50    // a feature is bounded by as many times the level
	surprising     = 1     // times the scale: what is farther off than that counts less
)

// regressionExpert forecasts by the global regression, corrected for the meter, and
// by what it has learned about the weather.
var regressionExpert = expert{
	name:  "rls",
	prior: 1,
	forecast: func(in *expertInput, out *[hoursADay]float32) {
		s, level := in.state, in.grid.level
		if in.day == secondDay {
			in.x.fillSecond(in.view, in.first, level)
		} else {
			in.x.fill(in.view, level)
		}
		in.x.forecast(&s.model.given.Regression, in.correction, level, out)
		if w := in.days.comparedWith(in.day).weather; w.differs {
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

// Shares of the surprises that are left in each column, of the first day and of the second.
var (
	fastLeft = [2][hoursADay]float32{sharesLeft(1, fast), sharesLeft(fastOfSecond, fast)}
	slowLeft = [2][hoursADay]float32{sharesLeft(1, slow), sharesLeft(slowOfSecond, slow)}
)

// sharesLeft is what is left in each column of what begins as left and keeps a share each hour.
func sharesLeft(left, share float32) (out [hoursADay]float32) {
	for k := range out {
		left *= share
		out[k] = left
	}
	return out
}

// regressorInput are the features of a day, by feature and column, in units of the level.
type regressorInput [regressors][hoursADay]float32

// regressorSources is what the features are made from; the assembler reads it too.
type regressorSources struct {
	profiles  [9]*[hoursADay]float32
	left      [2]*[hoursADay]float32 // shares of the surprises
	levels    [4]float32             // in units of the level, bounded
	surprises [2]float32
	unit      float32 // 1/level
}

// fill fills in the features of the first day.
func (x *regressorInput) fill(v *view, level float32) {
	x.fillFrom(v, 0, &v.lag1, &v.lag2, &v.lag3, v.level1, v.last4, level)
}

// fillSecond fills in those of the second day: what was forecast for the first counts as if
// it had come.
func (x *regressorInput) fillSecond(v *view, first *[hoursADay]float32, level float32) {
	x.fillFrom(v, 1, first, &v.lag1, &v.lag2, mean(first), lastFour(first), level)
}

func (x *regressorInput) fillFrom(v *view, day int, lag1, lag2, lag3 *[hoursADay]float32, level1, last4, level float32) {
	unit := 1 / level
	from := regressorSources{
		profiles:  [...]*[hoursADay]float32{lag1, lag2, lag3, &v.like1, &v.like2, &v.likeMean, &v.mean7, &v.mean28, &v.sameTypeMean},
		left:      [...]*[hoursADay]float32{&fastLeft[day], &slowLeft[day]},
		levels:    [...]float32{bounded(level1 * unit), bounded(last4 * unit), bounded(v.level7 * unit), bounded(v.levelLike * unit)},
		surprises: [...]float32{v.surprise1, v.surprise4},
		unit:      unit,
	}
	if hasVectors {
		fillRegressors(&from, x)
		return
	}
	x.fillPlain(&from)
}

func (x *regressorInput) fillPlain(from *regressorSources) {
	row := x[:]
	fillColumns(&row[0], 0, hoursADay, 1)
	row = row[1:]
	for i, profile := range &from.profiles {
		for k, v := range profile {
			row[i][k] = bounded(v * from.unit)
		}
	}
	row = row[len(from.profiles):]
	for i, v := range from.levels {
		fillColumns(&row[i], 0, hoursADay, v)
	}
	row = row[len(from.levels):]
	for i, left := range from.left {
		for k, share := range left {
			row[i][k] = bounded(from.surprises[i] * share * from.unit)
		}
	}
}

// forecast is the load by the global model and what corrects it for a meter.
func (x *regressorInput) forecast(theta, delta *[regressors]float32, level float32, out *[hoursADay]float32) {
	var all [regressors]float32
	for i := range all {
		all[i] = theta[i] + delta[i]
	}
	x.weigh(&all, level, out)
}

// weigh is the weighted sum of the features of each column, times a factor.
func (x *regressorInput) weigh(weights *[regressors]float32, factor float32, out *[hoursADay]float32) {
	if hasVectors {
		weighRegressors(weights, x, factor, out)
		return
	}
	x.weighPlain(weights, factor, out)
}

func (x *regressorInput) weighPlain(weights *[regressors]float32, factor float32, out *[hoursADay]float32) {
	for k := range out {
		var s0, s1, s2, s3 float32 // so that one addition need not wait for the other
		for i := 0; i < regressors; i += 4 {
			s0 += weights[i] * x[i][k]
			s1 += weights[i+1] * x[i+1][k]
			s2 += weights[i+2] * x[i+2][k]
			s3 += weights[i+3] * x[i+3][k]
		}
		out[k] = factor * ((s0 + s1) + (s2 + s3))
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

// learn takes a day in, as observe does, and solves the equations.
func (r *regression) learn(theta *[regressors]float32, x *regressorInput, y, added *[hoursADay]float32, known uint32, level, scale float32) {
	r.observe(theta, x, y, added, known, level, scale)
	r.delta = r.solve(trust)
}

// observe takes a day in: its features, its values, which of them are known, and
// the meter's usual error. added is what the weather adds, in units of the level;
// observe replaces it by what is left of the values without that, 0 where they are
// not known.
func (r *regression) observe(theta *[regressors]float32, x *regressorInput, y, added *[hoursADay]float32, known uint32, level, scale float32) {
	for i := range r.square {
		r.square[i] *= memory
	}
	for i := range r.moment {
		r.moment[i] *= memory
	}
	unit, limit := 1/level, surprising*scale/level
	var global, own [hoursADay]float32
	x.weigh(theta, 1, &global)
	x.weigh(&r.delta, 1, &own)
	var seen, weighted [hoursADay][regressors]float32 // of the columns that are known
	n := 0
	for k := range y {
		if known&(1<<k) == 0 {
			added[k] = 0
			continue
		}
		left := min(max(y[k]*unit, -mostLevels), mostLevels) - global[k] - added[k]
		off := left - own[k]
		weight := float32(1)
		if abs(off) > limit {
			weight = limit / abs(off)
		}
		for i := range x {
			xi := x[i][k]
			seen[n][i], weighted[n][i] = xi, xi*weight
			r.moment[i] += weighted[n][i] * left
		}
		n++
		added[k] = min(max(off+added[k], -limit), limit)
	}
	r.take(&seen, &weighted, n)
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

// leastDiagonal is the least value on the diagonal of the decomposition, in units of the trust:
// rounding may leave less.
const leastDiagonal = 1e-6

// solve is δ for κ = trust by Cholesky's decomposition.
func (r *regression) solve(trust float64) (delta [regressors]float32) {
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
		diagonal := math.Sqrt(max(l[k][k], trust*leastDiagonal))
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
		delta[i] = float32(z[i])
	}
	return delta
}
