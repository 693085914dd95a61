// Package notation reads what is written in one cell: a number, a date, a time of day, a
// timestamp, or a word for a missing value, in the notations of the countries and programs
// whose files are read. It knows no zone: times are those of a wall clock, or have an
// offset.
package notation

import (
	"bytes"
	"errors"
	"time"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

var (
	errNoTime = errors.New("the timestamp is empty")
	errNoDay  = errors.New("the timestamp names a day that does not exist")
	errYear   = errors.New("the timestamp is not between 1990 and 2100")

	// ErrBadTime is a cell that is no time in any notation that is read.
	ErrBadTime = errors.New("the timestamp is not a date and time such as 2019-03-31T01:30:00Z or 2019-03-31 01:30")
	// ErrNoMinute is a time with seconds where a reading has to begin on a minute.
	ErrNoMinute = errors.New("the timestamp is not on a whole minute")
)

// Stamp is what a timestamp states before any zone is applied.
type Stamp struct {
	Wall   int64 // minutes since 1970-01-01T00:00 on the clock that it was read from
	Second int64 // beyond the minute, 0 to 59; fractions are dropped
	Zoned  bool  // the text gives its offset; wall is then UTC
	Dated  bool  // the text is a date alone; wall is its midnight
	Since  int64 // minutes since that midnight, of hours that are counted from it
}

// StampReader reads timestamps of one form. Files repeat their dates, so it
// remembers the last one.
type StampReader struct {
	Form   layout.TimeForm // "" reads Text, and Unix where there are digits alone
	Order  layout.DateOrder
	DayOne int64 // wall minute of the day before day 1 of the form DayCode
	Slot   int64 // minutes of an interval of the form DayCode
	Ranges bool  // -01:00 behind a time of day is the end of the interval, and no offset

	date    [32]byte
	dateLen int
	dayBase int64 // wall minutes at the start of date; valid if dateLen is set
}

// Read reads a date and a time of day, perhaps with seconds, a fraction and an
// offset; or one of the forms of digits alone.
func (r *StampReader) Read(text []byte) (Stamp, error) {
	text = Trim(text)
	switch r.Form {
	case layout.Unix:
		return readEpoch(text)
	case layout.Compact:
		return ReadCompact(text)
	case layout.DayCode:
		return r.readDayCode(text)
	}
	if len(text) == 0 {
		return Stamp{}, errNoTime
	}
	if wall, zoned, ok := r.usual(text); ok {
		return Stamp{Wall: wall, Zoned: zoned}, nil
	}
	base, rest, err := r.readDate(text)
	if err != nil {
		if s, ok := ReadSerial(text); ok {
			return s, nil
		}
		if r.Form == "" && AllDigits(text) {
			return readEpoch(text)
		}
		return Stamp{}, err
	}
	if len(rest) == 0 {
		return Stamp{Wall: base, Dated: true}, nil
	}
	clock, err := afterDate(rest)
	if err != nil {
		return Stamp{}, err
	}
	minutes, second, rest, err := ReadClock(clock)
	if err != nil && r.dateLen == 8 {
		minutes, second, rest, err = compactClock(clock)
	}
	if err != nil {
		return Stamp{}, err
	}
	if r.Ranges && ClockRange(rest) {
		rest = nil
	}
	offset, zoned, err := afterClock(rest)
	if err != nil {
		return Stamp{}, err
	}
	return Stamp{Wall: base + minutes - offset, Second: second, Zoned: zoned}, nil
}

// usual reads the notation of nearly all times: the date of the row before, HH:MM or
// HH:MM:00, and nothing or Z.
func (r *StampReader) usual(text []byte) (wall int64, zoned, ok bool) {
	n := r.dateLen
	if n == 0 || len(text) < n+6 || string(text[:n]) != string(r.date[:n]) {
		return 0, false, false
	}
	b := text[n:]
	if (b[0] != ' ' && b[0] != 'T') || b[3] != ':' {
		return 0, false, false
	}
	h1, h2, m1, m2 := b[1]-'0', b[2]-'0', b[4]-'0', b[5]-'0'
	if h1 > 2 || h2 > 9 || m1 > 5 || m2 > 9 || h1*10+h2 > 23 {
		return 0, false, false
	}
	b = b[6:]
	if len(b) >= 3 && b[0] == ':' && b[1] == '0' && b[2] == '0' {
		b = b[3:]
	}
	if len(b) == 1 && b[0] == 'Z' {
		zoned, b = true, nil
	}
	return r.dayBase + int64(h1*10+h2)*60 + int64(m1*10+m2), zoned, len(b) == 0
}

// readDate reads the date at the start of text and returns what follows it.
func (r *StampReader) readDate(text []byte) (base int64, rest []byte, err error) {
	if n := r.dateLen; n > 0 && len(text) >= n && bytes.Equal(text[:n], r.date[:n]) && (len(text) == n || !IsDigit(text[n])) {
		return r.dayBase, text[n:], nil
	}
	base, n, err := ParseDate(text, r.Order)
	if err != nil {
		return 0, nil, err
	}
	if n <= len(r.date) {
		copy(r.date[:], text[:n])
		r.dateLen, r.dayBase = n, base
	}
	return base, text[n:], nil
}

func afterDate(b []byte) ([]byte, error) {
	switch b[0] {
	case 'T', 't':
		return b[1:], nil
	case ' ', '\t':
		return Trim(b), nil
	case ',', '-', '_', ';':
		if b = Trim(b[1:]); len(b) > 0 && IsDigit(b[0]) {
			return b, nil
		}
	}
	return nil, ErrBadTime
}

// Date are the numbers of a date in the order in which it has them.
type Date struct {
	number [3]int
	Digits [3]int
	Month  int // place of a month that is written as a word; -1 if none is
	Length int // of the text
}

// SplitDate cuts a date into its three parts: 2024-01-31, 31.1.2024, 1/31/24,
// 31-Jan-2024, 31 January 2024, Wed 31. Januar 2024.
func SplitDate(b []byte) (p Date, ok bool) {
	p.Month = -1
	i := weekdayLength(b)
	var sep byte
	for part := range 3 {
		start := i
		switch {
		case i < len(b) && IsDigit(b[i]):
			for i < len(b) && IsDigit(b[i]) && i-start < 5 {
				p.number[part] = p.number[part]*10 + int(b[i]-'0')
				i++
			}
			p.Digits[part] = i - start
		default:
			month, n := wordNumber(monthWords, b[i:])
			if month == 0 || p.Month >= 0 {
				return p, false
			}
			p.number[part], p.Month = month, part
			i += n
		}
		if part == 2 {
			break
		}
		if i >= len(b) {
			return p, false
		}
		s := b[i]
		if s != '-' && s != '/' && s != '.' && s != ' ' && s != ',' || (part == 1 && s != sep && p.Month < 0) {
			return p, false
		}
		sep = s
		i++
		for i < len(b) && b[i] == ' ' && (sep != '-' && sep != '/') {
			i++
		}
		if bytes.HasPrefix(b[i:], []byte("de ")) { // 8 de enero de 2024
			i += len("de ")
		}
	}
	if i < len(b) && IsDigit(b[i]) {
		return p, false
	}
	if p.Digits[0] == 4 && sep == '.' && i < len(b) && b[i] == '.' {
		i++ // 2024.01.31. is how Hungarians write it
	}
	p.Length = i
	return p, true
}

// TwoDigits is true of a date of three numbers of two digits.
func (p *Date) TwoDigits() bool { return p.Month < 0 && p.Digits == [3]int{2, 2, 2} }

// ParseDate is the wall minute at the start of a date, and the date's length. A
// year of four digits in front is read in any order.
func ParseDate(b []byte, order layout.DateOrder) (base int64, n int, err error) {
	if compactDay(b) {
		base, err = ReadCompactDate(b[:8])
		return base, 8, err
	}
	p, ok := SplitDate(b)
	if !ok {
		return 0, 0, ErrBadTime
	}
	year, month, day := p.number[2], p.number[1], p.number[0]
	yearDigits := p.Digits[2]
	switch {
	case p.Digits[0] == 4:
		year, day, yearDigits = p.number[0], p.number[2], 4
	case order == layout.YMD && p.TwoDigits():
		year, day = p.number[0], p.number[2]
	case p.Month == 0 || (p.Month < 0 && order == layout.MDY):
		month, day = p.number[0], p.number[1]
	case p.Month < 0 && order != layout.DMY:
		return 0, 0, ErrBadTime
	}
	if yearDigits == 2 {
		year += 2000
	} else if yearDigits != 4 {
		return 0, 0, ErrBadTime
	}
	base, err = dateBase(year, month, day)
	return base, p.Length, err
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

// zoneWords are abbreviations that files put behind a time to distinguish summer time
// from winter time, in minutes east.
var zoneWords = map[string]int64{
	"Z": 0, "z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 60, "WEST": 60, "CET": 60, "MEZ": 60, "CEST": 120, "MESZ": 120, "EET": 120, "EEST": 180,
}

// readOffset reads Z, +HH:MM, +HHMM, +HH, a word such as CEST, or nothing, as
// minutes east.
func readOffset(b []byte) (minutes int64, zoned bool, err error) {
	b = Trim(b)
	if len(b) == 0 {
		return 0, false, nil
	}
	if b[0] != '+' && b[0] != '-' {
		east, ok := zoneWords[string(b)]
		if !ok {
			return 0, false, ErrBadTime
		}
		return east, true, nil
	}
	negative := b[0] == '-'
	var hhmm [4]byte
	b = b[1:]
	switch {
	case len(b) == 5 && b[2] == ':':
		copy(hhmm[:], b[:2])
		copy(hhmm[2:], b[3:])
	case len(b) == 4:
		copy(hhmm[:], b)
	case len(b) == 2:
		copy(hhmm[:], b)
		hhmm[2], hhmm[3] = '0', '0'
	default:
		return 0, false, ErrBadTime
	}
	hour, ok1 := Digits(hhmm[:2])
	minute, ok2 := Digits(hhmm[2:])
	if !ok1 || !ok2 || hour > 14 || minute > 59 {
		return 0, false, ErrBadTime
	}
	minutes = int64(hour*60 + minute)
	if negative {
		minutes = -minutes
	}
	return minutes, true, nil
}

// Digits is the number that digits write; ok is false if there is another sign, or none.
func Digits(b []byte) (n int, ok bool) {
	for _, c := range b {
		d := c - '0'
		if d > 9 {
			return 0, false
		}
		n = n*10 + int(d)
	}
	return n, len(b) > 0
}

// AllDigits is true of one digit or more, and nothing else.
func AllDigits(b []byte) bool {
	for _, c := range b {
		if !IsDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

// IsDigit is true of 0 to 9.
func IsDigit(c byte) bool { return c-'0' <= 9 }
