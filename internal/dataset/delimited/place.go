package delimited

import (
	"github.com/energytwin/energytwin/internal/dataset/hourly"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/notation"
	"github.com/energytwin/energytwin/internal/dataset/tabular"
	"github.com/energytwin/energytwin/internal/dataset/wallclock"
)

// stamp reads when a row is, from one column or two.
func (r *rowReader) stamp(rec *tabular.Record) (s notation.Stamp, column string, err error) {
	column = r.names[r.time]
	if r.clock < 0 {
		s, err = r.stamps.Read(rec.Fields[r.time])
		return s, column, err
	}
	date := notation.Trim(rec.Fields[r.time])
	s, err = r.stamps.Read(date)
	if err != nil {
		return s, column, err
	}
	if !s.Dated { // some files write a midnight behind the date
		if s.Wall%wallclock.MinutesPerDay != 0 || s.Second != 0 || s.Zoned {
			return s, column, notation.ErrBadTime
		}
	}
	column = r.names[r.clock]
	cell := notation.Trim(rec.Fields[r.clock])
	if r.hours != "" {
		s.Since, err = r.hourStart(cell)
		if r.hours != layout.Hours1To25 {
			s.Wall += s.Since
		}
		return s, column, err
	}
	minutes, second, zoned, err := notation.ReadTimeOfDay(cell)
	if err != nil {
		return s, column, err
	}
	s.Wall, s.Second, s.Zoned = s.Wall+minutes, second, zoned
	return s, column, nil
}

// hourStart is the minute of its day at which an hour begins that is given by its
// number, or as the time at which it ends.
func (r *rowReader) hourStart(cell []byte) (int64, error) {
	n, ok := notation.Digits(cell)
	if !ok {
		n, ok = notation.ReadHourNumber(string(cell))
	}
	if !ok {
		minutes, _, _, err := notation.ReadClock(cell)
		if err != nil {
			return 0, err
		}
		if minutes%60 != 0 {
			return 0, hourly.ErrHourNumber
		}
		n = int(minutes / 60)
	}
	switch {
	case r.hours == layout.Hours0To23 && n <= 23:
		return int64(n) * 60, nil
	case r.hours == layout.Hours1To24 && n >= 1 && n <= 24, r.hours == layout.Hours1To25 && n >= 1 && n <= 25:
		return int64(n-1) * 60, nil
	}
	return 0, hourly.ErrHourNumber
}

// place is the instant at which the interval of a value begins, or a counter was
// read.
func (r *rowReader) place(s notation.Stamp, i int32) (int64, error) {
	if r.hours == layout.Hours1To25 {
		return r.in.Elapsed(i, s.Wall, s.Since)
	}
	wall, err := r.round(s)
	if err != nil {
		return 0, err
	}
	back := int64(0)
	if r.end && !r.counter && r.hours == "" {
		back = int64(r.interval)
	}
	if s.Zoned {
		return wall - back, nil
	}
	return r.in.At(i, wall, back)
}

// round moves a time to the grid of the interval, or, of a counter, to a whole
// minute, by the tolerance at most.
func (r *rowReader) round(s notation.Stamp) (int64, error) {
	if s.Second == 0 && s.Wall%60 == 0 { // on every grid
		return s.Wall, nil
	}
	grid := r.grid()
	late := wallclock.FloorMod(s.Wall, grid)
	over := late*60 + s.Second // seconds
	switch {
	case over == 0:
		return s.Wall, nil
	case over <= r.tolerance:
		return s.Wall - late, nil
	case grid*60-over <= r.tolerance:
		return s.Wall - late + grid, nil
	case s.Second != 0:
		return 0, notation.ErrNoMinute
	}
	return 0, errOffGrid
}

// grid is the minutes between the times that a reading may have, a divisor of 60.
func (r *rowReader) grid() int64 {
	switch {
	case r.counter:
		return 1
	case r.tolerance == 0:
		return min(int64(r.interval), 15)
	}
	return int64(r.interval)
}
