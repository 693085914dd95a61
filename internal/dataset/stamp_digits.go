package dataset

import (
	"bytes"
	"time"
)

// compactDay is true of YYYYMMDD before a time of day.
func compactDay(b []byte) bool {
	return len(b) > 8 && allDigits(b[:8]) && (b[8] == 'T' || b[8] == 't' || b[8] == ' ' || b[8] == '-')
}

// compactClock reads the HHMM or HHMMSS at the start of b.
func compactClock(b []byte) (minutes, second int64, rest []byte, err error) {
	n := 0
	for n < len(b) && isDigit(b[n]) {
		n++
	}
	if n != 4 && n != 6 {
		return 0, 0, nil, errBadTime
	}
	hour, _ := digits(b[:2])
	minute, _ := digits(b[2:4])
	s := 0
	if n == 6 {
		s, _ = digits(b[4:6])
	}
	if hour > 24 || minute > 59 || s > 59 || (hour == 24 && minute+s > 0) {
		return 0, 0, nil, errBadTime
	}
	return int64(hour*60 + minute), int64(s), b[n:], nil
}

// readCompactDate is the wall minute at the start of YYYYMMDD.
func readCompactDate(b []byte) (int64, error) {
	if len(b) != 8 {
		return 0, errBadTime
	}
	year, ok1 := digits(b[:4])
	month, ok2 := digits(b[4:6])
	day, ok3 := digits(b[6:8])
	if !ok1 || !ok2 || !ok3 {
		return 0, errBadTime
	}
	return dateBase(year, month, day)
}

// readCompact reads YYYYMMDD, YYYYMMDDHH, YYYYMMDDHHMM or YYYYMMDDHHMMSS, in local
// time.
func readCompact(b []byte) (stampText, error) {
	n := len(b)
	if n == 0 {
		return stampText{}, errNoTime
	}
	if n != 8 && n != 10 && n != 12 && n != 14 || !allDigits(b) {
		return stampText{}, errBadTime
	}
	base, err := readCompactDate(b[:8])
	if err != nil || n == 8 {
		return stampText{wall: base, dated: true}, err
	}
	hour, _ := digits(b[8:10])
	minute, second := 0, 0
	if n >= 12 {
		minute, _ = digits(b[10:12])
	}
	if n == 14 {
		second, _ = digits(b[12:14])
	}
	if hour > 24 || minute > 59 || second > 59 || (hour == 24 && minute+second > 0) {
		return stampText{}, errBadTime
	}
	return stampText{wall: base + int64(hour*60+minute), second: int64(second)}, nil
}

// readEpoch reads seconds, with a fraction or without, or milliseconds since 1970.
func readEpoch(b []byte) (stampText, error) {
	if len(b) == 0 {
		return stampText{}, errNoTime
	}
	if i := bytes.IndexByte(b, '.'); i >= 0 && allDigits(b[i+1:]) {
		b = b[:i]
	}
	n, ok := digits(b)
	if !ok || (len(b) != 9 && len(b) != 10 && len(b) != 13) {
		return stampText{}, errBadTime
	}
	seconds := int64(n)
	if len(b) == 13 {
		seconds /= 1000
	}
	return epochStamp(seconds)
}

func epochStamp(seconds int64) (stampText, error) {
	if y := time.Unix(seconds, 0).UTC().Year(); y < 1990 || y > 2100 {
		return stampText{}, errYear
	}
	return stampText{wall: floorDiv(seconds, 60), second: seconds - 60*floorDiv(seconds, 60), zoned: true}, nil
}

// readDayCode reads the number of a day followed by two digits for the interval
// of the day, from 01.
func (r *stampReader) readDayCode(b []byte) (stampText, error) {
	n, ok := digits(b)
	if !ok || len(b) < 3 || len(b) > 9 || n%100 == 0 || n/100 == 0 {
		return stampText{}, errBadTime
	}
	return stampText{wall: r.dayOne + int64(n/100)*minutesPerDay + int64(n%100-1)*r.slot}, nil
}
