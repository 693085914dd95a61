package dataset

import (
	"bytes"
	"errors"
	"time"

	"github.com/energytwin/energytwin/internal/dataset/layout"
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
	wall   int64 // minutes since 1970-01-01T00:00 on the clock that it was read from
	second int64 // beyond the minute, 0 to 59; fractions are dropped
	zoned  bool  // the text gives its offset; wall is then UTC
	dated  bool  // the text is a date alone; wall is its midnight
	since  int64 // minutes since that midnight, of hours that are counted from it
}

// stampReader reads timestamps of one form. Files repeat their dates, so it
// remembers the last one.
type stampReader struct {
	form   layout.TimeForm // "" reads Text, and Unix where there are digits alone
	order  layout.DateOrder
	dayOne int64 // wall minute of the day before day 1 of the form DayCode
	slot   int64 // minutes of an interval of the form DayCode
	ranges bool  // -01:00 behind a time of day is the end of the interval, and no offset

	date    [32]byte
	dateLen int
	dayBase int64 // wall minutes at the start of date; valid if dateLen is set
}

// read reads a date and a time of day, perhaps with seconds, a fraction and an
// offset; or one of the forms of digits alone.
func (r *stampReader) read(text []byte) (stampText, error) {
	text = trimSpace(text)
	switch r.form {
	case layout.Unix:
		return readEpoch(text)
	case layout.Compact:
		return readCompact(text)
	case layout.DayCode:
		return r.readDayCode(text)
	}
	if len(text) == 0 {
		return stampText{}, errNoTime
	}
	if wall, zoned, ok := r.usual(text); ok {
		return stampText{wall: wall, zoned: zoned}, nil
	}
	base, rest, err := r.readDate(text)
	if err != nil {
		if s, ok := readSerial(text); ok {
			return s, nil
		}
		if r.form == "" && allDigits(text) {
			return readEpoch(text)
		}
		return stampText{}, err
	}
	if len(rest) == 0 {
		return stampText{wall: base, dated: true}, nil
	}
	clock, err := afterDate(rest)
	if err != nil {
		return stampText{}, err
	}
	minutes, second, rest, err := readClock(clock)
	if err != nil && r.dateLen == 8 {
		minutes, second, rest, err = compactClock(clock)
	}
	if err != nil {
		return stampText{}, err
	}
	if r.ranges && clockRange(rest) {
		rest = nil
	}
	offset, zoned, err := afterClock(rest)
	if err != nil {
		return stampText{}, err
	}
	return stampText{wall: base + minutes - offset, second: second, zoned: zoned}, nil
}

// usual reads what nearly all times look like: the date of the row before, HH:MM or
// HH:MM:00, and nothing or Z.
func (r *stampReader) usual(text []byte) (wall int64, zoned, ok bool) {
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
func (r *stampReader) readDate(text []byte) (base int64, rest []byte, err error) {
	if n := r.dateLen; n > 0 && len(text) >= n && bytes.Equal(text[:n], r.date[:n]) && (len(text) == n || !isDigit(text[n])) {
		return r.dayBase, text[n:], nil
	}
	base, n, err := parseDate(text, r.order)
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
		return trimSpace(b), nil
	case ',', '-', '_', ';':
		if b = trimSpace(b[1:]); len(b) > 0 && isDigit(b[0]) {
			return b, nil
		}
	}
	return nil, errBadTime
}

// dateParts are the numbers of a date in the order in which it has them.
type dateParts struct {
	number [3]int
	digits [3]int
	month  int // place of a month that is written as a word; -1 if none is
	length int // of the text
}

// splitDate cuts a date into its three parts: 2024-01-31, 31.1.2024, 1/31/24,
// 31-Jan-2024, 31 January 2024, Wed 31. Januar 2024.
func splitDate(b []byte) (p dateParts, ok bool) {
	p.month = -1
	i := weekdayLength(b)
	var sep byte
	for part := range 3 {
		start := i
		switch {
		case i < len(b) && isDigit(b[i]):
			for i < len(b) && isDigit(b[i]) && i-start < 5 {
				p.number[part] = p.number[part]*10 + int(b[i]-'0')
				i++
			}
			p.digits[part] = i - start
		default:
			month, n := wordNumber(monthWords, b[i:])
			if month == 0 || p.month >= 0 {
				return p, false
			}
			p.number[part], p.month = month, part
			i += n
		}
		if part == 2 {
			break
		}
		if i >= len(b) {
			return p, false
		}
		s := b[i]
		if s != '-' && s != '/' && s != '.' && s != ' ' && s != ',' || (part == 1 && s != sep && p.month < 0) {
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
	if i < len(b) && isDigit(b[i]) {
		return p, false
	}
	if p.digits[0] == 4 && sep == '.' && i < len(b) && b[i] == '.' {
		i++ // 2024.01.31. is how Hungarians write it
	}
	p.length = i
	return p, true
}

// twoDigits is true of a date of three numbers of two digits.
func (p *dateParts) twoDigits() bool { return p.month < 0 && p.digits == [3]int{2, 2, 2} }

// parseDate is the wall minute at the start of a date, and the date's length. A
// year of four digits in front is read in any order.
func parseDate(b []byte, order layout.DateOrder) (base int64, n int, err error) {
	if compactDay(b) {
		base, err = readCompactDate(b[:8])
		return base, 8, err
	}
	p, ok := splitDate(b)
	if !ok {
		return 0, 0, errBadTime
	}
	year, month, day := p.number[2], p.number[1], p.number[0]
	yearDigits := p.digits[2]
	switch {
	case p.digits[0] == 4:
		year, day, yearDigits = p.number[0], p.number[2], 4
	case order == layout.YMD && p.twoDigits():
		year, day = p.number[0], p.number[2]
	case p.month == 0 || (p.month < 0 && order == layout.MDY):
		month, day = p.number[0], p.number[1]
	case p.month < 0 && order != layout.DMY:
		return 0, 0, errBadTime
	}
	if yearDigits == 2 {
		year += 2000
	} else if yearDigits != 4 {
		return 0, 0, errBadTime
	}
	base, err = dateBase(year, month, day)
	return base, p.length, err
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

// zoneWords are abbreviations that files put behind a time to tell summer time
// from winter time, in minutes east.
var zoneWords = map[string]int64{
	"Z": 0, "z": 0, "UTC": 0, "GMT": 0, "WET": 0, "BST": 60, "WEST": 60, "CET": 60, "MEZ": 60, "CEST": 120, "MESZ": 120, "EET": 120, "EEST": 180,
}

// readOffset reads Z, +HH:MM, +HHMM, +HH, a word such as CEST, or nothing, as
// minutes east.
func readOffset(b []byte) (minutes int64, zoned bool, err error) {
	b = trimSpace(b)
	if len(b) == 0 {
		return 0, false, nil
	}
	if b[0] != '+' && b[0] != '-' {
		east, ok := zoneWords[string(b)]
		if !ok {
			return 0, false, errBadTime
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
		return 0, false, errBadTime
	}
	hour, ok1 := digits(hhmm[:2])
	minute, ok2 := digits(hhmm[2:])
	if !ok1 || !ok2 || hour > 14 || minute > 59 {
		return 0, false, errBadTime
	}
	minutes = int64(hour*60 + minute)
	if negative {
		minutes = -minutes
	}
	return minutes, true, nil
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

func allDigits(b []byte) bool {
	for _, c := range b {
		if !isDigit(c) {
			return false
		}
	}
	return len(b) > 0
}

func isDigit(c byte) bool { return c-'0' <= 9 }
