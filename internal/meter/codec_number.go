package meter

import (
	"math"
	"strconv"
)

// powersOfTen are the powers that float64 holds exactly.
var powersOfTen = [...]float64{
	1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11,
	1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
}

// maxExactDigits is how many decimal digits always fit into the 53 bits of a
// float64.
const maxExactDigits = 15

// scanPlainNumber reads a JSON number without exponent from the start of b:
// its value, rounded to float32, and its length. It answers n = 0 if there is
// none, or one that needs more care than this fast form takes.
func scanPlainNumber(b []byte) (v float32, n int) {
	i := 0
	negative := len(b) > 0 && b[0] == '-'
	if negative {
		i++
	}
	start := i
	var mantissa uint64
	for i < len(b) && b[i]-'0' <= 9 {
		mantissa = mantissa*10 + uint64(b[i]-'0')
		i++
	}
	digits := i - start
	if digits == 0 || digits > maxExactDigits || (digits > 1 && b[start] == '0') {
		return 0, 0
	}
	decimals := 0
	if i < len(b) && b[i] == '.' {
		i++
		start = i
		for i < len(b) && b[i]-'0' <= 9 {
			mantissa = mantissa*10 + uint64(b[i]-'0')
			i++
		}
		decimals = i - start
		if decimals == 0 || digits+decimals > maxExactDigits {
			return 0, 0
		}
	}
	if i < len(b) && (b[i]|0x20) == 'e' {
		return 0, 0
	}
	// Both operands are exact, so the quotient is the nearest float64.
	d := float64(mantissa) / powersOfTen[decimals]
	if negative {
		d = -d
	}
	if v, ok := roundTwice(d); ok {
		return v, i
	}
	return 0, 0
}

// roundTwice turns the float64 nearest to a decimal into the float32 nearest
// to the same decimal. It answers false where the two roundings might differ
// from one: exactly half-way between two float32, or below the normal range.
func roundTwice(d float64) (float32, bool) {
	const (
		droppedBits = 52 - 23
		half        = 1 << (droppedBits - 1)
		mask        = 1<<droppedBits - 1
		minNormal32 = 0x1p-126
	)
	if math.Float64bits(d)&mask == half {
		return 0, false
	}
	if d != 0 && math.Abs(d) < minNormal32 {
		return 0, false
	}
	return float32(d), true
}

// parseEnergy reads a whole JSON number as kWh of so many minutes.
func parseEnergy(b []byte, minutes uint8) (float32, error) {
	v, n := scanPlainNumber(b)
	if n == 0 || n != len(b) {
		wide, err := strconv.ParseFloat(string(b), 32)
		if err != nil {
			return 0, ErrEnergy
		}
		v = float32(wide)
	}
	if !plausible(v, minutes) {
		return 0, ErrEnergy
	}
	return v, nil
}

// plausible reports whether a meter can have measured kwh in so many minutes.
// Sub-hour readings share the limit of the hour, so that their sum keeps it.
func plausible(kwh float32, minutes uint8) bool {
	limit := float32(MaxAbsKWh)
	if minutes != wholeHour {
		limit = float32(minutes) * MaxAbsKWh / wholeHour
	}
	return kwh >= -limit && kwh <= limit
}
