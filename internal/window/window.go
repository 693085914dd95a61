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

// Outcome is what Put did with a reading.
type Outcome uint8

// The outcomes of Put.
const (
	Stored     Outcome = iota // the hour had no value
	Duplicate                 // the hour had this very value: nothing changed
	Correction                // the hour had another value, now replaced
	TooOld                    // the hour lies before the window: nothing changed
)

// Window is the last N hours of one meter, in kWh. It judges each reading by
// the others (see screen): one that cannot be is suspect, is kept for what may
// follow, and is a gap to all who read the window. The zero Window is of no use;
// make one with New.
type Window struct {
	newest meter.Hour // greatest hour with a reading, suspect or not; NoHour while empty
	values []float32  // see slot; NaN where the meter reported nothing
	screen screen
}

// New makes an empty window of n ≥ 1 hours.
func New(n int) *Window {
	w := &Window{newest: meter.NoHour, values: make([]float32, n), screen: newScreen()}
	fillNaN(w.values)
	return w
}

// Len is the number of hours that the window spans.
func (w *Window) Len() int { return len(w.values) }

// Newest is the greatest hour with a reading, suspect or not; NoHour while there
// is none.
func (w *Window) Newest() meter.Hour { return w.newest }

// Oldest is the first hour that the window can hold, NoHour while empty.
func (w *Window) Oldest() meter.Hour {
	if w.newest == meter.NoHour {
		return meter.NoHour
	}
	return meter.Hour(max(int64(w.newest)-int64(len(w.values))+1, int64(meter.NoHour)+1))
}

// At is the value of hour h in kWh, NaN for a gap, a suspect reading, or an hour
// outside.
func (w *Window) At(h meter.Hour) float32 {
	if !w.holds(h) {
		return nan()
	}
	s := w.slot(h)
	if w.screen.isSuspect(s) {
		return nan()
	}
	return w.values[s]
}

// Put enters a reading and returns what became of it, with the value that the
// hour had before (NaN if none), suspect or not. An hour after the newest moves
// the window on and leaves the hours between as gaps. kwh is a number: the caller
// has rejected NaN, because a gap is an hour without Put. Suspect and Rejudged
// return how the reading was judged.
func (w *Window) Put(h meter.Hour, kwh float32) (Outcome, float32) {
	w.screen.forgetRejudged()
	before := w.newest
	switch {
	case h == meter.NoHour:
		return TooOld, nan()
	case h > w.newest: // always so while empty
		w.moveTo(h)
	case !w.holds(h):
		return TooOld, nan()
	}
	s := w.slot(h)
	old := w.values[s]
	if old == kwh {
		return Duplicate, old
	}
	w.values[s] = kwh
	w.judge(h, s, kwh, before)
	if old != old {
		return Stored, nan()
	}
	return Correction, old
}

// Copy fills dst with the hours from, from+1, …, NaN where there is no value or
// a suspect one.
func (w *Window) Copy(dst []float32, from meter.Hour) {
	first := max(int64(w.Oldest())-int64(from), 0)
	end := min(int64(w.newest)-int64(from)+1, int64(len(dst)))
	if w.newest == meter.NoHour || end <= first {
		fillNaN(dst)
		return
	}
	fillNaN(dst[:first])
	fillNaN(dst[end:])
	s := w.slot(from + meter.Hour(first))
	n := copy(dst[first:end], w.values[s:])
	copy(dst[first+int64(n):end], w.values)
	if w.screen.suspects == 0 {
		return
	}
	for i := range dst[first:end] {
		if w.screen.isSuspect(s) {
			dst[first+int64(i)] = nan()
		}
		if s++; s == len(w.values) {
			s = 0
		}
	}
}

// Missing is the share of the n hours before h that have no value or a suspect
// one, 0 to 1.
func (w *Window) Missing(h meter.Hour, n int) float64 {
	missing := n
	from := max(int64(h)-int64(n), int64(w.Oldest()))
	end := min(int64(h), int64(w.newest)+1)
	if w.newest != meter.NoHour && from < end {
		s := w.slot(meter.Hour(from))
		for range end - from {
			if v := w.values[s]; v == v && !w.screen.isSuspect(s) {
				missing--
			}
			if s++; s == len(w.values) {
				s = 0
			}
		}
	}
	return float64(missing) / float64(n)
}

