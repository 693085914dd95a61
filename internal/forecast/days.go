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
	start   meter.Hour
	hours   int
	weekday time.Weekday // by which it is compared: Sunday for a public holiday
	kind    int
	holiday bool
	bridge  bool // a weekday from Christmas Eve to New Year's Eve
}

// days is what an issue time means in local time: the day ahead and the days
// before it. All meters share it.
type days struct {
	issue meter.Hour
	day   [pastDays + 1]localDay // day[0] is the one ahead, day[j] lies j days before it
	even  bool                   // all past days have 24 hours
	hour  int                    // local clock hour of an issue on a day without a change

	// target[d] is what day d is compared with; d is 0, or 1 for what was known a
	// day earlier.
	target [2]comparison

	weather [2]weather // of both
}

// off is true of a day on which people do not work: a Saturday, a Sunday, a holiday.
func (l *localDay) off() bool { return l.kind != working }

// comparison lists the days that a day is compared with, as days before the
// issue, nearest first.
type comparison struct {
	like     []int // the same weekday; never empty
	sameType []int // the same type: working days, or days off; never empty
	// before is like for the day before the target.
	before []int
}

// newDays works an issue out, that of the time of day at. The days of the past begin
// at that time of their own dates, whether the issue does or clocks skip it.
func newDays(cal *meter.Calendar, at meter.IssueTime, off *holidays, temperatures *Temperatures, issue meter.Hour) *days {
	local := cal.Local(issue)
	d := &days{issue: issue, even: true, hour: at.Hour}
	if at.Minute > local.Minute() {
		d.hour = (at.Hour + 1) % hoursADay
	}
	year, month, date := local.Date()
	if meter.ClockHour(year, month, date, at.Hour, at.Minute, cal.Location()) > issue {
		date-- // the next whole hour is of the next day
	}
	next := meter.ClockHour(year, month, date+1, at.Hour, at.Minute, cal.Location())
	for j := range d.day {
		start := issue
		if j > 0 {
			start = meter.ClockHour(year, month, date-j, at.Hour, at.Minute, cal.Location())
		}
		d.day[j] = localDay{start: start, hours: int(next - start)}
		d.day[j].describe(cal, off)
		d.even = d.even && (j == 0 || d.day[j].hours == hoursADay)
		next = start
	}
	for t := range d.target {
		d.target[t] = comparison{like: d.like(t, t), sameType: d.sameType(t), before: d.like(t+1, t+1)}
		d.weather[t] = d.weatherOf(temperatures, cal, t)
	}
	return d
}

// describe finds out what sort of day it is, by the date that most of it has.
func (l *localDay) describe(cal *meter.Calendar, off *holidays) {
	noon := cal.Local(l.start + meter.Hour(l.hours/2))
	l.weekday = noon.Weekday()
	l.holiday = off.on(noon)
	l.bridge = noon.Month() == time.December && noon.Day() >= 24 && !l.holiday && !weekend(l.weekday)
	if l.holiday {
		l.weekday = time.Sunday
	}
	switch l.weekday {
	case time.Sunday:
		l.kind = restDay
	case time.Saturday:
		l.kind = saturday
	default:
		l.kind = working
	}
}

func weekend(d time.Weekday) bool { return d == time.Saturday || d == time.Sunday }

// like lists the days after d, that is before it in time, and before day
// "known", that are of its weekday.
func (d *days) like(target, known int) (out []int) {
	for j := known + 1; j <= pastDays && j <= target+likeReach && len(out) < mostLike; j++ {
		if d.day[j].weekday == d.day[target].weekday {
			out = append(out, j)
		}
	}
	return out
}

// sameType lists the nearest days before the target that are of its type; for a day
// off these are all days off.
func (d *days) sameType(target int) (out []int) {
	off := d.day[target].kind != working
	for j := target + 1; j <= pastDays && len(out) < mostSameType; j++ {
		if (d.day[j].kind != working) == off {
			out = append(out, j)
		}
	}
	return out
}

// column is the column of slot i of a day of the given start: i itself on most
// days, and by the local clock where clocks change within the day.
func (d *days) column(cal *meter.Calendar, day int, slot int) int {
	if d.day[day].hours == hoursADay {
		return min(slot, hoursADay-1)
	}
	clock := cal.Local(d.day[day].start + meter.Hour(slot)).Hour()
	return (clock - d.hour + hoursADay) % hoursADay
}
