package hourly

import "github.com/energytwin/energytwin/internal/dataset/wallclock"

// counterEnds is what the first reading of all states shows of where a counter's states
// begin and end.
//
// The energy of an hour is known from a state at its start to one at its end. Loggers
// that write every few minutes, but at no fixed ones, have neither: within a file the
// energy between the two states around the hour is divided in proportion to time. At the
// first and the last state there is one side only. If no more of the hour is missing than
// the logger usually leaves between two states, and at most a quarter of it, the power of
// the nearest step goes on to the hour's end. A logger that keeps a grid has a state at
// each hour: where that is missing, the hour is not known.
type counterEnds struct {
	first, last int64      // UTC minutes of the first and the last state
	steps       [61]uint32 // by their minutes
	hours       int64      // in which there are states
	onHour      int64      // of these, with a state at their start
	reach       int64      // minutes that may be missing of the first and the last hour
	begun       bool
}

const (
	// mostEstimated bounds what may be missing of an hour that is completed, in minutes.
	mostEstimated = 15
	// A logger keeps a grid if it has a state at the start of nine in ten hours.
	gridShare = 0.9
)

// add takes the next state. minutes have passed since the one before, if there is one.
func (c *counterEnds) add(at, minutes int64, known bool) {
	if !c.begun {
		c.begun, c.first = true, at
	}
	if known && minutes < int64(len(c.steps)) {
		c.steps[minutes]++
	}
	if !known || wallclock.FloorDiv(at, 60) != wallclock.FloorDiv(at-minutes, 60) {
		c.hours++
		if wallclock.FloorMod(at, 60) == 0 {
			c.onHour++
		}
	}
}

// close settles how far a state may be from the end of its hour.
func (c *counterEnds) close(last int64) {
	c.last = last
	if float64(c.onHour) >= gridShare*float64(c.hours) {
		return
	}
	var n, passed uint32
	for _, count := range c.steps {
		n += count
	}
	for minutes, count := range c.steps {
		if passed += count; passed*2 > n {
			c.reach = min(int64(minutes), mostEstimated)
			return
		}
	}
}

// completeEnds completes the hour of a counter's first or last state, if the step from
// before to the state of e is next to it.
func (h *hourly) completeEnds(e entry, before int64, kWh float64) {
	c := &h.counters.history[e.meter()].ends
	at := e.minute() + counterLength
	perMinute := kWh / float64(at-before)
	if missing := wallclock.FloorMod(before, 60); before == c.first && missing > 0 && missing <= c.reach {
		h.estimate(e.meter(), before-missing, missing, perMinute)
	}
	if missing := 60 - wallclock.FloorMod(at, 60); at == c.last && missing <= c.reach {
		h.estimate(e.meter(), at, missing, perMinute)
	}
}

func (h *hourly) estimate(series int32, start, minutes int64, perMinute float64) {
	h.divide(series, start, int(minutes), perMinute*float64(minutes))
	h.info.Estimated++
	h.estimated++
}