// AppendBinary appends the window's exact content, little-endian: its length
// as uint32, newest as int32, the values from oldest to newest as float32, then
// what the screen knows.
func (w *Window) AppendBinary(dst []byte) []byte {
	dst = binary.LittleEndian.AppendUint32(dst, uint32(len(w.values)))
	dst = binary.LittleEndian.AppendUint32(dst, uint32(w.newest))
	first := w.afterNewest()
	for _, v := range w.values[first:] {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	for _, v := range w.values[:first] {
		dst = binary.LittleEndian.AppendUint32(dst, math.Float32bits(v))
	}
	return w.screen.appendBinary(dst)
}

// Restore reads back what AppendBinary wrote for a window of the same length
// and returns the bytes that follow it. After an error the window is as before.
func (w *Window) Restore(src []byte) ([]byte, error) {
	const header = 8
	need := header + 4*len(w.values)
	if len(src) < need {
		return nil, fmt.Errorf("window: %d bytes, need %d", len(src), need)
	}
	if n := binary.LittleEndian.Uint32(src); uint64(n) != uint64(len(w.values)) {
		return nil, fmt.Errorf("window: saved with %d hours, want %d", n, len(w.values))
	}
	newest := meter.Hour(binary.LittleEndian.Uint32(src[4:]))
	last := math.Float32frombits(binary.LittleEndian.Uint32(src[need-4:]))
	if (newest == meter.NoHour) != (last != last) {
		return nil, fmt.Errorf("window: damaged: newest hour %v has the value %v", newest, last)
	}
	read, rest, err := w.screen.restored(src[need:], len(w.values))
	if err != nil {
		return nil, err
	}
	w.newest, w.screen = newest, read
	s := w.afterNewest()
	for b := src[header:need]; len(b) > 0; b = b[4:] {
		w.values[s] = math.Float32frombits(binary.LittleEndian.Uint32(b))
		if s++; s == len(w.values) {
			s = 0
		}
	}
	return rest, nil
}

// Clear makes hour h a gap. An hour that the window does not hold is one already.
func (w *Window) Clear(h meter.Hour) {
	if !w.holds(h) {
		return
	}
	s := w.slot(h)
	w.values[s] = nan()
	w.screen.clear(s)
	for w.newest != meter.NoHour && w.values[w.slot(w.newest)] != w.values[w.slot(w.newest)] {
		if w.newest--; int64(h)-int64(w.newest) >= int64(len(w.values)) {
			w.newest = meter.NoHour
		}
	}
}

// holds reports whether h lies in the window. The ages are int64 because hours
// at both ends of int32 are farther apart than an int32 can say.
func (w *Window) holds(h meter.Hour) bool {
	age := int64(w.newest) - int64(h)
	return age >= 0 && age < int64(len(w.values)) && h != meter.NoHour
}

// moveTo makes h the newest hour; the hours between become gaps.
func (w *Window) moveTo(h meter.Hour) {
	steps := int64(h) - int64(w.newest)
	w.newest = h
	if steps >= int64(len(w.values)) {
		fillNaN(w.values)
		w.screen.clearAll()
		return
	}
	s := w.slot(h)
	for ; steps > 0; steps-- {
		w.values[s] = nan()
		w.screen.clear(s)
		if s--; s < 0 {
			s = len(w.values) - 1
		}
	}
}

// slot is the fixed place of hour h: h, counted from the first hour of all, mod
// N. The count is unsigned, so that one division does.
func (w *Window) slot(h meter.Hour) int {
	return int((uint32(h) ^ 1<<31) % uint32(len(w.values)))
}

// afterNewest is the slot of the oldest value: it follows the newest in the ring.
func (w *Window) afterNewest() int {
	s := w.slot(w.newest) + 1
	if s == len(w.values) {
		return 0
	}
	return s
}

func nan() float32 { return float32(math.NaN()) }

func fillNaN(v []float32) {
	for i := range v {
		v[i] = nan()
	}
}
