package meter

import (
	"bytes"
	"errors"
	"time"
	"unicode"
	"unicode/utf8"
)

// Message is a decoded message. Meter and Group point into the decoded value,
// or into memory that the next decode into the same Message reuses: copy them
// to keep them.
type Message struct {
	Meter []byte
	Group []byte // empty if the meter has no group
	Hour  Hour   // that the interval lies in
	KWh   float32

	Minute  uint8 // of Hour at which the interval starts: 0 unless it is shorter than the hour
	Minutes uint8 // length of the interval: 60, 30 or 15

	unescaped []byte // names that had escapes in them
}

// Errors are those of DecodeMessage. Their texts are the stable codes of rejected messages.
func Errors() []error {
	return []error{ErrMalformed, ErrVersion, ErrMeter, ErrTimestamp, ErrInterval, ErrNotWholeHour, ErrNotAligned, ErrEnergy}
}

// Whole reports whether m is about a whole hour.
func (m *Message) Whole() bool { return m.Minutes == wholeHour }

// Start is the start of the interval.
func (m *Message) Start() time.Time {
	return m.Hour.Time().Add(time.Duration(m.Minute) * time.Minute)
}

// DecodeMessage reads one JSON message into m and checks it. Unknown fields
// are ignored; of a repeated field the last one counts. The error is one of
// ErrMalformed, ErrVersion, ErrMeter, ErrTimestamp, ErrInterval, ErrNotWholeHour or
// ErrNotAligned, and ErrEnergy; with several faults it is the first of that
// order. After an error the content of m is undefined.
//
// Messages in the canonical form, with or without a space after colons and
// commas, are decoded without allocation.
func DecodeMessage(value []byte, m *Message) error {
	if decodeCanonical(value, m) {
		return nil
	}
	return decodeAny(value, m)
}

// Reason is the stable code under which a message that failed with err is
// quarantined.
func Reason(err error) string {
	for _, known := range []error{ErrVersion, ErrMeter, ErrTimestamp, ErrInterval, ErrNotWholeHour, ErrNotAligned, ErrEnergy} {
		if errors.Is(err, known) {
			return known.Error()
		}
	}
	return ErrMalformed.Error()
}

// ValidName reports whether b can be the name of a meter or group: 1 to
// MaxNameBytes bytes of printable UTF-8.
func ValidName(b []byte) bool {
	if len(b) == 0 || len(b) > MaxNameBytes {
		return false
	}
	for i := 0; i < len(b); {
		if c := b[i]; c < utf8.RuneSelf {
			if c < ' ' || c == 0x7f {
				return false
			}
			i++
			continue
		}
		r, n := utf8.DecodeRune(b[i:])
		if (r == utf8.RuneError && n == 1) || !unicode.IsPrint(r) {
			return false
		}
		i += n
	}
	return true
}

// decodeCanonical decodes a message whose fields come in the order that
// AppendMessage writes. It answers false, having judged nothing, for all
// others.
func decodeCanonical(b []byte, m *Message) bool {
	b, ok := expect(b, `{"meter":`)
	if !ok {
		if b, ok = expect(b, textVersion+`"meter":`); !ok {
			return false
		}
	}
	if m.Meter, b, ok = takePlainName(b); !ok {
		return false
	}
	m.Group = nil
	if rest, found := expectNext(b, `"group":`); found {
		if m.Group, b, ok = takePlainName(rest); !ok {
			return false
		}
	}
	if b, ok = expectNext(b, `"ts":`); !ok {
		return false
	}
	if b = skipSpace(b); len(b) < canonicalTimeLen+2 || b[0] != '"' || b[canonicalTimeLen+1] != '"' {
		return false
	}
	m.Minute = 0
	if m.Hour, ok = parseCanonicalHour(b[1 : canonicalTimeLen+1]); !ok {
		if m.Hour, m.Minute, ok = parseCanonicalTime(b[1 : canonicalTimeLen+1]); !ok {
			return false
		}
	}
	if b, ok = expectNext(b[canonicalTimeLen+2:], `"kwh":`); !ok {
		return false
	}
	b = skipSpace(b)
	var n int
	if m.KWh, n = scanPlainNumber(b); n == 0 || !plausible(m.KWh, wholeHour) {
		return false
	}
	if b, ok = expectNext(b[n:], `"interval":`); !ok {
		return false
	}
	if string(skipSpace(b)) == `"PT1H"}` {
		m.Minutes = wholeHour
		return m.Minute == 0
	}
	return m.takeSubHour(skipSpace(b))
}

// takeSubHour ends decodeCanonical for intervals that are shorter than an hour.
func (m *Message) takeSubHour(b []byte) bool {
	switch string(b) {
	case `"PT15M"}`:
		m.Minutes = quarterHour
	case `"PT30M"}`:
		m.Minutes = halfHour
	default:
		return false
	}
	return m.Minute%m.Minutes == 0 && plausible(m.KWh, m.Minutes)
}

func expect(b []byte, literal string) ([]byte, bool) {
	if len(b) < len(literal) || string(b[:len(literal)]) != literal {
		return b, false
	}
	return b[len(literal):], true
}

// expectNext is expect after a comma and perhaps a space.
func expectNext(b []byte, literal string) ([]byte, bool) {
	if len(b) == 0 || b[0] != ',' {
		return b, false
	}
	return expect(skipSpace(b[1:]), literal)
}

func skipSpace(b []byte) []byte {
	if len(b) > 0 && b[0] == ' ' {
		return b[1:]
	}
	return b
}

// takePlainName takes a JSON string of printable ASCII without escapes that
// is a valid name.
func takePlainName(b []byte) (name, rest []byte, ok bool) {
	b = skipSpace(b)
	if len(b) == 0 || b[0] != '"' {
		return nil, b, false
	}
	b = b[1:]
	n := bytes.IndexByte(b[:min(len(b), MaxNameBytes+1)], '"')
	if n <= 0 {
		return nil, b, false
	}
	for _, c := range b[:n] {
		if c < ' ' || c >= 0x7f || c == '\\' {
			return nil, b, false
		}
	}
	return b[:n:n], b[n+1:], true
}
