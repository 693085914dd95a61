package meter

import (
	"encoding/json"
	"fmt"
	"strconv"
	"unicode/utf16"
	"unicode/utf8"
)

// decodeAny decodes any legal JSON object. The standard library judges the
// syntax, so that the walk below may take it for granted.
func decodeAny(value []byte, m *Message) error {
	if !json.Valid(value) {
		return ErrMalformed
	}
	w := walker{b: value}
	w.space()
	if w.b[w.i] != '{' {
		return ErrMalformed
	}
	return w.object().into(m)
}

// fields are the raw values of a message's known fields; nil if absent.
type fields struct {
	version, meter, group, ts, kwh, interval []byte
}

// into checks the fields in the order that DecodeMessage promises.
func (f fields) into(m *Message) error {
	m.unescaped = m.unescaped[:0]
	if f.version != nil && string(f.version) != strconv.Itoa(MessageVersion) {
		return fmt.Errorf("%w: the message has version %.20s, and this twin reads version %d", ErrVersion, f.version, MessageVersion)
	}
	var ok bool
	if m.Meter, ok = m.text(f.meter); !ok || !ValidName(m.Meter) {
		return ErrMeter
	}
	m.Group = nil
	if f.group != nil && string(f.group) != "null" {
		if m.Group, ok = m.text(f.group); !ok || (len(m.Group) > 0 && !ValidName(m.Group)) {
			return ErrMeter
		}
	}
	ts, ok := m.text(f.ts)
	if !ok {
		return ErrTimestamp
	}
	hour, minute, err := parseTime(ts)
	if err != nil {
		return err
	}
	interval, _ := m.text(f.interval)
	if m.Minutes = minutesOf(interval); m.Minutes == 0 {
		return ErrInterval
	}
	switch {
	case minute%int(m.Minutes) == 0:
		m.Hour, m.Minute = hour, uint8(minute)
	case m.Whole():
		return ErrNotWholeHour
	default:
		return ErrNotAligned
	}
	if len(f.kwh) == 0 || (f.kwh[0] != '-' && f.kwh[0]-'0' > 9) {
		return ErrEnergy
	}
	m.KWh, err = parseEnergy(f.kwh, m.Minutes)
	return err
}

// text is the content of a raw JSON string; false if raw is something else.
func (m *Message) text(raw []byte) ([]byte, bool) {
	if len(raw) < 2 || raw[0] != '"' {
		return nil, false
	}
	raw = raw[1 : len(raw)-1]
	for _, c := range raw {
		if c == '\\' {
			start := len(m.unescaped)
			m.unescaped = appendUnescaped(m.unescaped, raw)
			return m.unescaped[start:len(m.unescaped):len(m.unescaped)], true
		}
	}
	return raw[:len(raw):len(raw)], true
}

// walker steps through JSON that is known to be valid.
type walker struct {
	b []byte
	i int
}

func (w *walker) space() {
	for w.i < len(w.b) {
		switch w.b[w.i] {
		case ' ', '\t', '\n', '\r':
			w.i++
		default:
			return
		}
	}
}

// object walks over the object that starts at i.
func (w *walker) object() fields {
	var f fields
	var scratch [8]byte
	w.i++
	for {
		w.space()
		switch w.b[w.i] {
		case '}':
			return f
		case ',':
			w.i++
			continue
		}
		key := w.value()
		w.space()
		w.i++ // the colon
		w.space()
		f.set(fieldName(scratch[:0], key), w.value())
	}
}

func (f *fields) set(name, raw []byte) {
	switch string(name) {
	case "version":
		f.version = raw
	case "meter":
		f.meter = raw
	case "group":
		f.group = raw
	case "ts":
		f.ts = raw
	case "kwh":
		f.kwh = raw
	case "interval":
		f.interval = raw
	}
}

// fieldName is the content of a raw key; the name of a field may itself be
// written with escapes.
func fieldName(dst, raw []byte) []byte {
	raw = raw[1 : len(raw)-1]
	for _, c := range raw {
		if c == '\\' {
			return appendUnescaped(dst, raw)
		}
	}
	return raw
}

// value walks over the value that starts at i and returns its bytes.
func (w *walker) value() []byte {
	start := w.i
	depth := 0
	for {
		switch w.b[w.i] {
		case '"':
			w.quoted()
		case '{', '[':
			depth++
			w.i++
		case '}', ']':
			depth--
			w.i++
		case ',', ':', ' ', '\t', '\n', '\r':
			w.i++ // only met inside an object or array
			continue
		default:
			w.literal()
		}
		if depth == 0 {
			return w.b[start:w.i]
		}
	}
}

func (w *walker) quoted() {
	for w.i++; w.b[w.i] != '"'; w.i++ {
		if w.b[w.i] == '\\' {
			w.i++
		}
	}
	w.i++
}

func (w *walker) literal() {
	for w.i < len(w.b) {
		switch w.b[w.i] {
		case ',', ':', '}', ']', ' ', '\t', '\n', '\r':
			return
		}
		w.i++
	}
}

// appendUnescaped appends the text of a valid JSON string's inside.
func appendUnescaped(dst, s []byte) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] != '\\' {
			dst = append(dst, s[i])
			continue
		}
		i++
		switch s[i] {
		case 'b':
			dst = append(dst, '\b')
		case 'f':
			dst = append(dst, '\f')
		case 'n':
			dst = append(dst, '\n')
		case 'r':
			dst = append(dst, '\r')
		case 't':
			dst = append(dst, '\t')
		case 'u':
			r := hex4(s[i+1:])
			i += 4
			if utf16.IsSurrogate(r) {
				// Half a pair stands for nothing: it becomes U+FFFD.
				low := rune(utf8.RuneError)
				if i+6 < len(s) && s[i+1] == '\\' && s[i+2] == 'u' {
					low = hex4(s[i+3:])
				}
				if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
					i += 6
				}
			}
			dst = utf8.AppendRune(dst, r)
		default:
			dst = append(dst, s[i])
		}
	}
	return dst
}

func hex4(s []byte) rune {
	var r rune
	for _, c := range s[:4] {
		switch {
		case c <= '9':
			c -= '0'
		default:
			c = c | 0x20 - 'a' + 10
		}
		r = r<<4 | rune(c)
	}
	return r
}
