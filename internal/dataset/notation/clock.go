package notation

import (
	"bytes"
	"strings"
)

// ReadClock reads the time of day at the start of b and returns what follows: H:MM,
// H:MM:SS with a fraction or without, 13h30, 1 PM, 13 Uhr. 24:00 is the end of the day.
func ReadClock(b []byte) (minutes, second int64, rest []byte, err error) {
	n, hour := 0, 0
	for n < len(b) && IsDigit(b[n]) && n < 2 {
		hour = hour*10 + int(b[n]-'0')
		n++
	}
	if n == 0 {
		return 0, 0, nil, ErrBadTime
	}
	minute, b, ok := readMinute(b[n:])
	if !ok || minute > 59 || hour > 24 || (hour == 24 && minute != 0) {
		return 0, 0, nil, ErrBadTime
	}
	if len(b) > 0 && b[0] == ':' {
		if len(b) < 3 {
			return 0, 0, nil, ErrBadTime
		}
		s, ok := Digits(b[1:3])
		if !ok || s > 59 {
			return 0, 0, nil, ErrBadTime
		}
		second, b = int64(s), skipFraction(b[3:])
	}
	hour, b, err = halfDay(hour, b)
	return int64(hour*60 + minute), second, skipHourWord(b), err
}

// readMinute reads the minute behind an hour. A whole hour may be written without.
func readMinute(b []byte) (minute int, rest []byte, ok bool) {
	switch {
	case len(b) >= 3 && b[0] == ':':
		minute, ok = Digits(b[1:3])
		return minute, b[3:], ok
	case len(b) >= 3 && b[0]|0x20 == 'h' && IsDigit(b[1]):
		minute, ok = Digits(b[1:3])
		return minute, b[3:], ok
	case len(skipHourWord(b)) < len(b):
		return 0, b, true
	}
	after, n := halfOf(b)
	return 0, b, after != 0 && n > 0
}

// skipHourWord drops h or Uhr behind a time of day.
func skipHourWord(b []byte) []byte {
	t := Trim(b)
	for _, word := range []string{"uhr", "h"} {
		if len(t) >= len(word) && strings.EqualFold(string(t[:len(word)]), word) && letters(t) == len(word) {
			return t[len(word):]
		}
	}
	return b
}

// halfDay reads AM or PM, also as a. m.
func halfDay(hour int, b []byte) (int, []byte, error) {
	half, n := halfOf(b)
	if half == 0 {
		return hour, b, nil
	}
	if hour < 1 || hour > 12 {
		return 0, nil, ErrBadTime
	}
	hour %= 12
	if half == 'p' {
		hour += 12
	}
	return hour, b[n:], nil
}

// halfOf is a or p of the half of the day at the start of b, and its length; 0 if there
// is none.
func halfOf(b []byte) (half byte, length int) {
	i := 0
	skip := func(signs string) {
		for i < len(b) && strings.IndexByte(signs, b[i]) >= 0 {
			i++
		}
	}
	skip(" \t")
	if i == len(b) || b[i]|0x20 != 'a' && b[i]|0x20 != 'p' {
		return 0, 0
	}
	half = b[i] | 0x20
	i++
	skip(". \u00a0")
	if i == len(b) || b[i]|0x20 != 'm' {
		return 0, 0
	}
	i++
	if letters(b[i:]) > 0 {
		return 0, 0
	}
	if i < len(b) && b[i] == '.' {
		i++
	}
	return half, i
}

func skipFraction(b []byte) []byte {
	if len(b) == 0 || (b[0] != '.' && b[0] != ',') {
		return b
	}
	n := 1
	for n < len(b) && IsDigit(b[n]) {
		n++
	}
	return b[n:]
}

// rangeSigns stand between the start and the end of an interval.
var rangeSigns = []string{" - ", " – ", " — ", "–", "—", " to ", " until ", " bis ", " tot ", " til ", " à ", " a ", "/"}

// afterClock reads what follows a time of day: an offset, or nothing, and perhaps the
// end of the interval that the time begins.
func afterClock(b []byte) (offset int64, zoned bool, err error) {
	offset, zoned, err = readOffset(b)
	if err == nil {
		return offset, zoned, nil
	}
	if left, ok := CutEnd(b); ok {
		return readOffset(left)
	}
	return 0, false, err
}

// CutEnd is what stands before the end of an interval.
func CutEnd(b []byte) (left []byte, ok bool) {
	for _, sign := range rangeSigns {
		if left, end, found := bytes.Cut(b, []byte(sign)); found && startsTime(Trim(end)) {
			return left, true
		}
	}
	return b, false
}

// startsTime is true of a text that begins with a date or a time of day.
func startsTime(b []byte) bool {
	if _, _, _, err := ReadClock(b); err == nil {
		return true
	}
	p, ok := SplitDate(b)
	return ok && p.plausible()
}

// ClockRange is true of what follows the start of an interval of a day in 00:00-00:15:
// as such it would be an offset.
func ClockRange(b []byte) bool {
	b = Trim(b)
	if len(b) < 5 || b[0] != '-' {
		return false
	}
	_, _, rest, err := ReadClock(Trim(b[1:]))
	return err == nil && len(Trim(rest)) == 0
}

// ReadHourNumber reads the number of an hour: 7, H07, HE 7, 7h; and 2A and 2B, the
// hour that clocks show twice.
func ReadHourNumber(cell string) (hour int, ok bool) {
	text := strings.ToLower(strings.TrimSpace(cell))
	word := strings.TrimLeft(text, "abcdefghijklmnopqrstuvwxyz _")
	switch strings.Trim(text[:len(text)-len(word)], " _") {
	case "", "h", "he", "hr", "hour", "hour ending", "std", "stunde", "uur", "heure", "hora", "ora":
	default:
		return 0, false
	}
	n := 0
	for n < len(word) && n < 2 && IsDigit(word[n]) {
		hour = hour*10 + int(word[n]-'0')
		n++
	}
	switch strings.TrimSpace(word[n:]) {
	case "", "h", "a", "b":
		return hour, n > 0 && hour <= 25
	}
	return 0, false
}

// ReadTimeOfDay reads a cell with a time of day alone: its start, where it has the end of
// an interval behind it. With an offset, minutes are those of UTC, and zoned is true.
func ReadTimeOfDay(cell []byte) (minutes, second int64, zoned bool, err error) {
	minutes, second, rest, err := ReadClock(cell)
	if err != nil {
		return 0, 0, false, err
	}
	if ClockRange(rest) {
		rest = nil
	}
	offset, zoned, err := afterClock(rest)
	return minutes - offset, second, zoned, err
}
