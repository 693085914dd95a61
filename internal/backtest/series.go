// Package backtest replays readings of the past, forecasts every day as it
// would have been forecast then, and measures how good that was.
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

// Put enters a reading, in any order of hours. Hours that are left out are gaps; a
// reading of an hour that has one takes its place. A reading before all others moves
// the whole series, so descending order is slow.
func (s *Series) Put(h meter.Hour, kwh float32) {
	if len(s.KWh) == 0 {
		s.From = h
	}
	if h < s.From {
		s.KWh = append(gap(s.From-h), s.KWh...)
		s.From = h
	}
	if h >= s.End() {
		s.KWh = append(s.KWh, gap(h-s.End()+1)...)
	}
	s.KWh[h-s.From] = kwh
}

// gap is n hours without a reading.
func gap(n meter.Hour) []float32 {
	g := make([]float32, n)
	for i := range g {
		g[i] = float32(math.NaN())
	}
	return g
}

// Collect is all rows of a source, as series by the names of its meters. A meter
// without rows has an empty series. Of rows that repeat an hour the last one counts,
// as a correction.
func Collect(src dataset.Source) (map[string]*Series, error) {
	info := src.Info()
	all := make(map[string]*Series, len(info.Meters))
	own := make([]*Series, len(info.Meters))
	for i, m := range info.Meters {
		own[i] = &Series{Meter: m.Name, Group: m.Group}
		all[m.Name] = own[i]
	}
	for rows, err := range src.Rows(info.Start) {
		if err != nil {
			return nil, err
		}
		for _, r := range rows {
			own[r.Meter].Put(r.Hour, r.KWh)
		}
	}
	return all, nil
}
