package api

import (
	"encoding/csv"
	"io"
	"reflect"
	"strconv"
	"time"

	"github.com/danielgtaylor/huma/v2"
)

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

// csvSeries writes one row a point. A gap is an empty field.
type csvSeries struct{ out *csv.Writer }

func newCSVSeries(to io.Writer) *csvSeries {
	out := csv.NewWriter(to)
	_ = out.Write([]string{"key", "at", "kwh", "hours", "partial"}) // kept in memory, with any error, until Flush
	return &csvSeries{out: out}
}

func (w *csvSeries) series(s *Series) error {
	key := inertCell(s.Key)
	for _, p := range s.Points {
		kwh := ""
		if p.KWh != nil {
			kwh = strconv.FormatFloat(*p.KWh, 'f', -1, 64)
		}
		row := []string{key, p.At.Format(time.RFC3339), kwh, strconv.Itoa(p.Hours), strconv.FormatBool(p.Partial)}
		if err := w.out.Write(row); err != nil {
			return err
		}
	}
	return nil
}

func (w *csvSeries) end(*Meta) error {
	w.out.Flush()
	return w.out.Error()
}

// inertCell keeps a spreadsheet from taking a meter's name for a formula.
func inertCell(text string) string {
	if text != "" && (text[0] == '=' || text[0] == '+' || text[0] == '-' || text[0] == '@') {
		return "'" + text
	}
	return text
}
