// Package forecast predicts the load of a meter for the hours until the next
// issue time.
//
// It has more than 25 files and 3,500 lines, as experts are combined in one pass: they
// read the same days, features and lanes of vectors, and each is a file with its own
// arithmetic. A package for each expert would export these arrays, whose layout is
// what makes a pass fast and its state small.
package forecast

import (
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// MaxHorizon is the most hours that one forecast covers: two local days, in one of which
// clocks go back.
const MaxHorizon = 49

// MaxDay is the most hours from one issue to that of the next day.
const MaxDay = 25

// Quantiles is a forecast: for each hour from the issue time on, the 10 %, 50 %
// and 90 % quantile of the energy in kWh. The slices have one
// length. NaN where the model has nothing to say.
type Quantiles struct {
	P10, P50, P90 []float32
}

// slice is the part of a forecast from one hour to another, exclusive.
func (q Quantiles) slice(from, to int) Quantiles {
	return Quantiles{P10: q.P10[from:to], P50: q.P50[from:to], P90: q.P90[from:to]}
}

// clear makes every value NaN.
func (q Quantiles) clear() {
	for i := range q.P50 {
		q.P10[i], q.P50[i], q.P90[i] = nan(), nan(), nan()
	}
}

// Model is one way to forecast. It is shared by all meters and keeps nothing
// about any of them: what it learns about a meter lives in that meter's State.
type Model interface {
	// Name identifies the model in stored forecasts, such as "seasonal-naive".
	Name() string
	// Version changes when the encoding or meaning of State changes; a State of
	// another version is not restored.
	Version() uint16
	// NewState is the state of a meter of which nothing is known.
	NewState() State
}

// State is what a model knows about one meter. Methods of one State are called
// from one goroutine. They depend on nothing but their arguments and earlier
// calls, so that a replay gives the same bytes.
type State interface {
	// Advance ends hour h. Hours come in order, one by one. The
	// value, or a gap, stands in w.
	Advance(w *window.Window, h meter.Hour)
	// Forecast fills out, whose slices have the wanted number of hours (up to MaxHorizon),
	// from the hours before issue only. The issue may be any hour: one at which the model
	// learns, or one between. It leaves the state as it is and allocates nothing.
	Forecast(w *window.Window, issue meter.Hour, out Quantiles)
	// AdvanceAndForecast is Advance with h and then Forecast for the hour after it, for less
	// than both: where the model learns, they need the same things.
	AdvanceAndForecast(w *window.Window, h meter.Hour, out Quantiles)
	// AppendBinary appends the state; Restore reads it back to the bit and
	// returns what follows.
	AppendBinary(dst []byte) []byte
	Restore(src []byte) (rest []byte, err error)
}
