package hourly

import (
	"fmt"
	"maps"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/wallclock"
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
	day := wallclock.FloorDiv(minute, wallclock.MinutesPerDay)
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

// A few values far before or after all others are taken for wrong dates: one of
// them must not move a window of a year to where there is nothing else.
const (
	strayGap   = 31  // days without a value, between stray ones and the others
	strayShare = 100 // strays are less than one in so many
	fewStrays  = 2   // or no more than so many
	manyOthers = 24  // beside so many others
)

// areStrays is true of so few of all values.
func areStrays(values, all int64) bool {
	return values*strayShare < all || values <= fewStrays && all-values >= manyOthers
}

// datedSpan is the part of the time that a file is about.
type datedSpan struct {
	first       int64 // UTC minute of the first value that is no stray
	lastDay     int64 // UTC day of the last one
	early, late int64 // strays before and after
}

// span finds the strays. ok is false if there is no value.
func (c *dayCount) span() (s datedSpan, ok bool) {
	var all int64
	for _, t := range c.days {
		all += t.values
	}
	days := slices.Sorted(maps.Keys(c.days))
	if len(days) == 0 {
		return s, false
	}
	from, to := 0, len(days)-1
	for i, passed := 0, int64(0); i < to; i++ {
		passed += c.days[days[i]].values
		if !areStrays(passed, all) {
			break
		}
		if days[i+1]-days[i] > strayGap {
			from, s.early = i+1, passed
		}
	}
	for i, passed := to, int64(0); i > from; i-- {
		passed += c.days[days[i]].values
		if !areStrays(passed, all) {
			break
		}
		if days[i]-days[i-1] > strayGap {
			to, s.late = i-1, passed
		}
	}
	s.first, s.lastDay = c.days[days[from]].first, days[to]
	return s, true
}

// Window is the span of hours that is used; some is false if nothing was read that
// could show it.
func (t *Intake) Window() (start, end meter.Hour, some bool, err error) {
	o := t.opts
	if !o.Start.IsZero() {
		start, end = meter.HoursWithin(o.Start, o.Span)
		return start, end, true, nil
	}
	span, ok := t.days.span()
	if !ok {
		return 0, 0, false, nil
	}
	loc, err := loadZone(o.Zone)
	if err != nil {
		return 0, 0, false, err
	}
	start, end = meter.HoursWithin(localMidnight(span.first, loc).Time(), o.Span)
	sure, because := dataset.Proved, "it is the local midnight before the first reading"
	if span.early > 0 {
		sure = dataset.Likely
		because += fmt.Sprintf("; %d values lie more than %d days before all others, are taken for wrong dates and trimmed", span.early, strayGap)
	}
	if span.late > 0 {
		sure = dataset.Likely
		because += fmt.Sprintf("; %d values lie more than %d days after all others, are taken for wrong dates and trimmed", span.late, strayGap)
		last, err := NextMidnight(meter.Hour(span.lastDay*24+23), o.Zone)
		if err != nil {
			return 0, 0, false, err
		}
		end = min(end, last)
	}
	t.Note(dataset.Evidence{What: "window", Guess: "from " + start.String(), Sure: sure, Because: because, Change: "set the start of the window"})
	return start, end, true, nil
}

func loadZone(name string) (*time.Location, error) {
	loc, err := time.LoadLocation(name)
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w; use an IANA name such as Europe/London", name, err)
	}
	return loc, nil
}

// NextMidnight is the first hour of the local day after h.
func NextMidnight(h meter.Hour, zone string) (meter.Hour, error) {
	loc, err := loadZone(zone)
	if err != nil {
		return 0, err
	}
	y, m, d := h.Time().In(loc).Date()
	return meter.DayStart(y, m, d+1, loc), nil
}

// localMidnight is the first hour of a UTC minute's local day.
func localMidnight(minute int64, loc *time.Location) meter.Hour {
	y, m, d := time.Unix(minute*60, 0).In(loc).Date()
	return meter.DayStart(y, m, d, loc)
}
