package notation

import (
	"bytes"
	"time"

	"github.com/energytwin/energytwin/internal/dataset/wallclock"
)

// compactDay is true of YYYYMMDD before a time of day.
func compactDay(b []byte) bool {
	return len(b) > 8 && AllDigits(b[:8]) && (b[8] == 'T' || b[8] == 't' || b[8] == ' ' || b[8] == '-')
}

// compactClock reads the HHMM or HHMMSS at the start of b.
func compactClock(b []byte) (minutes, second int64, rest []byte, err error) {
	n := 0
	for n < len(b) && IsDigit(b[n]) {
		n++
	}
	if n != 4 && n != 6 {
		return 0, 0, nil, ErrBadTime
	}
	hour, _ := Digits(b[:2])
	minute, _ := Digits(b[2:4])
	s := 0
	if n == 6 {
		s, _ = Digits(b[4:6])
	}
	if hour > 24 || minute > 59 || s > 59 || (hour == 24 && minute+s > 0) {
		return 0, 0, nil, ErrBadTime
	}
	return int64(hour*60 + minute), int64(s), b[n:], nil
}

// ReadCompactDate is the wall minute at the start of YYYYMMDD.
func ReadCompactDate(b []byte) (int64, error) {
	if len(b) != 8 {
		return 0, ErrBadTime
	}
	year, ok1 := Digits(b[:4])
	month, ok2 := Digits(b[4:6])
	day, ok3 := Digits(b[6:8])
	if !ok1 || !ok2 || !ok3 {
		return 0, ErrBadTime
	}
	return dateBase(year, month, day)
}

// ReadCompact reads YYYYMMDD, YYYYMMDDHH, YYYYMMDDHHMM or YYYYMMDDHHMMSS, in local
// time.
func ReadCompact(b []byte) (Stamp, error) {
	n := len(b)
	if n == 0 {
		return Stamp{}, errNoTime
	}
	if n != 8 && n != 10 && n != 12 && n != 14 || !AllDigits(b) {
		return Stamp{}, ErrBadTime
	}
	base, err := ReadCompactDate(b[:8])
	if err != nil || n == 8 {
		return Stamp{Wall: base, Dated: true}, err
	}
	hour, _ := Digits(b[8:10])
	minute, second := 0, 0
	if n >= 12 {
		minute, _ = Digits(b[10:12])
	}
	if n == 14 {
		second, _ = Digits(b[12:14])
	}
	if hour > 24 || minute > 59 || second > 59 || (hour == 24 && minute+second > 0) {
		return Stamp{}, ErrBadTime
	}
	return Stamp{Wall: base + int64(hour*60+minute), Second: int64(second)}, nil
}

// readEpoch reads seconds, with a fraction or without, or milliseconds since 1970.
func readEpoch(b []byte) (Stamp, error) {
	if len(b) == 0 {
		return Stamp{}, errNoTime
	}
	if i := bytes.IndexByte(b, '.'); i >= 0 && AllDigits(b[i+1:]) {
		b = b[:i]
	}
	n, ok := Digits(b)
	if !ok || (len(b) != 9 && len(b) != 10 && len(b) != 13) {
		return Stamp{}, ErrBadTime
	}
	seconds := int64(n)
	if len(b) == 13 {
		seconds /= 1000
	}
	return EpochStamp(seconds)
}

// EpochStamp is the time that is so many seconds after 1970-01-01T00:00Z.
func EpochStamp(seconds int64) (Stamp, error) {
	if y := time.Unix(seconds, 0).UTC().Year(); y < 1990 || y > 2100 {
		return Stamp{}, errYear
	}
	return Stamp{Wall: wallclock.FloorDiv(seconds, 60), Second: seconds - 60*wallclock.FloorDiv(seconds, 60), Zoned: true}, nil
}

// readDayCode reads the number of a day followed by two digits for the interval
// of the day, from 01.
func (r *StampReader) readDayCode(b []byte) (Stamp, error) {
	n, ok := Digits(b)
	if !ok || len(b) < 3 || len(b) > 9 || n%100 == 0 || n/100 == 0 {
		return Stamp{}, ErrBadTime
	}
	return Stamp{Wall: r.DayOne + int64(n/100)*wallclock.MinutesPerDay + int64(n%100-1)*r.Slot}, nil
}
