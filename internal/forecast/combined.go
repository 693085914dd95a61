package forecast

import (
	"sync"
	"sync/atomic"
	"weak"

	"github.com/energytwin/energytwin/internal/meter"
)

// Combined is the engine: several experts, weighted for each meter by how well
// they have done for it, with an interval from the errors of the last weeks.
type Combined struct {
	cal    *meter.Calendar
	at     meter.IssueTime
	off    *holidays
	given  Coefficients    // without their forests
	forest *compiledForest // of the coefficients
	table  *errorTable

	outdoor *Temperatures // nil if they are not known

	days  [daysKept]atomic.Pointer[keptDays] // by issue
	spare sync.Pool                          // of *scratch
}

// daysKept is how many issue times are remembered, over all meters.
const (
	daysKeptBits = 9
	daysKept     = 1 << daysKeptBits
)

// keptDays is what an issue time means, until the memory is wanted: what is found is what would be
// computed again, and most issue times are past for all meters.
type keptDays = weak.Pointer[days]

// NewCombined makes the engine for one zone and issue time, with coefficients
// that were learned before, and the area's temperatures; nil if there are none.
func NewCombined(cal *meter.Calendar, at meter.IssueTime, given *Coefficients, outdoor *Temperatures) *Combined {
	c := &Combined{cal: cal, at: at, off: holidaysOf(cal.Location().String()), given: *given, outdoor: outdoor}
	c.given.Forest, c.given.Width.Trees = nil, nil
	c.forest = compile(given.Forest, &given.Width)
	c.table = newErrorTable()
	c.spare.New = func() any { return new(scratch) }
	return c
}

// WithTemperatures is the engine with other temperatures; nil for none.
func (c *Combined) WithTemperatures(outdoor *Temperatures) *Combined {
	out := &Combined{cal: c.cal, at: c.at, off: c.off, given: c.given, outdoor: outdoor, forest: c.forest, table: c.table}
	out.spare.New = c.spare.New
	return out
}

// Name is "combined".
func (c *Combined) Name() string { return "combined" }

// Version is that of the encoding and meaning of a state.
func (c *Combined) Version() uint16 { return 5 }

// Issues reports whether an hour is an issue time of the model's own, at which states learn.
func (c *Combined) Issues(h meter.Hour) bool { return c.cal.NextIssue(h-1, c.at) == h }

// NewState is the state of a meter of which nothing is known.
func (c *Combined) NewState() State {
	s := new(meterState)
	s.start(c)
	return s
}

// States makes the states of many meters, for less memory than one by one, which fill the
// sizes that memory comes in badly. The zero value is ready.
type States struct{ spare []meterState }

// statesAtOnce is how many states have memory in common: 24 fill five pages of 8 KiB.
const statesAtOnce = 24

// New is Model.NewState of m.
func (s *States) New(m *Combined) State {
	if len(s.spare) == 0 {
		s.spare = make([]meterState, statesAtOnce)
	}
	next := &s.spare[0]
	s.spare = s.spare[1:]
	next.start(m)
	return next
}

// placeOf spreads issue times over all places (Knuth's multiplicative hash).
func placeOf(issue meter.Hour) uint32 { return uint32(issue) * 2654435769 >> (32 - daysKeptBits) }

// daysAt is what an issue time means.
func (c *Combined) daysAt(issue meter.Hour) *days {
	place := &c.days[placeOf(issue)]
	if kept := place.Load(); kept != nil {
		if d := kept.Value(); d != nil && d.issue == issue {
			return d
		}
	}
	d := newDays(c.cal, c.at, c.off, c.outdoor, issue)
	var first, second treeInput
	first.fillCalendar(d, dayAhead)
	second.fillCalendar(d, secondDay)
	d.calendar = [2]calendarRanks{c.forest.rankCalendar(&first, &second), c.forest.rankCalendar(&second, &second)}
	kept := weak.Make(d)
	place.Store(&kept)
	return d
}

// scratch is what the turns of some meters need besides their states.
type scratch struct {
	*past             // of the meter whose turn it is
	pasts             [smoothingWidth]past
	lanes             smoothingLanes
	solver            solveLanes
	jobs              [2 * smoothingWidth]solveJob
	view              view
	week              sevenDays
	x                 regressorInput
	day               forecastDay        // that is forecast
	second            forecastDay        // the second, where the forests are asked about both at once
	first             [hoursADay]float32 // what the regression forecast for the first day
	input             expertInput
	ranks             rankedInput
	sums, below, over forestSums // of the trees, and of those of the widths
	ahead             outlook    // for an issue that is not the model's own, and for the second day
	interval          interval
}

// past is what is read of a meter's window, and what is known of it between the steps of its
// turn.
type past struct {
	grid     grid
	dshw     contest
	learns   bool  // the state learns from its newest day
	known    bool  // there is enough to forecast from
	smoothed *dshw // at the end of the past

	observed  bool                // the regression has taken the newest day in
	begins    bool                // a forecast begins where the learned days did not, or its second day does
	elsewhere [regressors]float32 // correction of the regression for that
}

// forecastDay is a day that is forecast.
type forecastDay struct {
	forecasts expertForecasts
	trees     treeInput
}
