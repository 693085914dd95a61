package dataset

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// dayCount counts values by their day (UTC) and keeps the first minute of each.
type dayCount struct {
	days map[int64]*dayTally
	last *dayTally
	day  int64 // of last
}

type dayTally struct {
	first  int64 // UTC minute
	values int64
}

func (c *dayCount) add(minute int64) {
	day := floorDiv(minute, minutesPerDay)
	if c.last == nil || day != c.day {
		c.seek(day, minute)
	}
	c.last.values++
	c.last.first = min(c.last.first, minute)
}

func (c *dayCount) seek(day, minute int64) {
	if c.days == nil {
		c.days = map[int64]*dayTally{}
	}
	t := c.days[day]
	if t == nil {
		t = &dayTally{first: minute}
		c.days[day] = t
	}
	c.last, c.day = t, day
}

// A few values far before all others are taken for wrong dates: one of them
// must not move a window of a year to where there is nothing else.
const (
	strayGap   = 31  // days without a value, after stray ones
	strayShare = 100 // strays are less than one in so many
)

// begin is the first minute of a value that is no stray, and how many strays
// lie before it. ok is false if there is no value.
func (c *dayCount) begin() (minute, strays int64, ok bool) {
	var all int64
	for _, t := range c.days {
		all += t.values
	}
	days := slices.Sorted(maps.Keys(c.days))
	if len(days) == 0 {
		return 0, 0, false
	}
	start, passed := 0, int64(0)
	for i := 0; i+1 < len(days); i++ {
		passed += c.days[days[i]].values
		if passed*strayShare >= all {
			break
		}
		if days[i+1]-days[i] > strayGap {
			start, strays = i+1, passed
		}
	}
	return c.days[days[start]].first, strays, true
}

// window is the span of hours that is used.
func window(in *intake, o Options) (start, end meter.Hour, err error) {
	hours := meter.Hour(o.Span / time.Hour)
	if !o.Start.IsZero() {
		start = meter.CeilHour(o.Start)
		return start, start + hours, nil
	}
	first, strays, ok := in.days.begin()
	if !ok {
		return 0, 0, nothingRead(in)
	}
	loc, err := loadZone(o.Zone)
	if err != nil {
		return 0, 0, err
	}
	y, m, d := time.Unix(first*60, 0).In(loc).Date()
	start = meter.HourOf(time.Date(y, m, d, 0, 0, 0, 0, loc))
	because := "it is the local midnight before the first reading"
	if strays > 0 {
		because += fmt.Sprintf("; %d values lie more than %d days before all others, are taken for wrong dates and trimmed", strays, strayGap)
	}
	in.info.Detection = append(in.info.Detection, Evidence{What: "window", Guess: "from " + start.String(), Because: because, Change: "set start"})
	return start, start + hours, nil
}

// nextMidnight is the first hour of the local day after h.
func nextMidnight(h meter.Hour, zone string) (meter.Hour, error) {
	loc, err := loadZone(zone)
	if err != nil {
		return 0, err
	}
	y, m, d := h.Time().In(loc).Date()
	return meter.CeilHour(time.Date(y, m, d+1, 0, 0, 0, 0, loc)), nil
}
