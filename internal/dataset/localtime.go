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

// order is what a meter's last reading tells about the next one. Of an
// ambiguous hour, which clocks show twice, only the order of rows says which
// time it is.
type order struct {
	last    int64 // UTC minute
	seen    bool
	falling bool // rows run backwards in time
}

func (o *order) note(minute int64) {
	if o.seen && minute != o.last {
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
	switch count {
	case 0:
		return 0, errNoSuchTime
	case 1:
		return first, nil
	}
	if !o.seen {
		return first, nil
	}
	if o.falling {
		if o.last > second {
			return second, nil
		}
		return first, nil
	}
	if o.last >= first && o.last <= second+minutesPerDay {
		return second, nil
	}
	return first, nil
}

func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b != 0 && (a < 0) != (b < 0) {
		q--
	}
	return q
}
