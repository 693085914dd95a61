package api

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"math"
	"reflect"
	"time"

	"github.com/danielgtaylor/huma/v2"
	"github.com/danielgtaylor/huma/v2/adapters/humagin"

	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/downsample"
	"github.com/energytwin/energytwin/workloads/api/table"
)

// history is an answer that is sent series by series, so that it takes the memory of one.
type history struct {
	server  *server
	params  HistoryParams
	query   reader.SeriesQuery
	sources []source
	meta    Meta
}

// rows is how many rows the answer is read from.
func (h *history) rows() (rows int) {
	for _, from := range h.sources {
		rows += int(h.query.To-h.query.From) * from.rowsOfHour
	}
	return rows
}

// stream sends the answer as JSON.
func (h *history) stream(hc huma.Context) {
	hc.SetHeader("Content-Type", "application/json")
	answerOrCut(humagin.Unwrap(hc), h.write(hc))
}

func (h *history) write(hc huma.Context) error {
	to := &jsonSeries{to: hc.BodyWriter()}
	for _, from := range h.sources {
		series, err := h.read(hc.Context(), from)
		if err != nil {
			return err
		}
		if from.meterNo != nil {
			if series.Suspect, err = h.server.suspects(hc.Context(), *from.meterNo, h.query); err != nil {
				return err
			}
		}
		if err := to.series(series); err != nil {
			return err
		}
	}
	return to.end(&h.meta)
}

// seriesRow is a point of a series as a row of a file.
type seriesRow struct {
	Key     string    `json:"key"`
	At      time.Time `json:"at"`
	KWh     *float64  `json:"kwh"`
	Hours   int       `json:"hours"`
	Partial bool      `json:"partial"`
}

// file is the answer as a file, one series after the other.
func (h *history) file(name string) *file {
	return &file{name: name, format: table.Format(h.params.Format), row: reflect.TypeFor[seriesRow](), fill: func(ctx context.Context, write func(row any) error) error {
		for _, from := range h.sources {
			series, err := h.read(ctx, from)
			if err != nil {
				return err
			}
			for _, p := range series.Points {
				if err := write(seriesRow{Key: series.Key, At: p.At, KWh: p.KWh, Hours: p.Hours, Partial: p.Partial}); err != nil {
					return err
				}
			}
		}
		return nil
	}}
}

func (h *history) read(ctx context.Context, from source) (*Series, error) {
	points, err := from.read(ctx, h.query)
	if err != nil {
		return nil, h.server.failed(ctx, "read a history", err)
	}
	return &Series{Key: from.key, Points: h.thinned(points)}, nil
}

// thinned chooses at most maxPoints of the buckets.
func (h *history) thinned(of []reader.Point) []Point {
	values, partial := make([]float64, len(of)), make([]bool, len(of))
	buckets := bucketsOf(h.query)
	for i, b := range of {
		values[i] = math.NaN()
		if b.Value != nil {
			values[i] = *b.Value
		}
		partial[i] = b.Known < buckets.hours(b.Start)
		h.meta.Partial = h.meta.Partial || partial[i]
	}
	out := []Point{}
	most := h.params.thinTo()
	if most == 0 {
		most = max(len(of), 2)
	}
	for _, i := range downsample.LTTB(values, most) {
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
