package notation

import (
	"bytes"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/dataset/vocabulary"
)

var (
	errEmptyNumber = errors.New("the value is empty")
	errNumber      = errors.New("the value is not a number")
	errTwoWays     = errors.New("the value can be read in two ways, with decimals or with a thousands sign, and no other value shows which; set numbers.decimal and numbers.thousands of the layout")
	errInfinite    = errors.New("the value is not a finite number")
	errOtherUnit   = errors.New("the unit that follows the value is not that of the file")
)

var powersOfTen = [...]float64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15}

// Number is how the numbers of a column are written. It is decided for the
// column as a whole.
type Number struct {
	Decimal   byte
	Thousands byte // between groups of three digits: . , ' or a space of any kind; 0 if there are none
	// open marks a column whose sign could not be decided: no value that was seen
	// had one. Values that could be read in two ways are rejected.
	Open bool
	Unit layout.Unit // that may follow a value; "" if each row has its own
}

// Read reads a number, spaces around it allowed.
func (f *Number) Read(text []byte) (float64, error) {
	text = Trim(text)
	v, err := f.readPlain(text)
	if err == nil {
		return v, nil
	}
	bare, unit := CutUnit(text)
	if unit != "" && unit != f.Unit {
		return 0, errOtherUnit
	}
	if usual := UsualSign(bare); !bytes.Equal(usual, text) {
		return f.readPlain(usual)
	}
	return 0, err
}

// UsualSign is a negative number of bookkeepers, (1.5) or 1.5-, or with the minus of
// typesetters, as all others are written.
func UsualSign(text []byte) []byte {
	const minus = "\u2212"
	n := len(text)
	switch {
	case bytes.HasPrefix(text, []byte(minus)):
		text = text[len(minus):]
	case n > 2 && text[0] == '(' && text[n-1] == ')':
		text = text[1 : n-1]
	case n > 1 && text[n-1] == '-' && IsDigit(text[0]):
		text = text[:n-1]
	default:
		return text
	}
	return append([]byte{'-'}, Trim(text)...)
}

// CutUnit cuts the unit behind a number off.
func CutUnit(text []byte) (number []byte, unit layout.Unit) {
	text = Trim(text)
	n := len(text)
	for n > 0 && text[n-1]|0x20 >= 'a' && text[n-1]|0x20 <= 'z' {
		n--
	}
	if n == 0 || n == len(text) || n < len(text)-len("kwhs") {
		return text, ""
	}
	unit, ok := vocabulary.UnitOfWord(strings.ToLower(string(text[n:])))
	if !ok || !LooksNumeric(UsualSign(Trim(text[:n]))) {
		return text, ""
	}
	return Trim(text[:n]), unit
}

func (f *Number) readPlain(text []byte) (float64, error) {
	if v, ok := shortNumber(text, f.Decimal); ok {
		if f.Open && TwoWays(text) {
			return 0, errTwoWays
		}
		return v, nil
	}
	if f.Thousands != 0 {
		if joined, ok := f.joinGroups(text); ok {
			return longNumber(joined, f.Decimal)
		}
	}
	if f.Open && TwoWays(text) {
		return 0, errTwoWays
	}
	return longNumber(text, f.Decimal)
}

// joinGroups removes the thousands signs of a number with one to three digits in
// the first group and three in all others.
func (f *Number) joinGroups(text []byte) ([]byte, bool) {
	out := make([]byte, 0, 32)
	i := 0
	if i < len(text) && (text[i] == '-' || text[i] == '+') {
		out = append(out, text[i])
		i++
	}
	group, signs := 0, 0
	for i < len(text) && text[i] != f.Decimal {
		if IsDigit(text[i]) {
			out = append(out, text[i])
			group++
			i++
			continue
		}
		n := f.signAt(text[i:])
		if n == 0 || group == 0 || group > 3 || (signs > 0 && group != 3) {
			return nil, false
		}
		signs++
		group = 0
		i += n
	}
	if signs == 0 || group != 3 || out[0] == '0' || len(out)+len(text)-i > 40 {
		return nil, false
	}
	return append(out, text[i:]...), true
}

// signAt is the length of the thousands sign at the start of b, 0 if there is none.
func (f *Number) signAt(b []byte) int {
	switch {
	case b[0] == f.Thousands:
		return 1
	case f.Thousands == ' ' && bytes.HasPrefix(b, []byte("\u00a0")):
		return 2
	case f.Thousands == ' ' && bytes.HasPrefix(b, []byte("\u202f")), f.Thousands == '\'' && bytes.HasPrefix(b, []byte("\u2019")):
		return 3
	}
	return 0
}

// TwoWays is true of 1.234 and 1,234, which are a number with three decimals or
// one of four digits.
func TwoWays(text []byte) bool {
	if len(text) > 0 && (text[0] == '-' || text[0] == '+') {
		text = text[1:]
	}
	sign := bytes.IndexAny(text, ".,")
	return sign >= 1 && sign <= 3 && len(text) == sign+4 && text[0] != '0' && AllDigits(text[:sign]) && AllDigits(text[sign+1:])
}

// shortNumber reads the notation of nearly all numbers: at most 15 digits and
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

// notANumber distinguishes text from the spellings of NaN and infinity.
func notANumber(text []byte) error {
	if v, err := strconv.ParseFloat(string(text), 64); err == nil && (math.IsNaN(v) || math.IsInf(v, 0)) {
		return errInfinite
	}
	return errNumber
}

// Trim cuts spaces and tabs off both ends.
func Trim(b []byte) []byte {
	for len(b) > 0 && (b[0] == ' ' || b[0] == '\t') {
		b = b[1:]
	}
	for n := len(b); n > 0 && (b[n-1] == ' ' || b[n-1] == '\t'); n = len(b) {
		b = b[:n-1]
	}
	return b
}
