// Package series reads the files of prices, carbon intensities and temperatures that
// the configuration of a twin names. The configuration itself opens no file of data:
// it is also what adapters and the operator work with.
package series

import (
	"context"
	"fmt"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/dataset/signal"
	"github.com/energytwin/energytwin/internal/dsm"
)

// File is a file that was read: what it is, and how it was read.
type File struct {
	Source string // as the configuration names it, such as configMap prices/2024.csv
	*signal.Signal
}

// Read fills in the policy's dynamic prices and carbon intensities, and the
// temperatures, from the files that hold them, and takes their content into the
// twin's SpecHash. Without such files it does nothing. Call it in the process that
// makes decisions. An error names the file, and the line where one is wrong.
func Read(ctx context.Context, t *config.Twin) ([]File, error) {
	files, err := ReadRates(ctx, t)
	if err != nil {
		return nil, err
	}
	p := &t.Processor
	if p.TemperatureSeries != nil {
		points, file, err := read(ctx, p.TemperatureSeries, signal.Options{Kind: signal.Temperature, Zone: t.Timezone})
		if err != nil {
			return nil, err
		}
		p.Temperatures = points
		files = append(files, file)
	}
	sums := make([]string, len(files))
	for i, f := range files {
		sums[i] = f.SHA256
	}
	t.HashSeries(sums)
	return files, nil
}

// ReadRates fills in dynamic prices and carbon intensities only, for a process
// that computes what energy costs.
func ReadRates(ctx context.Context, t *config.Twin) ([]File, error) {
	p := &t.Processor
	var files []File
	for _, s := range []struct {
		kind signal.Kind
		from *config.Series
		to   *[]dsm.Point
	}{{signal.Price, p.PriceSeries, &p.Policy.Tariff.Series}, {signal.Carbon, p.CarbonSeries, &p.Policy.Tariff.Carbon}} {
		if s.from == nil {
			continue
		}
		points, file, err := read(ctx, s.from, signal.Options{Kind: s.kind, Zone: t.Timezone, Currency: p.Policy.Tariff.Currency})
		if err != nil {
			return nil, err
		}
		*s.to = points
		files = append(files, file)
	}
	if len(files) == 0 {
		return nil, nil
	}
	return files, p.Policy.Check()
}

// read reads one file, in order of time.
func read(ctx context.Context, s *config.Series, o signal.Options) ([]dsm.Point, File, error) {
	o.TimeColumn, o.ValueColumn = s.TimeColumn, s.ValueColumn
	signal, err := signal.Open(ctx, s.Path, o)
	if err != nil {
		return nil, File{}, fmt.Errorf("series of %s: %w", s.Source, err)
	}
	return Points(signal), File{Source: s.Source, Signal: signal}, nil
}

// Points are the hours of a signal as a policy holds them, in order of time.
func Points(signal *signal.Signal) []dsm.Point {
	points := make([]dsm.Point, len(signal.Hours))
	for i, h := range signal.Hours {
		points[i] = dsm.Point{Unix: h.Hour.Unix(), Value: h.Value}
	}
	return points
}
