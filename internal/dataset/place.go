package dataset

import "github.com/energytwin/energytwin/internal/dataset/layout"

// stamp reads when a row is, from one column or two.
func (r *rowReader) stamp(rec *record) (s stampText, column string, err error) {
	column = r.names[r.time]
	if r.clock < 0 {
		s, err = r.stamps.read(rec.fields[r.time])
		return s, column, err
	}
	date := trimSpace(rec.fields[r.time])
	s, err = r.stamps.read(date)
	if err != nil {
		return s, column, err
	}
	if !s.dated { // some files write a midnight behind the date
		if s.wall%minutesPerDay != 0 || s.second != 0 || s.zoned {
			return s, column, errBadTime
		}
	}
	column = r.names[r.clock]
	cell := trimSpace(rec.fields[r.clock])
	if r.hours != "" {
		s.since, err = r.hourStart(cell)
		if r.hours != layout.Hours1To25 {
			s.wall += s.since
		}
		return s, column, err
	}
	minutes, second, rest, err := readClock(cell)
	if err != nil {
		return s, column, err
	}
	if clockRange(rest) {
		rest = nil
	}
	offset, zoned, err := afterClock(rest)
	if err != nil {
		return s, column, err
	}
	s.wall, s.second, s.zoned = s.wall+minutes-offset, second, zoned
	return s, column, nil
}

// hourStart is the minute of its day at which an hour begins that is given by its
// number, or as the time at which it ends.
func (r *rowReader) hourStart(cell []byte) (int64, error) {
	n, ok := digits(cell)
	if !ok {
		n, ok = readHourNumber(string(cell))
	}
	if !ok {
		minutes, _, _, err := readClock(cell)
		if err != nil {
			return 0, err
		}
		if minutes%60 != 0 {
			return 0, errHourNumber
		}
		n = int(minutes / 60)
	}
	switch {
	case r.hours == layout.Hours0To23 && n <= 23:
		return int64(n) * 60, nil
	case r.hours == layout.Hours1To24 && n >= 1 && n <= 24, r.hours == layout.Hours1To25 && n >= 1 && n <= 25:
		return int64(n-1) * 60, nil
	}
	return 0, errHourNumber
}

// place is the instant at which the interval of a value begins, or a counter was
// read.
func (r *rowReader) place(s stampText, i int32) (int64, error) {
	if r.hours == layout.Hours1To25 {
		return r.elapsed(s, i)
	}
	wall, err := r.round(s)
	if err != nil {
		return 0, err
	}
	back := int64(0)
	if r.end && !r.counter && r.hours == "" {
		back = int64(r.interval)
	}
	if s.zoned {
		return wall - back, nil
	}
	o := &r.in.series[i].order
	var at int64
	if back == 0 {
		at, err = r.in.clock.resolve(wall, o)
	} else {
		at, err = r.in.clock.resolveEnd(wall, back, o)
	}
	if err != nil {
		return 0, err
	}
	o.note(at)
	return at, nil
}

// round moves a time to the grid of the interval, or, of a counter, to a whole
// minute, by the tolerance at most.
func (r *rowReader) round(s stampText) (int64, error) {
	if s.second == 0 && s.wall%60 == 0 { // on every grid
		return s.wall, nil
	}
	grid := r.grid()
	late := floorMod(s.wall, grid)
	over := late*60 + s.second // seconds
	switch {
	case over == 0:
		return s.wall, nil
	case over <= r.tolerance:
		return s.wall - late, nil
	case grid*60-over <= r.tolerance:
		return s.wall - late + grid, nil
	case s.second != 0:
		return 0, errNoMinute
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

// elapsed is the instant of an hour that is counted from local midnight. Some files
// call the last hour of a day with 25 of them 24 for the second time.
func (r *rowReader) elapsed(s stampText, i int32) (int64, error) {
	start, _, count := r.in.clock.instants(s.wall)
	if count == 0 {
		return 0, errNoSuchTime
	}
	next, _, count := r.in.clock.instants(s.wall + minutesPerDay)
	if count == 0 {
		return 0, errNoSuchTime
	}
	at := start + s.since
	o := &r.in.series[i].order
	if s.since == 23*60 && o.seen && o.last == at && next-start > minutesPerDay {
		at += 60
	}
	if at >= next {
		return 0, errHourNumber
	}
	o.note(at)
	return at, nil
}

func floorMod(a, b int64) int64 { return a - floorDiv(a, b)*b }
