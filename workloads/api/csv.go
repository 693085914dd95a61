package api

import (
	"encoding/csv"
	"fmt"
	"io"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

// csvFormat writes histories as CSV. It is chosen by the operation (format=csv),
// never by the Accept header, because other operations have no such form.
func csvFormat() huma.Format {
	return huma.Format{Marshal: func(w io.Writer, v any) error {
		a, ok := v.(Answer[[]Series])
		if !ok {
			return fmt.Errorf("%T has no form as CSV", v)
		}
		return writeCSV(w, a)
	}}
}

// csvResponse documents that an operation answers with JSON or CSV.
func csvResponse(api huma.API) map[string]*huma.Response {
	answer := api.OpenAPI().Components.Schemas.Schema(reflect.TypeFor[Answer[[]Series]](), true, "")
	return map[string]*huma.Response{"200": {
		Description: "OK",
		Content: map[string]*huma.MediaType{
			"application/json": {Schema: answer},
			"text/csv":         {Schema: &huma.Schema{Type: huma.TypeString}},
		},
	}}
}

// writeCSV writes one row a point. A gap is an empty field.
func writeCSV(w io.Writer, a Answer[[]Series]) error {
	out := csv.NewWriter(w)
	if err := out.Write([]string{"key", "at", "kwh", "hours"}); err != nil {
		return err
	}
	for _, s := range a.Data {
		key := inertCell(s.Key)
		for _, p := range s.Points {
			kwh := ""
			if p.KWh != nil {
				kwh = strconv.FormatFloat(*p.KWh, 'f', -1, 64)
			}
			row := []string{key, p.At.Format(time.RFC3339), kwh, strconv.Itoa(p.Hours)}
			if err := out.Write(row); err != nil {
				return err
			}
		}
	}
	out.Flush()
	return out.Error()
}

// inertCell keeps a spreadsheet from taking a meter's name for a formula.
func inertCell(text string) string {
	if text != "" && (text[0] == '=' || text[0] == '+' || text[0] == '-' || text[0] == '@') {
		return "'" + text
	}
	return text
}
