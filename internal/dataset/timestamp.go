package dataset

import (
	"bytes"
	"errors"
	"time"
)

var (
	errNoTime   = errors.New("the timestamp is empty")
	errBadTime  = errors.New("the timestamp is not a date and time such as 2019-03-31T01:30:00Z or 2019-03-31 01:30")
	errNoDay    = errors.New("the timestamp names a day that does not exist")
	errYear     = errors.New("the timestamp is not between 1990 and 2100")
	errNoMinute = errors.New("the timestamp is not on a whole minute")
)

// stampText is what a timestamp says before any zone is applied.
type stampText struct {
	wall  int64 // minutes since 1970-01-01T00:00 on the clock that it was read from
	zoned bool  // the text gives its offset; wall is then UTC
}

// stampReader reads timestamps. Files repeat their dates, so it remembers the last one.
type stampReader struct {
	date    [10]byte
	dayBase int64 // wall minutes at the start of date; valid if date is set
}

// read takes YYYY-MM-DD (or / or . between), a T or spaces, HH:MM, perhaps
// seconds with a fraction, perhaps Z or an offset; or seconds or milliseconds since 1970.
func (r *stampReader) read(text []byte) (stampText, error) {
	text = trimSpace(text)
	if len(text) == 0 {
		return stampText{}, errNoTime
	}
	if len(text) < 16 {
		return readEpoch(text)
	}
	if !bytes.Equal(text[:10], r.date[:]) {
		base, err := readDate(text[:10])
		if err != nil {
			return stampText{}, err
		}
		copy(r.date[:], text)
		r.dayBase = base
	}
	clock, err := afterDate(text[10:])
	if err != nil {
		return stampText{}, err
	}
	minutes, rest, err := readClock(clock)
	if err != nil {
		return stampText{}, err
	}
	offset, zoned, err := readOffset(rest)
	if err != nil {
		return stampText{}, err
	}
	return stampText{wall: r.dayBase + minutes - offset, zoned: zoned}, nil
}

func afterDate(b []byte) ([]byte, error) {
	if b[0] == 'T' || b[0] == 't' {
		return b[1:], nil
	}
	if b[0] == ' ' {
		return trimSpace(b), nil
	}
	return nil, errBadTime
}

// readDate is the wall minute at the start of YYYY-MM-DD.
func readDate(b []byte) (int64, error) {
	sep := b[4]
	if (sep != '-' && sep != '/' && sep != '.') || b[7] != sep {
		return 0, errBadTime
	}
	year, ok1 := digits(b[:4])
	month, ok2 := digits(b[5:7])
	day, ok3 := digits(b[8:10])
	if !ok1 || !ok2 || !ok3 {
		return 0, errBadTime
	}
	return dateBase(year, month, day)
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

func dateBase(year, month, day int) (int64, error) {
	if year < 1990 || year > 2100 {
		return 0, errYear
	}
	t := time.Date(year, time.Month(month), day, 0, 0, 0, 0, time.UTC)
	if int(t.Month()) != month || t.Day() != day {
		return 0, errNoDay
	}
	return t.Unix() / 60, nil
}

// readClock reads HH:MM[:SS[.f]] and returns what follows. 24:00 is the end of the day.
func readClock(b []byte) (minutes int64, rest []byte, err error) {
	if len(b) < 5 || b[2] != ':' {
		return 0, nil, errBadTime
	}
	hour, ok1 := digits(b[:2])
	minute, ok2 := digits(b[3:5])
	if !ok1 || !ok2 || minute > 59 || hour > 24 || (hour == 24 && minute != 0) {
		return 0, nil, errBadTime
	}
	b = b[5:]
	if len(b) == 0 || b[0] != ':' {
		return int64(hour*60 + minute), b, nil
	}
	if len(b) < 3 {
		return 0, nil, errBadTime
	}
	second, ok := digits(b[1:3])
	if !ok || second > 59 {
		return 0, nil, errBadTime
	}
	fraction, b := splitFraction(b[3:])
	if second != 0 || len(bytes.Trim(fraction, ".0")) > 0 {
		return 0, nil, errNoMinute
	}
	return int64(hour*60 + minute), b, nil
}

func splitFraction(b []byte) (fraction, rest []byte) {
	if len(b) == 0 || b[0] != '.' {
		return nil, b
	}
	n := 1
	for n < len(b) && b[n]-'0' <= 9 {
		n++
	}
	return b[:n], b[n:]
}

// readOffset reads Z, +HH:MM, +HHMM, +HH or nothing, as minutes east.
func readOffset(b []byte) (minutes int64, zoned bool, err error) {
	b = trimSpace(b)
	switch {
	case len(b) == 0:
		return 0, false, nil
	case string(b) == "Z", string(b) == "z", string(b) == "UTC":
		return 0, true, nil
	case b[0] != '+' && b[0] != '-':
		return 0, false, errBadTime
	}
	negative := b[0] == '-'
	b = b[1:]
	if len(b) == 5 && b[2] == ':' {
		b = append(append(make([]byte, 0, 4), b[:2]...), b[3:]...)
	}
	if len(b) == 2 {
		b = append(append(make([]byte, 0, 4), b...), "00"...)
	}
	if len(b) != 4 {
		return 0, false, errBadTime
	}
	hour, ok1 := digits(b[:2])
	minute, ok2 := digits(b[2:])
	if !ok1 || !ok2 || hour > 14 || minute > 59 {
		return 0, false, errBadTime
	}
	minutes = int64(hour*60 + minute)
	if negative {
		minutes = -minutes
	}
	return minutes, true, nil
}

// readEpoch reads seconds or milliseconds since 1970.
func readEpoch(b []byte) (stampText, error) {
	n, ok := digits(b)
	if !ok || (len(b) != 9 && len(b) != 10 && len(b) != 13) {
		return stampText{}, errBadTime
	}
	seconds := int64(n)
	if len(b) == 13 {
		if seconds%1000 != 0 {
			return stampText{}, errNoMinute
		}
		seconds /= 1000
	}
	return epochStamp(seconds)
}

func epochStamp(seconds int64) (stampText, error) {
	if seconds%60 != 0 {
		return stampText{}, errNoMinute
	}
	if y := time.Unix(seconds, 0).UTC().Year(); y < 1990 || y > 2100 {
		return stampText{}, errYear
	}
	return stampText{wall: seconds / 60, zoned: true}, nil
}

func digits(b []byte) (int, bool) {
	n := 0
	for _, c := range b {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int(d)
	}
	return n, len(b) > 0
}
