package api

import (
	"time"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// buckets are those that a query cuts time into, whether or not its range covers them
// whole.
type buckets struct {
	reader.SeriesQuery
	location *time.Location
}

// bucketsOf are the buckets of a query whose zone was checked.
func bucketsOf(q reader.SeriesQuery) buckets {
	location, err := time.LoadLocation(q.Zone)
	if err != nil {
		location = time.UTC
	}
	return buckets{q, location}
}

// hours is how many hours the bucket with the given start has.
func (b buckets) hours(start time.Time) int {
	if b.Unit == reader.Hours {
		return max(b.Hours, 1)
	}
	y, m, d := start.In(b.location).Date()
	return int(b.next(y, m, d) - meter.DayStart(y, m, d, b.location))
}

// startOf is the first hour of the bucket that an hour lies in.
func (b buckets) startOf(h meter.Hour) meter.Hour {
	y, m, d := h.Time().In(b.location).Date()
	switch b.Unit {
	case reader.Hours:
		return h
	case reader.Weeks:
		d -= (int(time.Date(y, m, d, 0, 0, 0, 0, time.UTC).Weekday()) + 6) % 7 // from Monday
	case reader.Months:
		d = 1
	}
	return meter.DayStart(y, m, d, b.location)
}

// next is the first hour after the bucket that begins on a local date.
func (b buckets) next(y int, m time.Month, d int) meter.Hour {
	switch b.Unit {
	case reader.Weeks:
		d += 7
	case reader.Months:
		m++
	default:
		d++
	}
	return meter.DayStart(y, m, d, b.location)
}

// count is how many buckets the range has, at most.
func (b buckets) count() int {
	least := max(b.Hours, 1)
	switch b.Unit {
	case reader.Days:
		least = meter.HoursPerDay - 1
	case reader.Weeks:
		least = meter.HoursPerWeek - 1
	case reader.Months:
		least = 28 * meter.HoursPerDay
	}
	return int(b.To-b.From)/least + 2
}
