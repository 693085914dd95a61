package window

import (
	"math"

	"github.com/energytwin/energytwin/internal/meter"
)

// Bounds of what varies.
const (
	leastPairs = meter.HoursPerDay // to judge by
	mostSame   = 0.25              // share of pairs that are one number twice
)

// countRun counts the hours of one number, the newest being kwh at hour h in slot s.
// before is the hour of the reading before it.
func (w *Window) countRun(h meter.Hour, s int, kwh float32, before meter.Hour) {
	c := &w.screen
	last := nan()
	if h-before == 1 && s > 0 { // nearly always: it saves the division of slot
		last = w.values[s-1]
	} else if w.holds(before) {
		last = w.values[w.slot(before)]
	}
	if last != kwh || kwh == 0 {
		c.run, c.stuck = 1, false
		return
	}
	if c.run < math.MaxUint16 {
		c.run++
	}
	if c.run == stuckHours+1 {
		c.stuck = w.varies(kwh)
	}
}

// varies reports whether a meter's load changes from hour to hour: of the pairs of
// successive readings other than zero, before the newest number began, less than
// a quarter are one number twice. A lamp or a standby load does not vary, nor does
// a meter that counts in coarse steps; they are not stuck when they stay the same.
func (w *Window) varies(newest float32) bool {
	pairs, same, tail := 0, 0, 0 // tail is of the pairs that end with the newest number
	last := nan()
	for _, s := range w.readings() {
		v := w.values[s]
		if last == last && last != 0 {
			pairs++
			if v == last {
				same++
			}
		}
		if v != newest {
			tail = 0
		} else if v == last {
			tail++
		}
		last = v
	}
	pairs, same = pairs-tail, same-tail
	return pairs >= leastPairs && float32(same) < mostSame*float32(pairs)
}
