// Package wallclock turns the times that clocks of a zone show into instants, also where
// clocks are set forward or back. Minutes count from 1970-01-01T00:00, of the wall clock or
// of UTC.
package wallclock

import (
	"errors"
	"time"
)

// ErrNoSuchTime is a time that no clock of the zone shows.
var ErrNoSuchTime = errors.New("the local time does not exist: clocks were set forward over it")

// MinutesPerDay are the minutes of a day without a clock change.
const MinutesPerDay = 24 * 60

// Clock turns wall clock times of one zone into instants.
type Clock struct {
	Zone *time.Location

	day    int64 // whose offset is known; valid if known
	offset int64 // minutes east, all that day and around it
	known  bool
}

// Order is what the rows of a series before show about the next one. Of an
// ambiguous hour, which clocks show twice, only the order of rows shows which
// time it is.
type Order struct {
	Last    int64 // UTC minute
	Seen    bool
	falling bool // rows run backwards in time

	wall   int64 // of the last row, if that was in an ambiguous hour
	inside bool
	paired bool // files sorted by the clock have both rows of a time together
}

// Note keeps the instant of a row, for the next one.
func (o *Order) Note(minute int64) {
	if o.Seen && minute != o.Last && !o.paired {
		o.falling = minute < o.Last
	}
	o.Last, o.Seen = minute, true
}

// Instants are the UTC minutes at which clocks show wall: one, none where
// clocks go forward, two (first < second) where they go back.
func (c *Clock) Instants(wall int64) (first, second int64, count int) {
	if c.known && FloorDiv(wall, MinutesPerDay) == c.day {
		return wall - c.offset, 0, 1
	}
	return c.lookUp(wall)
}

func (c *Clock) lookUp(wall int64) (first, second int64, count int) {
	// No zone changes twice within two days, so the offsets a day before and
	// a day after are all that can hold.
	before := c.offsetAt(wall - 2*MinutesPerDay)
	after := c.offsetAt(wall + 2*MinutesPerDay)
	if before == after {
		c.day, c.offset, c.known = FloorDiv(wall, MinutesPerDay), before, true
		return wall - before, 0, 1
	}
	a, b := wall-before, wall-after
	okA, okB := c.offsetAt(a) == before, c.offsetAt(b) == after
	switch {
	case okA && okB:
		return min(a, b), max(a, b), 2
	case okA:
		return a, 0, 1
	case okB:
		return b, 0, 1
	}
	return 0, 0, 0
}

// offsetAt is the zone's offset at a UTC minute, in minutes east.
func (c *Clock) offsetAt(minute int64) int64 {
	_, seconds := time.Unix(minute*60, 0).In(c.Zone).Zone()
	return int64(seconds / 60)
}

// Resolve is the UTC minute of a wall time, given the rows before it.
func (c *Clock) Resolve(wall int64, o *Order) (int64, error) {
	first, second, count := c.Instants(wall)
	if count == 2 {
		return o.choose(wall, first, second), nil
	}
	o.inside, o.paired = false, false
	if count == 0 {
		return 0, ErrNoSuchTime
	}
	return first, nil
}

// choose returns which of the two instants of an ambiguous time is meant. Rows come
// as 02:00 02:30 02:00 02:30, or, sorted by the clock, as 02:00 02:00 02:30 02:30.
func (o *Order) choose(wall, first, second int64) int64 {
	again := o.inside && wall == o.wall
	o.wall, o.inside = wall, true
	early, late := first, second
	if o.falling {
		early, late = second, first
	}
	switch {
	case !o.Seen:
		return first
	case again:
		o.paired = true
		return late
	case o.paired:
		return early
	case o.falling && o.Last <= second:
		return late
	case !o.falling && o.Last >= first && o.Last <= second+MinutesPerDay:
		return late
	}
	return early
}

// ResolveEnd is the start of the interval that ends at a wall time. Where clocks go
// back, some files write the end as clocks show it, others the start plus the
// interval: rows that do not go on in time are of the former. So are, where clocks go
// forward, rows that do go on, though the clock of their end never showed their start.
func (c *Clock) ResolveEnd(wall, minutes int64, o *Order) (int64, error) {
	before := *o
	start, err := c.Resolve(wall-minutes, o)
	if errors.Is(err, ErrNoSuchTime) {
		end, err := c.Resolve(wall, o)
		start := end - minutes
		if err != nil || before.Seen && (before.falling && start >= before.Last || !before.falling && start <= before.Last) {
			return 0, ErrNoSuchTime
		}
		return start, nil
	}
	if err != nil || !before.Seen || before.falling || start > before.Last {
		return start, err
	}
	if _, second, count := c.Instants(wall); count == 2 && second-minutes > before.Last {
		return second - minutes, nil
	}
	return start, nil
}

// FloorDiv is a/b, rounded down.
func FloorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}

// FloorMod is what FloorDiv leaves, from 0 to b-1.
func FloorMod(a, b int64) int64 { return a - FloorDiv(a, b)*b }
