// Package window keeps the sliding hourly history of one meter: a ring in
// which the slot of an hour is fixed, so that a repeated reading is
// recognised and a gap stays a gap.
package window

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// Outcome tells what Put did with a reading.
type Outcome uint8

// The outcomes of Put.
const (
	Stored     Outcome = iota // the hour had no value
	Duplicate                 // the hour had this very value: nothing changed
	Correction                // the hour had another value, now replaced
	TooOld                    // the hour lies before the window: nothing changed
)

// Window is the last N hours of one meter, in kWh. The zero Window is of no
// use; make one with New.
type Window struct {
	newest meter.Hour // greatest hour with a value; NoHour while empty
	values []float32  // slot h mod N; NaN where the meter reported nothing
}

// New makes an empty window of n hours.
func New(n int) *Window {
	w := &Window{newest: meter.NoHour, values: make([]float32, n)}
	fillNaN(w.values)
	return w
}

// Len is the number of hours that the window spans.
func (w *Window) Len() int { return len(w.values) }

// Newest is the greatest hour with a value, NoHour while there is none.
func (w *Window) Newest() meter.Hour { return w.newest }

// Oldest is the first hour that the window can hold, NoHour while empty.
func (w *Window) Oldest() meter.Hour {
	if w.newest == meter.NoHour {
		return meter.NoHour
	}
	return w.newest - meter.Hour(len(w.values)) + 1
}

// At is the value of hour h in kWh, NaN for a gap or an hour outside.
func (w *Window) At(h meter.Hour) float32 {
	if w.newest == meter.NoHour || h > w.newest || h < w.Oldest() {
		return float32(math.NaN())
	}
	return w.values[w.slot(h)]
}

// Put enters a reading and tells what became of it, with the value that the
// hour had before (NaN if none). An hour after the newest moves the window on
// and leaves the hours between as gaps.
func (w *Window) Put(h meter.Hour, kwh float32) (Outcome, float32) {
	nan := float32(math.NaN())
	switch {
	case w.newest == meter.NoHour:
		w.newest = h
	case h > w.newest:
		w.clearAfterNewest(h)
		w.newest = h
	case h < w.Oldest():
		return TooOld, nan
	}
	s := w.slot(h)
	old := w.values[s]
	switch {
	case old != old:
		w.values[s] = kwh
		return Stored, nan
	case old == kwh:
		return Duplicate, old
	default:
		w.values[s] = kwh
		return Correction, old
	}
}

// Copy fills dst with the hours from, from+1, …, NaN where there is no value.
func (w *Window) Copy(dst []float32, from meter.Hour) {
	for i := range dst {
		dst[i] = w.At(from + meter.Hour(i))
	}
}

// Missing is the share of the n hours before h that have no value, 0 to 1.
func (w *Window) Missing(h meter.Hour, n int) float64 {
	missing := 0
	for i := 1; i <= n; i++ {
		if v := w.At(h - meter.Hour(i)); v != v {
			missing++
		}
	}
	return float64(missing) / float64(n)
}

// AppendBinary appends the window's exact content: newest as int32, then the
// values from oldest to newest as float32, little-endian.
func (w *Window) AppendBinary(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(w.newest))
	for i := range w.values {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(w.values[i]))
	}
	return dst
}

// Restore reads back what AppendBinary wrote for a window of the same length
// and returns the bytes that follow it.
func (w *Window) Restore(src []byte) ([]byte, error) {
	need := 4 + 4*len(w.values)
	if len(src) < need {
		return nil, fmt.Errorf("window: %d bytes, need %d", len(src), need)
	}
	w.newest = meter.Hour(binary.LittleEndian.Uint32(src))
	for i := range w.values {
		w.values[i] = math.Float32frombits(binary.LittleEndian.Uint32(src[4+4*i:]))
	}
	return src[need:], nil
}

func (w *Window) clearAfterNewest(h meter.Hour) {
	if int(h-w.newest) >= len(w.values) {
		fillNaN(w.values)
		return
	}
	nan := float32(math.NaN())
	for g := w.newest + 1; g <= h; g++ {
		w.values[w.slot(g)] = nan
	}
}

func (w *Window) slot(h meter.Hour) int {
	n := len(w.values)
	return ((int(h) % n) + n) % n
}

func fillNaN(v []float32) {
	nan := float32(math.NaN())
	for i := range v {
		v[i] = nan
	}
}
