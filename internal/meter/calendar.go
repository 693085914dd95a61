package meter

import (
	"fmt"
	"time"
)

// Calendar answers questions of local time for one IANA zone. It is safe for
// concurrent use.
type Calendar struct {
	loc *time.Location
}

// NewCalendar makes the calendar of an IANA zone such as "Europe/London".
func NewCalendar(zone string) (*Calendar, error) {
	loc, err := time.LoadLocation(zone)
	if err != nil {
		return nil, fmt.Errorf("time zone %q: %w; use an IANA name such as Europe/London", zone, err)
	}
	return &Calendar{loc: loc}, nil
}

// Location is the zone itself.
func (c *Calendar) Location() *time.Location { return c.loc }

// Local is the local wall clock at the start of h.
func (c *Calendar) Local(h Hour) time.Time { return h.Time().In(c.loc) }

// IssueTime is the time of day, local, at which forecasts are issued.
type IssueTime struct{ Hour, Minute int }

// ParseIssueTime reads "HH:MM".
func ParseIssueTime(s string) (IssueTime, error) {
	t, err := time.Parse("15:04", s)
	if err != nil {
		return IssueTime{}, fmt.Errorf("issue time %q: write it as HH:MM, such as 00:00", s)
	}
	return IssueTime{Hour: t.Hour(), Minute: t.Minute()}, nil
}

// NextIssue is the first issue after h. A day's issue is ClockHour of its time of
// day: 23, 24 or 25 hours after the issue before, or a few more or less where clocks
// change by more. A day that the clocks skip, or that has no such time, has its issue
// when the next day begins.
func (c *Calendar) NextIssue(h Hour, at IssueTime) Hour {
	y, m, d := c.Local(h).Date()
	// Clocks that went back over a midnight may still show an issue time of the day
	// before.
	for i := -1; ; i++ {
		if n := ClockHour(y, m, d+i, at.Hour, at.Minute, c.loc); n > h {
			return n
		}
	}
}

// NextReissue is the first hour after h at which local clocks show the issue time, or a
// multiple of `every` hours after it, counted from each issue time on: with 00:00 and 10
// hours 00:00, 10:00 and 20:00. every is 1 to 24; with 24 it is NextIssue.
func (c *Calendar) NextReissue(h Hour, at IssueTime, every int) Hour {
	y, m, d := c.Local(h).Date()
	for i := -1; ; i++ {
		for after := 0; after < HoursPerDay; after += every {
			if n := ClockHour(y, m, d+i, at.Hour+after, at.Minute, c.loc); n > h {
				return n
			}
		}
	}
}

// SameClock is the hour at which local clocks show the time of h again after n hours
// of the clock: n hours later, or an hour more or less where they change meanwhile.
func (c *Calendar) SameClock(h Hour, n int) Hour {
	local := c.Local(h)
	y, m, d := local.Date()
	return ClockHour(y, m, d, local.Hour()+n, local.Minute(), c.loc)
}
