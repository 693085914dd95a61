package api

import (
	"context"

	"github.com/energytwin/energytwin/internal/config"
	"github.com/energytwin/energytwin/internal/meter"
)

// worstLimit is the limit of the policy that a group's load comes closest to, of
// the hours before the watermark and of the forecast for those from it on, of each as
// many as a forecast covers. Nil while nothing is stored, and where no group has both a
// limit and a load.
func (s *server) worstLimit(ctx context.Context, watermark meter.Hour) (*config.LimitFigures, error) {
	if watermark == meter.NoHour || len(s.twin.Processor.Policy.Groups) == 0 {
		return nil, nil
	}
	groups, err := s.db.Groups(ctx)
	if err != nil {
		return nil, err
	}
	measured, err := s.db.GroupPeaks(ctx, watermark-horizon, watermark)
	if err != nil {
		return nil, err
	}
	peaks := map[int32]peak{}
	for _, p := range measured {
		peaks[p.GroupNo] = peak{hour: p.Hour, kw: p.KWh}
	}
	forecast, err := s.peaks(ctx, nil, watermark)
	if err != nil {
		return nil, err
	}
	var worst *config.LimitFigures
	compare := func(group string, capacity float64, p peak, isForecast bool) {
		l := &config.LimitFigures{Group: group, CapacityKW: capacity, PeakKW: p.kw, At: p.hour.Time(), Forecast: isForecast}
		if worst == nil || l.Share() > worst.Share() {
			worst = l
		}
	}
	for _, g := range groups {
		capacity := s.capacity(g.Name)
		if capacity == nil {
			continue
		}
		if p, ok := peaks[g.GroupNo]; ok {
			compare(g.Name, *capacity, p, false)
		}
		if p := forecast[g.GroupNo]; p != nil {
			compare(g.Name, *capacity, *p, true)
		}
	}
	return worst, nil
}
