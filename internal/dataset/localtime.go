package dataset

import (
	"errors"
	"time"
)

var errNoSuchTime = errors.New("the local time does not exist: clocks were set forward over it")

const minutesPerDay = 24 * 60

// localClock turns wall clock times of one zone into instants.
type localClock struct {
	loc *time.Location

	day    int64 // whose offset is known; valid if known
	offset int64 // minutes east, all that day and around it
	known  bool
}

// order is what the rows of a series before tell about the next one. Of an
// ambiguous hour, which clocks show twice, only the order of rows says which
// time it is.
type order struct {
	last    int64 // UTC minute
	seen    bool
	falling bool // rows run backwards in time

	wall   int64 // of the last row, if that was in an ambiguous hour
	inside bool
	paired bool // files sorted by the clock have both rows of a time together
}

func (o *order) note(minute int64) {
	if o.seen && minute != o.last && !o.paired {
		o.falling = minute < o.last
	}
	o.last, o.seen = minute, true
}

// instants are the UTC minutes at which clocks show wall: one, none where
// clocks go forward, two (first < second) where they go back.
func (c *localClock) instants(wall int64) (first, second int64, count int) {
	if c.known && floorDiv(wall, minutesPerDay) == c.day {
		return wall - c.offset, 0, 1
	}
	return c.lookUp(wall)
}

func (c *localClock) lookUp(wall int64) (first, second int64, count int) {
	// No zone changes twice within two days, so the offsets a day before and
	// a day after are all that can hold.
	before := c.offsetAt(wall - 2*minutesPerDay)
	after := c.offsetAt(wall + 2*minutesPerDay)
	if before == after {
		c.day, c.offset, c.known = floorDiv(wall, minutesPerDay), before, true
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
func (c *localClock) offsetAt(minute int64) int64 {
	_, seconds := time.Unix(minute*60, 0).In(c.loc).Zone()
	return int64(seconds / 60)
}

// resolve is the UTC minute of a wall time, given the rows before it.
func (c *localClock) resolve(wall int64, o *order) (int64, error) {
	first, second, count := c.instants(wall)
	if count == 2 {
		return o.choose(wall, first, second), nil
	}
	o.inside, o.paired = false, false
	if count == 0 {
		return 0, errNoSuchTime
	}
	return first, nil
}

// choose tells which of the two instants of an ambiguous time is meant. Rows come
// as 02:00 02:30 02:00 02:30, or, sorted by the clock, as 02:00 02:00 02:30 02:30.
func (o *order) choose(wall, first, second int64) int64 {
	again := o.inside && wall == o.wall
	o.wall, o.inside = wall, true
	early, late := first, second
	if o.falling {
		early, late = second, first
	}
	switch {
	case !o.seen:
		return first
	case again:
		o.paired = true
		return late
	case o.paired:
		return early
	case o.falling && o.last <= second:
		return late
	case !o.falling && o.last >= first && o.last <= second+minutesPerDay:
		return late
	}
	return early
}

// resolveEnd is the start of the interval that ends at a wall time. Where clocks go
// back, some files write the end as clocks show it, others the start plus the
// interval: rows that do not go on in time are of the former. So are, where clocks go
// forward, rows that do go on, though the clock of their end never showed their start.
func (c *localClock) resolveEnd(wall, minutes int64, o *order) (int64, error) {
	before := *o
	start, err := c.resolve(wall-minutes, o)
	if errors.Is(err, errNoSuchTime) {
		end, err := c.resolve(wall, o)
		start := end - minutes
		if err != nil || before.seen && (before.falling && start >= before.last || !before.falling && start <= before.last) {
			return 0, errNoSuchTime
		}
		return start, nil
	}
	if err != nil || !before.seen || before.falling || start > before.last {
		return start, err
	}
	if _, second, count := c.instants(wall); count == 2 && second-minutes > before.last {
		return second - minutes, nil
	}
	return start, nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
