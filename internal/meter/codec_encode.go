package meter

import (
	"math"
	"strconv"
)

// The fixed text of a message in canonical form: these fields, in this
// order, without spaces. The decoder's fast path expects exactly them.
const (
	textVersion  = `{"version":1,` // accepted, and not written: see MessageVersion
	textMeter    = `{"meter":"`
	textGroup    = `","group":"`
	textTime     = `","ts":"`
	textEnergy   = `","kwh":`
	textInterval = `,"interval":"PT1H"}`
)

// AppendMessage appends the JSON message of r to dst, in canonical form. An
// empty group is left out. The energy must be finite; it is written in the
// shortest form that decodes to the same float32.
func AppendMessage(dst []byte, r Reading) []byte {
	dst = append(dst, textMeter...)
	dst = appendEscaped(dst, r.Meter)
	if r.Group != "" {
		dst = append(dst, textGroup...)
		dst = appendEscaped(dst, r.Group)
	}
	dst = append(dst, textTime...)
	dst = appendHour(dst, r.Hour)
	dst = append(dst, textEnergy...)
	dst = appendEnergy(dst, r.KWh)
	return append(dst, textInterval...)
}

// appendEscaped appends s as the inside of a JSON string.
func appendEscaped(dst []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' {
			return appendEscapedSlow(dst, s)
		}
	}
	return append(dst, s...)
}

func appendEscapedSlow(dst []byte, s string) []byte {
	const hex = "0123456789abcdef"
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '"' || c == '\\':
			dst = append(dst, '\\', c)
		case c < ' ':
			dst = append(dst, '\\', 'u', '0', '0', hex[c>>4], hex[c&15])
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// appendEnergy appends the shortest decimal that parses to v.
func appendEnergy(dst []byte, v float32) []byte {
	// Most readings have few decimals. Every decimal of at most six digits
	// survives float32 and back, so no shorter one can stand for the same
	// value, and an integer is much cheaper to write than a float.
	scaled := math.Round(float64(v) * 1000)
	if scaled > -1e6 && scaled < 1e6 && float32(scaled/1000) == v && scaled != 0 {
		return appendThousandths(dst, int64(scaled))
	}
	abs := math.Abs(float64(v))
	if abs != 0 && (abs < 1e-6 || abs >= 1e21) {
		return strconv.AppendFloat(dst, float64(v), 'e', -1, 32)
	}
	return strconv.AppendFloat(dst, float64(v), 'f', -1, 32)
}

// appendThousandths appends n/1000 without trailing zeros.
func appendThousandths(dst []byte, n int64) []byte {
	if n < 0 {
		dst = append(dst, '-')
		n = -n
	}
	dst = strconv.AppendInt(dst, n/1000, 10)
	f := n % 1000
	if f == 0 {
		return dst
	}
	dst = append(dst, '.', byte('0'+f/100))
	if f %= 100; f == 0 {
		return dst
	}
	dst = append(dst, byte('0'+f/10))
	if f %= 10; f == 0 {
		return dst
	}
	return append(dst, byte('0'+f))
}
