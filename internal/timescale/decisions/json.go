package decisions

import (
	"bytes"
	"encoding/json"
	"math"
	"reflect"
	"strconv"
	"time"

	"github.com/energytwin/energytwin/internal/meter"
)

// MessageVersion is the version of the message of a decision. A field may be added
// within a version; docs/reference/formats.md states when it rises.
const MessageVersion = 1

// AppendMessage appends d as the decisions topic carries it: one JSON object, with
// units in the names and null for what is not known.
func (d *Row) AppendMessage(dst []byte) []byte {
	row := d.row()
	start := len(dst)
	dst = strconv.AppendInt(append(dst, `{"version":`...), MessageVersion, 10)
	dst = append(dst, ',')
	for i := range messageFields {
		f := &messageFields[i]
		before := len(dst)
		dst = append(dst, f.key...)
		value := len(dst)
		if dst = f.json(dst, &row); f.omit && string(dst[value:]) == jsonNull {
			dst = dst[:before]
			continue
		}
		dst = append(dst, ',')
	}
	dst[len(dst)-1] = '}'
	if bytes.ContainsAny(dst[start:], "<>&") { // in a name
		var escaped bytes.Buffer
		json.HTMLEscape(&escaped, dst[start:])
		dst = append(dst[:start], escaped.Bytes()...)
	}
	return dst
}

// messageField is a column of a decision in its message.
type messageField struct {
	*column
	key []byte // its name as JSON, with the colon
}

var messageFields = messageFieldsOf(table)

func messageFieldsOf(columns []column) (fields []messageField) {
	for i := range columns {
		if c := &columns[i]; c.message != "" {
			fields = append(fields, messageField{c, append(strconv.AppendQuote(nil, c.message), ':')})
		}
	}
	return fields
}

// AnswerField is a column of a decision as the API shows it.
type AnswerField struct {
	Name   string                            // with the name of the object that it is in and a point before it, if it is in one
	Type   reflect.Type                      // that encodes to JSON as Append does
	Tag    reflect.StructTag                 // documentation and bounds
	Append func(dst []byte, d *Shown) []byte // appends the value as JSON
}

// Shown is a decision whose fields are appended one by one.
type Shown struct{ row tableRow }

// Shown is the decision for AnswerField.Append.
func (d *Row) Shown() *Shown { return &Shown{d.row()} }

// AnswerFields are the columns of a decision that the API shows, in the order of its
// answers.
func AnswerFields() (fields []AnswerField) {
	for _, c := range table {
		if c.answer == "" {
			continue
		}
		fields = append(fields, AnswerField{
			Name: c.answer, Type: c.jsonType, Tag: reflect.StructTag(c.tag),
			Append: func(dst []byte, d *Shown) []byte { return c.json(dst, &d.row) },
		})
	}
	return fields
}

func (d *Row) row() tableRow {
	return tableRow{
		Decision: &d.Decision, meterNo: d.MeterNo, groupNo: d.GroupNo, provenance: d.Provenance, shadow: d.Shadow, heldTo: d.HeldTo,
	}
}

const jsonNull = "null"

// appendJSONText appends s without the escapes that only HTML needs.
func appendJSONText(dst []byte, s string) []byte {
	for i := range len(s) {
		if c := s[i]; c < ' ' || c == '"' || c == '\\' || c >= 0x7f {
			return appendEscapedText(dst, s)
		}
	}
	return append(append(append(dst, '"'), s...), '"')
}

func appendEscapedText(dst []byte, s string) []byte {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	_ = e.Encode(s) // a string has JSON, and a buffer takes it
	return append(dst, bytes.TrimRight(text.Bytes(), "\n")...)
}

// appendJSONHour appends null for meter.NoHour.
func appendJSONHour(dst []byte, h meter.Hour) []byte {
	if h == meter.NoHour {
		return append(dst, jsonNull...)
	}
	return append(h.Time().AppendFormat(append(dst, '"'), time.RFC3339), '"')
}

// appendJSONNumber appends v as encoding/json does, and null for what JSON has no
// number for.
func appendJSONNumber(dst []byte, v float32) []byte {
	size := math.Abs(float64(v))
	if math.IsNaN(size) || math.IsInf(size, 0) {
		return append(dst, jsonNull...)
	}
	if size == 0 || float32(size) >= 1e-6 && float32(size) < 1e21 {
		return strconv.AppendFloat(dst, float64(v), 'f', -1, 32)
	}
	dst = strconv.AppendFloat(dst, float64(v), 'e', -1, 32)
	if n := len(dst); n >= 4 && string(dst[n-4:n-1]) == "e-0" { // e-09 is e-9
		dst[n-2] = dst[n-1]
		dst = dst[:n-1]
	}
	return dst
}

// appendJSONNumbers appends null for none.
func appendJSONNumbers(dst []byte, values []float32) []byte {
	if len(values) == 0 {
		return append(dst, jsonNull...)
	}
	dst = append(dst, '[')
	for _, v := range values {
		dst = append(appendJSONNumber(dst, v), ',')
	}
	dst[len(dst)-1] = ']'
	return dst
}
