package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"github.com/danielgtaylor/huma/v2"
)

// FieldsOf is the parameter that chooses fields of the items of a list of T.
type FieldsOf[T any] struct {
	Fields string `query:"fields" maxLength:"1000" pattern:"^[A-Za-z0-9]+(,[A-Za-z0-9]+)*$" patternDescription:"names of fields, separated by commas" doc:"Only these fields of each item, separated by commas; default all" example:"id"`
}

// Resolve rejects fields that items do not have.
func (f *FieldsOf[T]) Resolve(huma.Context) []error {
	known := fieldNames(reflect.TypeFor[T]())
	for _, name := range f.names() {
		if !slices.Contains(known, name) {
			return []error{&huma.ErrorDetail{
				Location: "query.fields", Value: f.Fields, Message: fmt.Sprintf("there is no field %q; these are %s", name, strings.Join(known, ", ")),
			}}
		}
	}
	return nil
}

// names are the fields that are wanted; none stands for all.
func (f *FieldsOf[T]) names() []string {
	if f.Fields == "" {
		return nil
	}
	return strings.Split(f.Fields, ",")
}

// fieldNames are the names that a type has in JSON.
func fieldNames(t reflect.Type) (names []string) {
	if t == reflect.TypeFor[DecisionHeader]() {
		for _, f := range headerFields {
			names = append(names, f.name)
		}
		return names
	}
	for _, f := range reflect.VisibleFields(t) {
		if name, _, _ := strings.Cut(f.Tag.Get("json"), ","); name != "" && name != "-" {
			names = append(names, name)
		}
	}
	return names
}

// selected is an item of a list with some of its fields, in their order.
type selected struct {
	item  any
	names []string
}

// MarshalJSON writes the fields that the item has: one that it leaves out is left out here.
func (s selected) MarshalJSON() ([]byte, error) {
	text, err := unescapedJSON(s.item)
	if err != nil {
		return nil, err
	}
	var all map[string]json.RawMessage
	if err := json.Unmarshal(text, &all); err != nil {
		return nil, err
	}
	out := []byte{'{'}
	for _, name := range s.names {
		value, has := all[name]
		if !has {
			continue
		}
		if len(out) > 1 {
			out = append(out, ',')
		}
		out = append(append(append(out, '"'), name...), `":`...)
		out = append(out, bytes.TrimSpace(value)...)
	}
	return append(out, '}'), nil
}

// SelectFields is the answer with some of the fields of its items; an answer that is no
// list stays as it is.
func (a Answer[T]) SelectFields(names []string) any {
	list := reflect.ValueOf(a.Data)
	if list.Kind() != reflect.Slice {
		return a
	}
	items := make([]selected, list.Len())
	for i := range items {
		items[i] = selected{item: list.Index(i).Interface(), names: names}
	}
	return Answer[[]selected]{Data: items, Page: a.Page, Meta: a.Meta}
}

// pickFields applies the parameter fields to an answer.
func pickFields(ctx huma.Context, _ string, body any) (any, error) {
	fields := ctx.Query("fields")
	list, can := body.(interface{ SelectFields(names []string) any })
	if fields == "" || !can {
		return body, nil
	}
	return list.SelectFields(strings.Split(fields, ",")), nil
}
