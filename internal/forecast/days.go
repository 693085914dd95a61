package forecast

import (
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// pastDays is how many days before an issue are looked at: seven weeks.
const pastDays = 49

// hoursADay is the number of columns of a day: local clock hours from the issue
// time on. A day on which clocks change has 23 or 25 hours; the hour that comes
// twice shares a column, and the hour that is left out has none.
const hoursADay = meter.HoursPerDay

// Kinds of days.
const (
	working  = iota // Monday to Friday
	saturday        //
	restDay         // Sunday or a public holiday
)

// Bounds of the lists of same-weekday days.
const (
	mostLike     = 4  // days of the same weekday that a mean takes in
	likeReach    = 42 // farthest day that counts as like, in days before the day itself
	mostSameType = 5  // days of the same type that a mean takes in
)

// localDay is a day from one issue time to the next.
type localDay struct {
	start meter.Hour
	hours int
}

// dayType is what sort of day a date is.
type dayType struct {
	weekday time.Weekday // by which it is compared: Sunday for a public holiday
	kind    int
	holiday bool
	bridge  bool // a weekday from Christmas Eve to New Year's Eve
}

// Days that are forecast or learned, as days before the issue.
const (
	newestDay = 1  // the last one that is over
	dayAhead  = 0  // the first one that is forecast
	secondDay = -1 // the one after it
)

// daysAfter is how many dates after the issue's own have a type.
const daysAfter = 3

// days is what an issue time means in local time: the two days ahead and the days
// before them. All meters share it.
//
// A day runs from the issue's time of day to the same time of the next date, so that
// most have two parts: the columns before midnight are of one date, and those from it
// on of the next.
type days struct {
	issue meter.Hour
	day   [pastDays + 2]localDay // day[j+1] lies j days before the issue's own; use at
	even  bool                   // all past days have 24 hours
	hour  int                    // local clock hour of an issue on a day without a change
	split int                    // first column after midnight

	dates [pastDays + daysAfter + 1]dayType // use typeOf

	target [3]comparison // use comparedWith

	// What the forests make of the calendar: of the day ahead, followed by the first columns
	// of the second day, and of the second day.
	calendar [2]calendarRanks
}

// at is the day that lies j days before that of the issue.
func (d *days) at(j int) *localDay { return &d.day[j+1] }

// typeOf is the type of a part of day j: of its columns before midnight (0), or of those
// from midnight on (1).
func (d *days) typeOf(j, part int) *dayType { return &d.dates[j-part+daysAfter] }

// partOf is the part that a column belongs to.
func (d *days) partOf(column int) int {
	if column < d.split {
		return 0
	}
	return 1
}

// group is 1 for a day on which people do not work, 0 for a working day.
func (t *dayType) group() int {
	if t.off() {
		return 1
	}
	return 0
}

// columnsOf are the columns of a part, to exclusive.
func (d *days) columnsOf(part int) (from, to int) {
	if part == 0 {
		return 0, d.split
	}
	return d.split, hoursADay
}

// comparedWith is what day j is compared with; j is one of the days that are forecast
// or learned.
func (d *days) comparedWith(j int) *comparison { return &d.target[j+1] }

// off is true of a day on which people do not work: a Saturday, a Sunday, a holiday.
func (t *dayType) off() bool { return t.kind != working }

// comparison lists the days that a day is compared with, as days before the
// issue, nearest first, for each part of the day; and its weather.
type comparison struct {
	like     [2][]int // the same weekday; never empty
	sameType [2][]int // the same type: working days, or days off; never empty
	// before is like for the newest day that was over when the target was forecast.
	before [2][]int

	weather *weather
}

// newDays works an issue out. own is the model's issue time; any other hour is an issue
// as well. The days of the past begin at the issue's time of day on their own dates,
// whether the issue does or clocks skip it.
func newDays(cal *meter.Calendar, own meter.IssueTime, off *holidays, temperatures *Temperatures, issue meter.Hour) *days {
	local := cal.Local(issue)
	at := own
	if cal.NextIssue(issue-1, own) != issue {
		at = meter.IssueTime{Hour: local.Hour(), Minute: local.Minute()}
	}
	d := &days{issue: issue, even: true, hour: columnHour(at, local)}
	d.split = hoursADay - d.hour
	year, month, date := local.Date()
	if meter.ClockHour(year, month, date, at.Hour, at.Minute, cal.Location()) > issue {
		date-- // the next whole hour is of the next day
	}
	next := meter.ClockHour(year, month, date+2, at.Hour, at.Minute, cal.Location())
	for j := secondDay; j <= pastDays; j++ {
		start := issue
		if j != dayAhead {
			start = meter.ClockHour(year, month, date-j, at.Hour, at.Minute, cal.Location())
		}
		*d.at(j) = localDay{start: start, hours: int(next - start)}
		d.even = d.even && (j <= dayAhead || int(next-start) == hoursADay)
		next = start
	}
	for i := range d.dates {
		d.dates[i].describe(time.Date(year, month, date-i+daysAfter, 12, 0, 0, 0, cal.Location()), off)
	}
	for _, t := range [...]int{newestDay, dayAhead, secondDay} {
		d.compare(t)
		d.comparedWith(t).weather = d.weatherOf(temperatures, cal, t)
	}
	return d
}

// columnHour is the clock hour of the first column of a day that begins at a time of day,
// in a zone whose hours begin at the minute of local.
func columnHour(at meter.IssueTime, local time.Time) int {
	if at.Minute > local.Minute() {
		return (at.Hour + 1) % hoursADay
	}
	return at.Hour
}

// compare lists what day t is compared with. Days after it, and the newest day itself, are
// not known to it.
func (d *days) compare(t int) {
	c, first := d.comparedWith(t), max(t, dayAhead)+1
	for part := range 2 {
		c.like[part] = d.like(t, part, first)
		c.sameType[part] = d.sameType(t, part, first)
		c.before[part] = d.like(first, part, first+1)
	}
}

// describe finds out what sort of day the date of noon is.
func (t *dayType) describe(noon time.Time, off *holidays) {
	t.weekday = noon.Weekday()
	t.holiday = off.on(noon)
	t.bridge = noon.Month() == time.December && noon.Day() >= 24 && !t.holiday && !weekend(t.weekday)
	if t.holiday {
		t.weekday = time.Sunday
	}
	switch t.weekday {
	case time.Sunday:
		t.kind = restDay
	case time.Saturday:
		t.kind = saturday
	default:
		t.kind = working
	}
}

func weekend(d time.Weekday) bool { return d == time.Saturday || d == time.Sunday }

// like lists the days from the first on, that is back in time, whose part is of the same
// weekday as that of the target.
func (d *days) like(target, part, first int) (out []int) {
	for j := first; j <= pastDays && j <= target+likeReach && len(out) < mostLike; j++ {
		if d.typeOf(j, part).weekday == d.typeOf(target, part).weekday {
			out = append(out, j)
		}
	}
	return out
}

// sameType lists the nearest days from the first on whose part is of the type of that of
// the target; for a day off these are all days off.
func (d *days) sameType(target, part, first int) (out []int) {
	off := d.typeOf(target, part).off()
	for j := first; j <= pastDays && len(out) < mostSameType; j++ {
		if d.typeOf(j, part).off() == off {
			out = append(out, j)
		}
	}
	return out
}

// column is the column of slot i of a day: i itself on most days, and by the local clock
// where clocks change within the day.
func (d *days) column(cal *meter.Calendar, day int, slot int) int {
	if d.at(day).hours == hoursADay {
		return min(slot, hoursADay-1)
	}
	clock := cal.Local(d.at(day).start + meter.Hour(slot)).Hour()
	column := (clock - d.hour + hoursADay) % hoursADay
	switch {
	case column+hoursADay/2 < slot: // an hour that comes twice, at both ends of the day
		return hoursADay - 1
	case column > slot+hoursADay/2:
		return 0
	}
	return column
}
