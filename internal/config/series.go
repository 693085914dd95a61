package config

import (
	"context"
	"fmt"
	"time"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// ReadSeries fills in the policy's dynamic prices and carbon intensities, and
// the temperatures, from the files that hold them, and takes their content into
// SpecHash. Without such files it does nothing. Call it once, in the process that
// makes decisions.
func (t *Twin) ReadSeries() error {
	p := &t.Processor
	sums, err := t.readRates()
	if err != nil {
		return err
	}
	if p.TemperatureSeries != nil {
		points, signal, err := p.TemperatureSeries.read(dataset.Temperature, t.Timezone, "")
		if err != nil {
			return err
		}
		p.Temperatures = points
		t.Signals = append(t.Signals, ReadSignal{Source: p.TemperatureSeries.Source, Signal: signal})
		sums = append(sums, signal.SHA256)
	}
	if len(sums) == 0 {
		return nil
	}
	hashed := *t
	hashed.Processor.Policy.Tariff.Series = nil // the checksums stand for them
	hashed.Processor.Policy.Tariff.Carbon = nil
	hashed.Processor.Temperatures = nil
	hashed.Signals = nil
	t.SpecHash = hashed.rowHash(sums...)
	return nil
}

// ReadRates fills in dynamic prices and carbon intensities only, for a process
// that computes what energy costs.
func (t *Twin) ReadRates() error {
	_, err := t.readRates()
	return err
}

// readRates returns the checksums of the files as well.
func (t *Twin) readRates() (sums []string, err error) {
	p := &t.Processor
	t.Signals = nil
	for _, s := range []struct {
		kind dataset.SignalKind
		from *Series
		to   *[]dsm.Point
	}{{dataset.Price, p.PriceSeries, &p.Policy.Tariff.Series}, {dataset.Carbon, p.CarbonSeries, &p.Policy.Tariff.Carbon}} {
		if s.from == nil {
			continue
		}
		points, signal, err := s.from.read(s.kind, t.Timezone, p.Policy.Tariff.Currency)
		if err != nil {
			return nil, err
		}
		*s.to = points
		t.Signals = append(t.Signals, ReadSignal{Source: s.from.Source, Signal: signal})
		sums = append(sums, signal.SHA256)
	}
	if len(sums) == 0 {
		return nil, nil
	}
	return sums, p.Policy.Check()
}

// ReadSignal is a file of prices, carbon intensities or temperatures, and how it was read.
type ReadSignal struct {
	Source string
	*dataset.Signal
}

// Outdoor temperatures that occur on Earth, with some room, °C. Fahrenheit, tenths
// of degrees and marks such as -999 for "none" mostly lie outside.
const coldest, hottest = -95, 62

// TemperaturesOf are the points of a series as the engine takes them; nil if there
// are none. An error names the hour that is wrong.
func TemperaturesOf(points []dsm.Point) (*forecast.Temperatures, error) {
	byHour := make(map[meter.Hour]float32, len(points))
	for _, p := range points {
		at := time.Unix(p.Unix, 0).UTC()
		if p.Value < coldest || p.Value > hottest {
			return nil, fmt.Errorf("temperature %g at %s: write °C from %d to %d, and nothing where it is not known", p.Value, at.Format(time.RFC3339), coldest, hottest)
		}
		h := meter.HourOf(at)
		if _, twice := byHour[h]; twice {
			return nil, fmt.Errorf("temperature at %s comes twice; give each hour once", at.Format(time.RFC3339))
		}
		byHour[h] = float32(p.Value)
	}
	return forecast.NewTemperatures(byHour), nil
}

// read reads the series, in order of time, with how it was read.
func (s *Series) read(kind dataset.SignalKind, zone, currency string) ([]dsm.Point, *dataset.Signal, error) {
	signal, err := dataset.OpenSignal(context.Background(), s.Path, dataset.SignalOptions{
		Kind: kind, TimeColumn: s.TimeColumn, ValueColumn: s.ValueColumn, Zone: zone, Currency: currency,
	})
	if err != nil {
		return nil, nil, fmt.Errorf("series of %s: %w", s.Source, err)
	}
	return PointsOf(signal), signal, nil
}

// PointsOf are the hours of a signal, in order of time.
func PointsOf(signal *dataset.Signal) []dsm.Point {
	points := make([]dsm.Point, len(signal.Hours))
	for i, h := range signal.Hours {
		points[i] = dsm.Point{Unix: h.Hour.Unix(), Value: h.Value}
	}
	return points
}
