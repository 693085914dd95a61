package meter

import "time"

// canonicalTimeLen is the length of a time in UTC: 2026-01-01T00:00:00Z.
const canonicalTimeLen = 20

// Lengths of the intervals that a message may have, in minutes.
const (
	wholeHour   = 60
	halfHour    = 30
	quarterHour = 15
)

// minutesOf is the length of an interval in minutes, 0 if it is not supported.
func minutesOf(interval []byte) uint8 {
	switch string(interval) {
	case "PT1H":
		return wholeHour
	case "PT30M":
		return halfHour
	case "PT15M":
		return quarterHour
	}
	return 0
}

// Hours whose year has four digits: the range of RFC 3339.
var (
	firstHour = HourOf(time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC))
	lastHour  = HourOf(time.Date(9999, 12, 31, 23, 0, 0, 0, time.UTC))
)

// appendHour appends h as RFC 3339 in UTC.
func appendHour(dst []byte, h Hour) []byte {
	if h < firstHour || h > lastHour {
		return h.Time().AppendFormat(dst, time.RFC3339)
	}
	days, hour := int(h)/HoursPerDay, int(h)%HoursPerDay
	if hour < 0 {
		days, hour = days-1, hour+HoursPerDay
	}
	y, m, d := dateOfDays(days)
	return append(dst,
		byte('0'+y/1000), byte('0'+y/100%10), byte('0'+y/10%10), byte('0'+y%10), '-',
		byte('0'+m/10), byte('0'+m%10), '-',
		byte('0'+d/10), byte('0'+d%10), 'T',
		byte('0'+hour/10), byte('0'+hour%10), ':', '0', '0', ':', '0', '0', 'Z')
}

// parseCanonicalTime reads YYYY-MM-DDTHH:MM:00Z at a quarter of an hour. It
// answers false for all other times and forms, legal or not.
func parseCanonicalTime(b []byte) (h Hour, minute uint8, ok bool) {
	if h, ok = parseCanonicalHour(b); ok {
		return h, 0, true
	}
	if len(b) != canonicalTimeLen {
		return 0, 0, false
	}
	switch string(b[13:]) {
	case ":15:00Z":
		minute = 15
	case ":30:00Z":
		minute = 30
	case ":45:00Z":
		minute = 45
	default:
		return 0, 0, false
	}
	var hour [canonicalTimeLen]byte
	copy(hour[:], b)
	copy(hour[13:], ":00:00Z")
	h, ok = parseCanonicalHour(hour[:])
	return h, minute, ok
}

// parseCanonicalHour reads YYYY-MM-DDTHH:00:00Z. It answers false for all
// other forms, legal or not.
func parseCanonicalHour(b []byte) (Hour, bool) {
	if len(b) != canonicalTimeLen || b[4] != '-' || b[7] != '-' || b[10] != 'T' ||
		string(b[13:]) != ":00:00Z" {
		return 0, false
	}
	var bad bool
	digit := func(i int) int {
		c := b[i] - '0'
		bad = bad || c > 9
		return int(c)
	}
	y := digit(0)*1000 + digit(1)*100 + digit(2)*10 + digit(3)
	m := digit(5)*10 + digit(6)
	d := digit(8)*10 + digit(9)
	h := digit(11)*10 + digit(12)
	if bad || m < 1 || m > 12 || d < 1 || d > daysIn(y, m) || h > 23 {
		return 0, false
	}
	return Hour(daysOfDate(y, m, d)*HoursPerDay + h), true
}

// parseTime reads any RFC 3339 time: its hour in UTC, and the minute of it. The
// minute is 1, which is no start of any interval, where the time is not a
// whole minute.
func parseTime(b []byte) (h Hour, minute int, err error) {
	if h, minute, ok := parseCanonicalTime(b); ok {
		return h, int(minute), nil
	}
	var t time.Time
	if err := t.UnmarshalText(b); err != nil {
		return 0, 0, ErrTimestamp
	}
	h = HourOf(t)
	seconds := int(t.Unix() - h.Unix())
	if seconds%60 != 0 || t.Nanosecond() != 0 {
		return h, 1, nil
	}
	return h, seconds / 60, nil
}

func daysIn(y, m int) int {
	switch m {
	case 2:
		if y%4 == 0 && (y%100 != 0 || y%400 == 0) {
			return 29
		}
		return 28
	case 4, 6, 9, 11:
		return 30
	}
	return 31
}

// A year that starts in March puts the leap day last, so that the days
// before a month follow from one linear formula; 400 such years repeat. Both
// functions count from 1 March of the year 0.
const (
	daysPer400Years = 146097
	daysBefore1970  = 719468 // from 0000-03-01 to 1970-01-01
)

// daysOfDate is the number of days from 1970-01-01 to a date of the proleptic
// Gregorian calendar.
func daysOfDate(y, m, d int) int {
	if m <= 2 {
		y, m = y-1, m+12
	}
	era := y / 400
	if y < 0 {
		era = -1
	}
	yearOfEra := y - era*400
	dayOfYear := (153*(m-3)+2)/5 + d - 1
	dayOfEra := yearOfEra*365 + yearOfEra/4 - yearOfEra/100 + dayOfYear
	return era*daysPer400Years + dayOfEra - daysBefore1970
}

// dateOfDays is the inverse of daysOfDate.
func dateOfDays(days int) (y, m, d int) {
	days += daysBefore1970
	era := days / daysPer400Years
	if days < 0 {
		era = -1
	}
	dayOfEra := days - era*daysPer400Years
	yearOfEra := (dayOfEra - dayOfEra/1460 + dayOfEra/36524 - dayOfEra/146096) / 365
	dayOfYear := dayOfEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	shifted := (5*dayOfYear + 2) / 153 // months since March
	d = dayOfYear - (153*shifted+2)/5 + 1
	y, m = yearOfEra+era*400, shifted+3
	if m > 12 {
		y, m = y+1, m-12
	}
	return y, m, d
}
