package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"github.com/danielgtaylor/huma/v2"

	"github.com/energytwin/energytwin/internal/timescale/decisions"
)

// DecisionHeader is a decision without its plan: the columns that the API shows, and
// what is computed for an answer. Its fields are headerFields.
type DecisionHeader struct {
	decision                      *decisions.Row
	status, mode, title, currency string
}

// Inputs are what a decision rests on. Its fields are inputFields.
type Inputs DecisionHeader

// decisionField is a field of an answer about a decision.
type decisionField struct {
	name   string
	typ    reflect.Type
	tag    reflect.StructTag
	key    []byte                                                         // its name as JSON, with the colon
	append func(dst []byte, h *DecisionHeader, d *decisions.Shown) []byte // its value as JSON
}

// Fields of a decision: the columns that the API shows, each followed by what is
// computed for its place.
var (
	inputFields  = decisionFields("inputs.")
	headerFields = decisionFields("")
)

func decisionFields(object string) (fields []decisionField) {
	for _, c := range decisions.AnswerFields() {
		name, in := strings.CutPrefix(c.Name, object)
		if !in || strings.Contains(name, ".") {
			continue
		}
		fields = append(fields, decisionField{
			name: name, typ: c.Type, tag: c.Tag, key: jsonKey(name),
			append: func(dst []byte, _ *DecisionHeader, d *decisions.Shown) []byte { return c.Append(dst, d) },
		})
		fields = append(fields, computedAfter(c.Name)...)
	}
	return fields
}

// computedAfter are the computed fields behind a column.
func computedAfter(column string) []decisionField {
	switch column {
	case "actionableFrom":
		return []decisionField{
			computedText("status", `enum:"planned,active,past" doc:"Measured by the twin's now"`, func(h *DecisionHeader) string { return h.status }),
			computedText("mode", `enum:"Advisory,Shadow" doc:"Shadow: not for action"`, func(h *DecisionHeader) string { return h.mode }),
			computedText("feedback", `enum:"none,accepted,rejected,snoozed,followed" doc:"What people answered last"`,
				func(h *DecisionHeader) string { return cmp.Or(h.decision.Feedback, "none") }),
		}
	case "reason":
		return []decisionField{computedText("title", `doc:"The decision in plain words, in one line"`, func(h *DecisionHeader) string { return h.title })}
	case "savingP90":
		return []decisionField{computedText("currency", "", func(h *DecisionHeader) string { return h.currency })}
	}
	return nil
}

func computedText(name string, tag reflect.StructTag, text func(*DecisionHeader) string) decisionField {
	return decisionField{
		name: name, typ: reflect.TypeFor[string](), tag: tag, key: jsonKey(name),
		append: func(dst []byte, h *DecisionHeader, _ *decisions.Shown) []byte {
			return appendText(dst, text(h))
		},
	}
}

// jsonKey is the name of a field as JSON, with the colon.
func jsonKey(name string) []byte { return append(strconv.AppendQuote(nil, name), ':') }

// appendText appends a text as JSON. Most have nothing to escape, and need no encoder.
func appendText(dst []byte, text string) []byte {
	if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' || r == '"' || r == '\\' }) {
		value, _ := unescapedJSON(text) // a string always has JSON
		return append(dst, value...)
	}
	return append(append(append(dst, '"'), text...), '"')
}

// sizeOfHeader is about how long the JSON of a header is, bytes.
const sizeOfHeader = 1 << 10

// MarshalJSON is the object of headerFields.
func (h DecisionHeader) MarshalJSON() ([]byte, error) {
	return appendFields(make([]byte, 0, sizeOfHeader), headerFields, &h), nil
}

// decisionList is a page of decisions. It is written as it is: the encoder of the standard
// library reads again what a MarshalJSON gives.
type decisionList struct{ Answer[[]DecisionHeader] }

// AppendJSON appends the answer.
func (l decisionList) AppendJSON(dst []byte) ([]byte, error) {
	rest, err := unescapedJSON(struct {
		Page *Page `json:"page,omitempty"`
		Meta Meta  `json:"meta"`
	}{l.Page, l.Meta})
	if err != nil {
		return dst, err
	}
	dst = append(slices.Grow(dst, len(l.Data)*sizeOfHeader+len(rest)), `{"data":[`...)
	for i := range l.Data {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendFields(dst, headerFields, &l.Data[i])
	}
	dst = append(dst, "],"...)
	return append(dst, rest[1:]...), nil
}

// MarshalJSON is the object of inputFields.
func (i Inputs) MarshalJSON() ([]byte, error) {
	return appendFields(nil, inputFields, (*DecisionHeader)(&i)), nil
}

// MarshalJSON is one object of the header's fields and those of the detail.
func (d Decision) MarshalJSON() ([]byte, error) {
	out := appendFields(make([]byte, 0, sizeOfHeader), headerFields, &d.DecisionHeader)
	out[len(out)-1] = ','
	detail, err := unescapedJSON(d.DecisionDetail)
	if err != nil {
		return nil, err
	}
	return append(out, detail[1:]...), nil
}

func appendFields(dst []byte, fields []decisionField, h *DecisionHeader) []byte {
	dst = append(dst, '{')
	shown := h.decision.Shown()
	for i := range fields {
		dst = append(dst, fields[i].key...)
		dst = append(fields[i].append(dst, h, shown), ',')
	}
	dst[len(dst)-1] = '}'
	return dst
}

// unescapedJSON is v as the API writes it: without escapes for HTML.
func unescapedJSON(v any) ([]byte, error) {
	var text bytes.Buffer
	e := json.NewEncoder(&text)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return bytes.TrimSuffix(text.Bytes(), []byte("\n")), err
}

// TransformSchema adds the fields to the document of the API.
func (DecisionHeader) TransformSchema(r huma.Registry, s *huma.Schema) *huma.Schema {
	return addFields(r, s, headerFields)
}

// TransformSchema adds the fields to the document of the API.
func (Inputs) TransformSchema(r huma.Registry, s *huma.Schema) *huma.Schema {
	return addFields(r, s, inputFields)
}

func addFields(r huma.Registry, s *huma.Schema, fields []decisionField) *huma.Schema {
	s.Required = slices.Clone(s.Required)
	for _, f := range fields {
		s.Properties[f.name] = huma.SchemaFromField(r, reflect.StructField{Name: f.name, Type: f.typ, Tag: f.tag}, "")
		s.Required = append(s.Required, f.name)
	}
	return s
}
