package layout

import (
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"

	kjson "sigs.k8s.io/json"
)

// maxDocumentBytes bounds a layout document: the longest that ships is 2 kB.
const maxDocumentBytes = 64 << 10

// Parse reads a layout document from YAML or JSON. Unknown and repeated fields are
// errors. The document may stand alone, or below the word layout, as inspect prints
// it. It is checked, and joined with the layout that it starts from.
func Parse(text []byte) (*Document, error) {
	if len(text) > maxDocumentBytes {
		return nil, fmt.Errorf("the layout document has %d bytes; at most %d are read", len(text), maxDocumentBytes)
	}
	raw, err := yaml.YAMLToJSONStrict(text)
	if err != nil {
		return nil, fmt.Errorf("the layout document is no YAML: %w", err)
	}
	raw = unwrap(raw)
	var d Document
	problems, err := kjson.UnmarshalStrict(raw, &d)
	if err != nil {
		return nil, fmt.Errorf("the layout document: %w", err)
	}
	if err := errors.Join(problems...); err != nil {
		return nil, fmt.Errorf("the layout document: %w; see docs/reference/layouts.md for its fields", err)
	}
	return d.Complete()
}

// unwrap returns what is below the only field layout, if that is all there is.
func unwrap(raw []byte) []byte {
	var outer map[string]json.RawMessage
	if err := json.Unmarshal(raw, &outer); err != nil || len(outer) != 1 || outer["layout"] == nil {
		return raw
	}
	return outer["layout"]
}

// Complete checks a document and joins it with the layout that it starts from: what
// the document sets replaces what is there. The result has no From.
func (d *Document) Complete() (*Document, error) {
	if err := d.Validate(); err != nil {
		return nil, err
	}
	if d.From == "" {
		return d.DeepCopy(), nil
	}
	base, err := Named(d.From)
	if err != nil {
		return nil, fmt.Errorf("from: %w", err)
	}
	joined, err := join(base, d)
	if err != nil {
		return nil, err
	}
	return joined, joined.Validate()
}

// join lays the fields that over sets on base, as a JSON merge patch does (RFC 7396).
func join(base, over *Document) (*Document, error) {
	lower, err := fields(base)
	if err != nil {
		return nil, err
	}
	upper, err := fields(over)
	if err != nil {
		return nil, err
	}
	delete(upper, "from")
	for _, one := range []string{"values", "meterColumns", "dayColumns"} {
		if upper[one] != nil { // the document defines how rows are laid out: the base does not
			delete(lower, "values")
			delete(lower, "meterColumns")
			delete(lower, "dayColumns")
		}
	}
	raw, err := json.Marshal(merge(lower, upper))
	if err != nil {
		return nil, err
	}
	var d Document
	if err := json.Unmarshal(raw, &d); err != nil {
		return nil, err
	}
	return &d, nil
}

func fields(d *Document) (map[string]any, error) {
	raw, err := json.Marshal(d)
	if err != nil {
		return nil, err
	}
	var m map[string]any
	return m, json.Unmarshal(raw, &m)
}

func merge(lower, upper map[string]any) map[string]any {
	for key, value := range upper {
		above, isObject := value.(map[string]any)
		below, wasObject := lower[key].(map[string]any)
		if isObject && wasObject {
			lower[key] = merge(below, above)
			continue
		}
		lower[key] = value
	}
	return lower
}

// YAML is the document as inspect prints it.
func (d *Document) YAML() (string, error) {
	text, err := yaml.Marshal(d)
	return string(text), err
}

// FieldError is a field of a layout document that cannot be used.
type FieldError struct {
	Field   string // path, such as time.zone
	Problem string // what is wrong, and what to write instead
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Problem }

func fieldError(field, format string, args ...any) error {
	return &FieldError{Field: field, Problem: fmt.Sprintf(format, args...)}
}

// oneOf checks an enumerated field; "" leaves it open.
func oneOf[T ~string](field string, v T, allowed ...T) error {
	if v == "" {
		return nil
	}
	names := make([]string, 0, len(allowed))
	for _, a := range allowed {
		if v == a {
			return nil
		}
		names = append(names, fmt.Sprintf("%q", string(a)))
	}
	return fieldError(field, "%q is unknown; write one of %s", string(v), strings.Join(names, ", "))
}
