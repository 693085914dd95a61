package forecast

import (
	"sync"
	"sync/atomic"

	"github.com/energytwin/energytwin/internal/meter"
)

// Combined is the engine: several experts, weighted for each meter by how well
// they have done for it, with an interval from the errors of the last weeks.
type Combined struct {
	cal    *meter.Calendar
	at     meter.IssueTime
	off    *holidays
	given  *Coefficients
	forest *compiledForest // of the coefficients' forest
	table  *errorTable

	outdoor *Temperatures // nil if they are not known

	days  [daysKept]atomic.Pointer[days] // by issue; what is found here is what would be computed again
	spare sync.Pool                      // of *scratch
}

// daysKept is how many issue times are remembered, over all meters.
const daysKept = 128

// NewCombined makes the engine for one zone and issue time, with coefficients
// that were learned before, and the area's temperatures; nil if there are none.
func NewCombined(cal *meter.Calendar, at meter.IssueTime, given *Coefficients, outdoor *Temperatures) *Combined {
	c := &Combined{cal: cal, at: at, off: holidaysOf(cal.Location().String()), given: given, outdoor: outdoor}
	c.forest = compile(given.Forest)
	c.table = newErrorTable()
	c.spare.New = func() any { return new(scratch) }
	return c
}

// Name is "combined".
func (c *Combined) Name() string { return "combined" }

// Version is that of the encoding and meaning of a state.
func (c *Combined) Version() uint16 { return 4 }

// NewState is the state of a meter of which nothing is known.
func (c *Combined) NewState() State {
	s := &meterState{model: c, next: meter.NoHour, ahead: outlook{issue: meter.NoHour}, smoothing: untuned}
	s.weights.start()
	s.spread.start(&c.given.Spread)
	return s
}

// daysAt is what an issue time means.
func (c *Combined) daysAt(issue meter.Hour) *days {
	place := &c.days[uint32(issue)/hoursADay%daysKept]
	if d := place.Load(); d != nil && d.issue == issue {
		return d
	}
	d := newDays(c.cal, c.at, c.off, c.outdoor, issue)
	place.Store(d)
	return d
}

// scratch is what one turn needs besides the state.
type scratch struct {
	grid      grid
	view      view
	x         [hoursADay][regressors]float32
	trees     treeInput
	dshw      contest
	forecasts expertForecasts
	input     expertInput
}
