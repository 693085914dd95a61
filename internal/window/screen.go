package window

import (
	"iter"
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// Bounds of what is plausible.
const (
	// leastKnown is how many readings a meter is judged by at least. The first are
	// judged together when there are as many, and no forecast rests on fewer.
	leastKnown = 24

	// factor is how many times as much as others a reading may be. A doubled load is
	// below it with room for a high hour.
	factor = 3
	// support is how many other hours of the window must be like a reading.
	support = 2

	// A reading is far if it exceeds both. No fuse of a home passes the first, no new
	// car or heat pump adds the second: then more must be like it, and not the very
	// same number, which is what a counter that overflows repeats.
	farKWh, farFactor = 25, 25.0
	farSupport        = 5

	// Any meter may read what one appliance draws in an hour, kWh, and the noise of a
	// sensor around zero.
	leastHigh, leastLow = 0.5, 0.1
	// otherSign is the share of the bound on one side of zero that any meter may read
	// on the other.
	otherSign = 0.05

	// stuckHours is how many hours one number may last; see varies.
	stuckHours = meter.HoursPerDay

	// renewal is how often the bounds follow the window, in hours: often enough, as
	// it spans several times as many.
	renewal = meter.HoursPerWeek
)

// screen decides which readings of a window are suspect.
//
// A reading is plausible if at least two other hours of the window hold a like
// value: one of the same sign, from a third to three times as large. Readings
// below three times the third-highest are so without a search, and on the other
// side of zero likewise. One that is far beyond everything needs five. So one or
// two readings that cannot be are suspect, and a load that has changed is
// confirmed by the hours that follow, which then confirm the first ones too.
//
// From its second day on, a number other than zero that a meter repeats is
// suspect if the meter varies.
//
// The judgement is a function of the readings in the order in which they came.
type screen struct {
	low, high float32    // what lies between is plausible
	most      float32    // kWh either way, beyond which nothing is; +Inf for no limit
	renewed   meter.Hour // when the bounds were taken; NoHour until there are enough readings
	known     uint8      // readings so far, up to leastKnown
	stuck     bool       // the newest number is repeated too long
	run       uint16     // hours that the newest number has lasted
	suspects  uint16     // number of marks
	suspicion *suspicion // nil before the first suspect reading
}

// suspicion is what a screen keeps besides where a reading has been suspect, which is
// so for few meters.
type suspicion struct {
	marks    []uint32  // a bit per slot
	rejudged []Verdict // by the last Put
}

// Verdict is how the reading of an hour is judged.
type Verdict struct {
	Hour    meter.Hour
	Suspect bool
}

func newScreen() screen {
	c := screen{most: float32(math.Inf(1))}
	c.forget()
	return c
}

// forget drops the bounds.
func (c *screen) forget() {
	c.low, c.high, c.renewed = float32(math.Inf(-1)), float32(math.Inf(1)), meter.NoHour
}

// Limit makes every reading that follows suspect if it is of more than most kWh,
// either way. No other reading confirms it.
func (w *Window) Limit(most float32) { w.screen.most = most }

// Suspect reports whether the reading of hour h is suspect.
func (w *Window) Suspect(h meter.Hour) bool {
	return w.screen.suspects > 0 && w.holds(h) && w.screen.isSuspect(w.slot(h))
}

// IsPlausible reports whether kWh lie within what the readings so far bear out, of
// an hour that the window cannot hold.
func (w *Window) IsPlausible(kwh float32) bool {
	c := &w.screen
	return kwh >= c.low && kwh <= c.high && abs(kwh) <= c.most
}

// Suspects is the number of suspect readings in the n hours before h.
func (w *Window) Suspects(h meter.Hour, n int) (count int) {
	if w.screen.suspects == 0 {
		return 0
	}
	for g := h - meter.Hour(n); g < h; g++ {
		if w.Suspect(g) {
			count++
		}
	}
	return count
}

// Rejudged are the other hours whose readings the last Put made suspect, or
// plausible again. They are valid until the next Put.
func (w *Window) Rejudged() []Verdict {
	if w.screen.suspicion == nil {
		return nil
	}
	return w.screen.suspicion.rejudged
}

// PutJudged enters a reading that has been judged before, as Put does otherwise.
// Renew follows the last of them.
func (w *Window) PutJudged(h meter.Hour, kwh float32, suspect bool) {
	switch {
	case h == meter.NoHour:
		return
	case h > w.newest:
		w.moveTo(h)
	case !w.holds(h):
		return
	}
	s := w.slot(h)
	w.values[s] = kwh
	w.screen.clear(s)
	if suspect {
		w.mark(s)
	}
}

// judge decides on the reading of hour h, which has just been entered into slot s.
// before is what was the newest hour until then.
func (w *Window) judge(h meter.Hour, s int, kwh float32, before meter.Hour) {
	c := &w.screen
	c.clear(s)
	if h > before {
		w.countRun(h, s, kwh, before)
	}
	switch {
	case abs(kwh) > c.most, c.stuck && h > before:
		w.mark(s)
	case c.renewed == meter.NoHour:
		w.judgeFirst(h)
	case kwh < c.low, kwh > c.high, c.isDue(h):
		w.judgeAgainstOthers(h, s, kwh)
	}
}

// isDue reports whether the bounds are older than they may be.
func (c *screen) isDue(h meter.Hour) bool { return int64(h)-int64(c.renewed) >= renewal }

func (w *Window) judgeAgainstOthers(h meter.Hour, s int, kwh float32) {
	c := &w.screen
	accepted := w.bound()
	if accepted < leastKnown { // after months of silence it is a new meter
		c.forget()
		c.known = uint8(accepted)
		return
	}
	if c.isDue(h) {
		c.renewed = h
		w.release()
	}
	switch {
	case kwh >= c.low && kwh <= c.high:
	case w.isSupported(s):
		w.confirmLike(kwh)
		w.bound()
	default:
		w.mark(s)
	}
}

// judgeFirst judges the readings that came before there were enough to judge by,
// once there are. The newest one is of hour h.
func (w *Window) judgeFirst(h meter.Hour) {
	c := &w.screen
	if c.known++; c.known < leastKnown {
		return
	}
	if c.known = uint8(min(w.bound(), leastKnown)); c.known < leastKnown {
		c.forget()
		return // some came for the same hour
	}
	c.renewed = h
	for g, s := range w.readings() {
		v := w.values[s]
		if c.isSuspect(s) || v >= c.low && v <= c.high || w.isSupported(s) {
			continue
		}
		w.mark(s)
		if g != h {
			c.suspicion.rejudge(g, true)
		}
	}
	w.bound()
}

// bound takes the bounds from the readings that are not suspect, and returns their
// number.
func (w *Window) bound() (accepted int) {
	c := &w.screen
	var above, below [support + 1]float32 // the greatest values of each sign
	var most, least float32               // what lies between is not among them: nearly all
	for s, v := range w.values {
		if v >= least && v <= most {
			accepted++
			continue
		}
		if v != v {
			continue
		}
		accepted++
		switch {
		case c.isSuspect(s):
		case v > most:
			insert(&above, v)
			most = above[support]
		default:
			insert(&below, -v)
			least = -below[support]
		}
	}
	accepted -= int(c.suspects)
	high, low := factor*above[support], factor*below[support]
	c.high = max(high, otherSign*low, leastHigh)
	c.low = -max(low, otherSign*high, leastLow)
	return accepted
}

// insert puts v among the greatest, in descending order.
func insert(greatest *[support + 1]float32, v float32) {
	i := support
	for ; i > 0 && greatest[i-1] < v; i-- {
		greatest[i] = greatest[i-1]
	}
	greatest[i] = v
}

// isSupported reports whether enough other hours hold a value like that of slot s.
func (w *Window) isSupported(s int) bool {
	kwh := w.values[s]
	far := abs(kwh) > max(farKWh, farFactor/factor*max(w.screen.high, -w.screen.low))
	found, wanted := 0, support
	if far {
		wanted = farSupport
	}
	for i, v := range w.values {
		if i != s && isLike(v, kwh) && abs(v) <= w.screen.most && !(far && v == kwh) {
			if found++; found == wanted {
				return true
			}
		}
	}
	return false
}

// isLike reports whether two values have one sign and a similar size. NaN is like
// nothing.
func isLike(a, b float32) bool {
	if a < 0 {
		a, b = -a, -b
	}
	return b > 0 && a*factor >= b && a <= b*factor
}

// confirmLike makes suspect readings like kwh plausible.
func (w *Window) confirmLike(kwh float32) {
	c := &w.screen
	if c.suspects == 0 {
		return
	}
	for h, s := range w.readings() {
		v := w.values[s]
		if c.isSuspect(s) && isLike(v, kwh) && (v > c.high || v < c.low) && abs(v) <= c.most {
			w.accept(h, s)
		}
	}
}

// release makes suspect readings plausible that lie within the bounds by now,
// unless they are what a meter repeated.
func (w *Window) release() {
	c := &w.screen
	if c.suspects == 0 {
		return
	}
	before := nan()
	for h, s := range w.readings() {
		v := w.values[s]
		if c.isSuspect(s) && v >= c.low && v <= c.high && abs(v) <= c.most && v != before {
			w.accept(h, s)
		}
		before = v
	}
}

func (w *Window) accept(h meter.Hour, s int) {
	w.screen.clear(s)
	w.screen.suspicion.rejudge(h, false)
}

// readings are the hours that have one, suspect or not, with their slots, in order
// of time.
func (w *Window) readings() iter.Seq2[meter.Hour, int] {
	return func(yield func(meter.Hour, int) bool) {
		if w.newest == meter.NoHour {
			return
		}
		s := w.slot(w.Oldest())
		for h := int64(w.Oldest()); h <= int64(w.newest); h++ {
			if v := w.values[s]; v == v && !yield(meter.Hour(h), s) {
				return
			}
			if s++; s == len(w.values) {
				s = 0
			}
		}
	}
}

func abs(v float32) float32 { return math.Float32frombits(math.Float32bits(v) &^ (1 << 31)) }
