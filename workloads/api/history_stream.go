package api

import (
	"encoding/json"
	"errors"
	"io"
	"math"
	"net/http"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/downsample"
	"github.com/energytwin/energytwin/workloads/api/middleware"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// history is an answer that is sent series by series, so that it takes the memory of one.
type history struct {
	server  *server
	params  HistoryParams
	query   reader.SeriesQuery
	sources []source
	meta    Meta
}

// stream sends the answer. One that fails is a problem as long as nothing has been sent;
// afterwards the connection is cut, as half an answer would look like a whole one.
func (h *history) stream(ctx huma.Context) {
	c := humagin.Unwrap(ctx)
	err := h.write(ctx)
	if err == nil {
		return
	}
	if !middleware.Restart(c.Writer) {
		panic(http.ErrAbortHandler)
	}
	c.Writer.Header().Del("Content-Disposition")
	problem.AbortWith(c, err)
}

func (h *history) write(ctx huma.Context) error {
	if h.params.Format == "csv" {
		ctx.SetHeader("Content-Type", "text/csv; charset=utf-8")
		ctx.SetHeader("Content-Disposition", `attachment; filename="history.csv"`)
		return h.writeAll(ctx, newCSVSeries(ctx.BodyWriter()))
	}
	ctx.SetHeader("Content-Type", "application/json")
	return h.writeAll(ctx, &jsonSeries{to: ctx.BodyWriter()})
}

// seriesWriter writes an answer of series.
type seriesWriter interface {
	series(s *Series) error
	end(m *Meta) error
}

func (h *history) writeAll(ctx huma.Context, to seriesWriter) error {
	for _, from := range h.sources {
		series, err := h.read(ctx, from)
		if err != nil {
			return err
		}
		if err := to.series(series); err != nil {
			return err
		}
	}
	return to.end(&h.meta)
}

func (h *history) read(hc huma.Context, from source) (*Series, error) {
	ctx := hc.Context()
	points, err := from.read(ctx, h.query)
	if err != nil {
		return nil, h.server.failed(ctx, "read a history", err)
	}
	series := &Series{Key: from.key, Points: h.thinned(points)}
	if from.meter != nil {
		if series.Suspect, err = h.server.suspects(ctx, *from.meter, h.query); err != nil {
			return nil, err
		}
	}
	return series, nil
}

// thinned chooses at most maxPoints of the buckets.
func (h *history) thinned(of []reader.Point) []Point {
	values, partial := make([]float64, len(of)), make([]bool, len(of))
	for i, b := range of {
		values[i] = math.NaN()
		if b.Value != nil {
			values[i] = *b.Value
		}
		partial[i] = b.Known < buckets{h.query}.hours(b.Start)
		h.meta.Partial = h.meta.Partial || partial[i]
	}
	out := []Point{}
	for _, i := range downsample.LTTB(values, h.params.MaxPoints) {
		b := of[i]
		if h.params.Fill == "none" && b.Value == nil {
			continue
		}
		out = append(out, Point{At: b.Start.UTC(), KWh: maybe(values[i]), Hours: b.Known, Partial: partial[i]})
	}
	return out
}

// jsonSeries writes {data, meta}.
type jsonSeries struct {
	to    io.Writer
	begun bool
}

func (w *jsonSeries) series(s *Series) error {
	text, err := json.Marshal(s)
	if err != nil {
		return err
	}
	before := `,`
	if !w.begun {
		before, w.begun = `{"data":[`, true
	}
	_, err = io.WriteString(w.to, before)
	_, err2 := w.to.Write(text)
	return errors.Join(err, err2)
}

func (w *jsonSeries) end(m *Meta) error {
	text, err := json.Marshal(m)
	if err != nil {
		return err
	}
	before := `],"meta":`
	if !w.begun {
		before = `{"data":[` + before
	}
	_, err = io.WriteString(w.to, before+string(text)+"}\n")
	return err
}
