// Package meter holds the vocabulary that every other part shares: hours,
// readings, the message that carries a reading, and the local calendar.
package meter

import "time"

// Hour is a whole hour of UTC, counted since 1970-01-01T00:00Z. A reading's
// hour is the start of its interval.
type Hour int32

// NoHour is the Hour of something that has no time yet.
const NoHour Hour = -1 << 31

// HoursPerDay and HoursPerWeek count hours where no time zone is involved.
const (
	HoursPerDay  = 24
	HoursPerWeek = 168
)

// HourOf is the hour that t falls into, rounded down.
func HourOf(t time.Time) Hour {
	s := t.Unix()
	if s < 0 && s%3600 != 0 {
		s -= 3600
	}
	return Hour(s / 3600)
}

// CeilHour is the first whole hour at or after t.
func CeilHour(t time.Time) Hour {
	h := HourOf(t)
	if h.Time().Before(t) {
		h++
	}
	return h
}

// HoursWithin are the hours that begin in the span after start, to exclusive. All
// who bound readings by a window round by it: an hour that begins before the
// window, as it does around a midnight in zones that are no whole hours off UTC,
// lies outside.
func HoursWithin(start time.Time, span time.Duration) (from, to Hour) {
	return CeilHour(start), CeilHour(start.Add(span))
}

// DayStart is the first hour of a local day: the one after the last hour that
// begins on a day before. Days and months are normalised as in [time.Date], which
// is no help where clocks go over midnight: forward, so that there is no such
// instant, or back, so that there are two.
func DayStart(year int, month time.Month, day int, loc *time.Location) Hour {
	date := time.Date(year, month, day, 0, 0, 0, 0, time.UTC)
	before := func(h Hour) bool {
		y, m, d := h.Time().In(loc).Date()
		return time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Before(date)
	}
	h := CeilHour(time.Date(year, month, day, 0, 0, 0, 0, loc)) + longestDay
	for !before(h - 1) {
		h--
	}
	return h
}

// longestDay is how many hours a day has at most since 1970: Antarctic stations
// set their clocks back by three.
const longestDay = 27

// Time is the instant at which h starts, in UTC.
func (h Hour) Time() time.Time { return time.Unix(int64(h)*3600, 0).UTC() }

// Unix is the start of h in seconds since 1970.
func (h Hour) Unix() int64 { return int64(h) * 3600 }

// String is h in RFC 3339, or "none" for NoHour.
func (h Hour) String() string {
	if h == NoHour {
		return "none"
	}
	return h.Time().Format(time.RFC3339)
}
