package forecast

// Parameters of the regression on the weather.
const (
	weatherTrust  = 10 // how much has to be seen before the weather is believed in
	weatherRounds = 8  // of coordinate descent, from where the day before ended
)

// weatherTriangle is the number of different entries of a symmetric matrix.
const weatherTriangle = weatherFeatures * (weatherFeatures + 1) / 2

// weatherRegression is what a meter's load gains, in units of its level, where an
// hour wants to be heated or cooled more than the hours that it is compared with.
// It learns, day by day, what the regression leaves:
//
//	A ← λA + Σ x·xᵀ,  b ← λb + Σ x·e,  δ = argmin ½δᵀ(A + κI)δ − bᵀδ over δ ≥ 0
//
// Colder or hotter never means less load, so that a meter without electric heat
// or cooling stays at 0. Without temperatures nothing is learned and nothing added.
type weatherRegression struct {
	square [weatherTriangle]float32 // A by rows, lower half
	moment [weatherFeatures]float32
	delta  [weatherFeatures]float32
}

// adds is what the weather adds to column k, in units of the level; nothing before something
// is learned.
func (r *weatherRegression) adds(w *weather, k int) float32 {
	if r == nil {
		return 0
	}
	var sum float32
	for i, x := range w.change[k] {
		sum += x * r.delta[i]
	}
	return sum
}

// learn takes in what is left of a day, in units of the level, by column, 0 where
// nothing is known.
func (r *weatherRegression) learn(w *weather, left *[hoursADay]float32) {
	for i := range r.square {
		r.square[i] *= memory
	}
	for i := range r.moment {
		r.moment[i] *= memory
	}
	for k, e := range left {
		if e == 0 {
			continue
		}
		n := 0
		x := &w.change[k]
		for i := range x {
			r.moment[i] += x[i] * e
			for j := range i + 1 {
				r.square[n] += x[i] * x[j]
				n++
			}
		}
	}
	r.solve()
}

// solve finds δ by coordinate descent.
func (r *weatherRegression) solve() {
	at := func(i, j int) float32 {
		if i < j {
			i, j = j, i
		}
		return r.square[i*(i+1)/2+j]
	}
	for range weatherRounds {
		for i := range r.delta {
			rest := r.moment[i]
			for j := range r.delta {
				if j != i {
					rest -= at(i, j) * r.delta[j]
				}
			}
			r.delta[i] = max(rest/(at(i, i)+weatherTrust), 0)
		}
	}
}
