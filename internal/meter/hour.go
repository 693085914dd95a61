// Package meter holds the vocabulary that every other package shares: hours,
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

// DayStart is the first hour of a local day: ClockHour of its midnight.
func DayStart(year int, month time.Month, day int, loc *time.Location) Hour {
	return ClockHour(year, month, day, 0, 0, loc)
}

// ClockHour is the first hour of a date that begins at or after a time of day: the
// one after the last hour that begins when local clocks show an earlier time. Days,
// months and minutes are normalised as in [time.Date], which is no help where clocks
// change: a time that they skip, such as a midnight, is that of the change, and of
// two times that look the same the hours after the first are not before it.
func ClockHour(year int, month time.Month, day, hour, minute int, loc *time.Location) Hour {
	t := time.Date(year, month, day, hour, minute, 0, 0, loc)
	if steady(t) {
		return CeilHour(t)
	}
	wanted := time.Date(year, month, day, hour, minute, 0, 0, time.UTC)
	before := func(h Hour) bool {
		local := h.Time().In(loc)
		_, offset := local.Zone()
		return local.Add(time.Duration(offset) * time.Second).UTC().Before(wanted)
	}
	h := CeilHour(t) + longestDay
	for !before(h - 1) {
		h--
	}
	return h
}

// steady reports whether the clocks of a time's zone do not change within a day of
// it.
func steady(t time.Time) bool {
	const day = longestDay * time.Hour
	start, end := t.ZoneBounds()
	return (start.IsZero() || t.Sub(start) > day) && (end.IsZero() || end.Sub(t) > day)
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
