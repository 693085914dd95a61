package backtest

import (
	"math"

	"gonum.org/v1/gonum/mat"

	"github.com/energytwin/energytwin/internal/meter"
)

// ridgeDays is how many days a meter's ridge regression is fitted to.
const ridgeDays = 56

// ridgeFeatures are 1, the load 24, 48 and 168 hours before, two harmonics of
// the local hour, day off, and the harmonics on days off.
const ridgeFeatures = 13

// ridgeWeight is what the diagonal gains, as a share of its mean.
const ridgeWeight = 1e-3

// ridgeFit is ridge regression of one meter on lags and calendar, refitted
// every day to the eight weeks before: what most people would try first.
type ridgeFit struct {
	cal  *meter.Calendar
	days []ridgeDay // a ring
	next int

	square [ridgeFeatures][ridgeFeatures]float64
	moment [ridgeFeatures]float64
	theta  [ridgeFeatures]float64
	fitted bool
}

type ridgeDay struct {
	square [ridgeFeatures][ridgeFeatures]float64
	moment [ridgeFeatures]float64
}

func newRidgeFit(cal *meter.Calendar) *ridgeFit {
	return &ridgeFit{cal: cal, days: make([]ridgeDay, ridgeDays)}
}

// features of hour h; false if a lag is missing.
func (r *ridgeFit) features(s *Series, h meter.Hour, x *[ridgeFeatures]float64) bool {
	x[0] = 1
	x[1], x[2], x[3] = float64(s.At(h-24)), float64(s.At(h-48)), float64(s.At(h-168))
	local := r.cal.Local(h)
	angle := 2 * math.Pi * float64(local.Hour()) / meter.HoursPerDay
	off := 0.0
	if d := local.Weekday(); d == 0 || d == 6 {
		off = 1
	}
	x[4], x[5], x[6], x[7] = math.Sin(angle), math.Cos(angle), math.Sin(2*angle), math.Cos(2*angle)
	x[8] = off
	for i := range 4 {
		x[9+i] = off * x[4+i]
	}
	sum := x[1] + x[2] + x[3]
	return sum == sum
}

// learn takes the day in and lets the oldest go.
func (r *ridgeFit) learn(s *Series, d *day) {
	old := &r.days[r.next]
	r.next = (r.next + 1) % ridgeDays
	for i := range r.moment {
		r.moment[i] -= old.moment[i]
		for j := range i + 1 {
			r.square[i][j] -= old.square[i][j]
		}
	}
	*old = ridgeDay{}
	var x [ridgeFeatures]float64
	for i := range d.today {
		h := d.origin + meter.Hour(i)
		y := float64(s.At(h))
		if y != y || !r.features(s, h, &x) {
			continue
		}
		for i := range x {
			old.moment[i] += x[i] * y
			for j := range i + 1 {
				old.square[i][j] += x[i] * x[j]
			}
		}
	}
	for i := range r.moment {
		r.moment[i] += old.moment[i]
		for j := range i + 1 {
			r.square[i][j] += old.square[i][j]
		}
	}
	r.fit()
}

func (r *ridgeFit) fit() {
	trace := 0.0
	for i := range r.square {
		trace += r.square[i][i]
	}
	a := mat.NewSymDense(ridgeFeatures, nil)
	for i := range r.square {
		for j := range i + 1 {
			a.SetSym(i, j, r.square[i][j])
		}
		a.SetSym(i, i, r.square[i][i]+ridgeWeight*trace/ridgeFeatures+1e-9)
	}
	var chol mat.Cholesky
	if r.fitted = chol.Factorize(a); !r.fitted {
		return
	}
	var theta mat.VecDense
	if err := chol.SolveVecTo(&theta, mat.NewVecDense(ridgeFeatures, r.moment[:])); err != nil {
		r.fitted = false // so ill-conditioned that the result means nothing
		return
	}
	copy(r.theta[:], theta.RawVector().Data)
}

func (r *ridgeFit) forecast(s *Series, d *day) {
	var x [ridgeFeatures]float64
	for i := range d.hours {
		d.path[ridge][i] = float32(math.NaN())
		if !r.fitted || i >= meter.HoursPerDay || !r.features(s, d.origin+meter.Hour(i), &x) {
			continue
		}
		sum := 0.0
		for j := range x {
			sum += r.theta[j] * x[j]
		}
		d.path[ridge][i] = float32(sum)
	}
}
