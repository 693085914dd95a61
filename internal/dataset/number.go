package dataset

import (
	"errors"
	"math"
	"strconv"
)

var (
	errEmptyNumber = errors.New("the value is empty")
	errNumber      = errors.New("the value is not a number")
	errInfinite    = errors.New("the value is not a finite number")
)

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// parseNumber reads a decimal number with the given decimal sign, spaces
// around it allowed.
func parseNumber(text []byte, decimal byte) (float64, error) {
	text = trimSpace(text)
	if v, ok := shortNumber(text, decimal); ok {
		return v, nil
	}
	return longNumber(text, decimal)
}

// shortNumber reads what nearly all numbers look like: at most 15 digits and
// no exponent. Both digits and power of ten are then exact in a float64, so
// one division rounds correctly.
func shortNumber(text []byte, decimal byte) (float64, bool) {
	i, negative := 0, false
	if len(text) > 0 && text[0] == '-' {
		i, negative = 1, true
	}
	if len(text)-i > 16 {
		return 0, false
	}
	var digits uint64
	count, fraction := 0, -1
	for ; i < len(text); i++ {
		c := text[i]
		if d := c - '0'; d <= 9 {
			digits = digits*10 + uint64(d)
			count++
			continue
		}
		if c != decimal || fraction >= 0 {
			return 0, false
		}
		fraction = count
	}
	if count == 0 || count > 15 {
		return 0, false
	}
	v := float64(digits)
	if fraction >= 0 {
		v /= powersOfTen[count-fraction]
	}
	if negative {
		v = -v
	}
	return v, true
}

func longNumber(text []byte, decimal byte) (float64, error) {
	if len(text) == 0 {
		return 0, errEmptyNumber
	}
	buf := make([]byte, 0, 64)
	for _, c := range text {
		switch {
		case c == decimal:
			c = '.'
		case c >= '0' && c <= '9', c == '-', c == '+', c == 'e', c == 'E':
		default:
			return 0, notANumber(text) // ParseFloat would also take hex and underscores
		}
		buf = append(buf, c)
	}
	v, err := strconv.ParseFloat(string(buf), 64)
	if math.IsInf(v, 0) {
		return 0, errInfinite
	}
	if err != nil {
		return 0, errNumber
	}
	return v, nil
}

// notANumber tells text from the spellings of NaN and infinity.
func notANumber(text []byte) error {
	if v, err := strconv.ParseFloat(string(text), 64); err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		return errInfinite
	}
	return errNumber
}

func trimSpace(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for n := len(b); n > 0 && (b[n-1] == ' ' || b[n-1] == '\t'); n = len(b) {
		b = b[:n-1]
	}
	return b
}
