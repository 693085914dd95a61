// Package forecast predicts the load of a meter for the hours until the next
// issue time.
package forecast

import (
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// MaxHorizon is the most hours that one forecast covers: a local day on which
// clocks go back.
const MaxHorizon = 25

// Quantiles is a forecast: for each hour from the issue time on, the 10 %, 50 %
// and 90 % quantile of the energy in kWh. The slices have one
// length. NaN where the model has nothing to say.
type Quantiles struct {
	P10, P50, P90 []float32
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
	// Forecast fills out, whose slices have the wanted number of hours, from the
	// hours before issue only. It allocates nothing.
	Forecast(w *window.Window, issue meter.Hour, out Quantiles)
	// AppendBinary appends the state; Restore reads it back to the bit and
	// returns what follows.
	AppendBinary(dst []byte) []byte
	Restore(src []byte) (rest []byte, err error)
}
