package api

import (
	"context"
	"maps"
	"slices"

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
	groups, err := s.db.GroupNames(ctx)
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
	for _, no := range slices.Sorted(maps.Keys(groups)) {
		name := groups[no]
		capacity := s.capacity(name)
		if capacity == nil {
			continue
		}
		if p, ok := peaks[no]; ok {
			compare(name, *capacity, p, false)
		}
		if p := forecast[no]; p != nil {
			compare(name, *capacity, *p, true)
		}
	}
	return worst, nil
}
