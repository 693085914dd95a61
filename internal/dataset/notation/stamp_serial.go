package notation

import (
	"math"
	"strconv"
)

// serialZero is the day 0 of spreadsheets, 30 December 1899, in days since 1970: from
// 1 March 1900 on it makes their count of days right, which has a 29 February 1900.
const serialZero = -25569

// ReadSerial reads a time as spreadsheets store it: the days since 30 December 1899 in
// five digits, and the time of day as a fraction of a day behind a point or a comma. A time
// is rounded as far as the digits that are left of it ask for.
func ReadSerial(b []byte) (s Stamp, ok bool) {
	const digitsOfDay, leastDecimals = 5, 4
	if len(b) < digitsOfDay || len(b) > 24 || !AllDigits(b[:digitsOfDay]) {
		return s, false
	}
	day, _ := Digits(b[:digitsOfDay])
	seconds, rounding := 0.0, 0.5
	if rest := b[digitsOfDay:]; len(rest) > 0 {
		if rest[0] != '.' && rest[0] != ',' || !AllDigits(rest[1:]) {
			return s, false
		}
		fraction, err := strconv.ParseFloat("0."+string(rest[1:]), 64)
		if err != nil {
			return s, false
		}
		seconds = fraction * 24 * 3600
		if cut := 0.5 * math.Pow10(1-len(rest)) * 24 * 3600; cut < 30 {
			rounding += cut
		}
	}
	switch minutes := math.Round(seconds / 60); {
	case math.Abs(seconds-60*minutes) <= rounding:
		seconds = 60 * minutes
	case len(b) < digitsOfDay+1+leastDecimals:
		return s, false // so few decimals leave the minute open
	}
	at, err := EpochStamp((int64(day)+serialZero)*24*3600 + int64(math.Round(seconds)))
	at.Zoned = false
	return at, err == nil
}
