// Package backtest replays readings of the past, forecasts every day as it
// would have been forecast then, and tells how good that was.
package backtest

import (
	"math"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
)

// Series is the load of one meter, hour by hour.
type Series struct {
	Meter string
	Group string // "" if none
	From  meter.Hour
	KWh   []float32 // NaN where there is no reading
}

// End is the hour after the last one.
func (s *Series) End() meter.Hour { return s.From + meter.Hour(len(s.KWh)) }

// At is the load in hour h, NaN if there is no reading.
func (s *Series) At(h meter.Hour) float32 {
	if h < s.From || h >= s.End() {
		return float32(math.NaN())
	}
	return s.KWh[h-s.From]
}

// Append adds a reading. Hours that are left out become gaps; an hour before
// the last one is overwritten.
func (s *Series) Append(h meter.Hour, kwh float32) {
	if len(s.KWh) == 0 {
		s.From = h
	}
	for s.End() < h {
		s.KWh = append(s.KWh, float32(math.NaN()))
	}
	switch {
	case h == s.End():
		s.KWh = append(s.KWh, kwh)
	case h >= s.From:
		s.KWh[h-s.From] = kwh
	}
}

// Collect adds all rows of a source to the series of its meters, which are kept
// by name.
func Collect(src dataset.Source, all map[string]*Series) error {
	info := src.Info()
	own := make([]*Series, len(info.Meters))
	for i, m := range info.Meters {
		s := all[m.Name]
		if s == nil {
			s = &Series{Meter: m.Name, Group: m.Group}
			all[m.Name] = s
		}
		own[i] = s
	}
	for rows, err := range src.Rows(info.Start) {
		if err != nil {
			return err
		}
		for _, r := range rows {
			own[r.Meter].Append(r.Hour, r.KWh)
		}
	}
	return nil
}
