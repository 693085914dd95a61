package dataset

import (
	"bytes"
	"math"
	"strconv"
)

// serialZero is the day 0 of spreadsheets, 30 December 1899, in days since 1970: from
// 1 March 1900 on it makes their count of days right, which has a 29 February 1900.
const serialZero = -25569

// readSerial reads a time as spreadsheets store it: the days since 30 December 1899 in
// five digits, and the time of day as a fraction of a day behind a point or a comma. A time
// is rounded as far as the digits that are left of it ask for.
func readSerial(b []byte) (s stampText, ok bool) {
	const digitsOfDay, leastDecimals = 5, 4
	if len(b) < digitsOfDay || len(b) > 24 || !allDigits(b[:digitsOfDay]) {
		return s, false
	}
	day, _ := digits(b[:digitsOfDay])
	seconds, rounding := 0.0, 0.5
	if rest := b[digitsOfDay:]; len(rest) > 0 {
		if rest[0] != '.' && rest[0] != ',' || !allDigits(rest[1:]) {
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
	at, err := epochStamp((int64(day)+serialZero)*24*3600 + int64(math.Round(seconds)))
	at.zoned = false
	return at, err == nil
}

// isSerial is true of a column of such times, some of which have a time of day.
func (c *columnSample) isSerial() bool {
	parts := 0
	for cell := range c.distinct {
		if _, ok := readSerial([]byte(cell)); !ok {
			return false
		}
		if bytes.ContainsAny([]byte(cell), ".,") {
			parts++
		}
	}
	return parts > 1
}
