package twin

import (
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// Each hour of a group's forecast states the risk of its limit without the plans that are
// in force for the hour, and with them.
func TestLimitRiskHoldsThePlansOfItsHours(t *testing.T) {
	s := testSettings()
	s.GroupReissue = 1
	s.Policy.Groups[0].Exceedance = 0.1
	f := newFeed(testRules(t, s))
	type meterHour struct {
		meter string
		hour  meter.Hour
	}
	planned := map[meterHour]float64{} // by the newest decision about the hour
	changed := 0
	for i := range 24 * 30 {
		h := f.p.rules.From + meter.Hour(i)
		f.batch([]Record{
			{Offset: f.p.next, Value: meter.AppendMessage(nil, meter.Reading{Meter: "m0", Group: "feeder", Hour: h, KWh: evening(i)})},
			{Offset: f.p.next + 1, Value: meter.AppendMessage(nil, meter.Reading{Meter: "m1", Group: "feeder", Hour: h, KWh: evening(i) / 2})},
		})
		for _, d := range f.fx.Decisions {
			for k := range int(d.ValidTo - d.ValidFrom) {
				hour := meterHour{d.Meter, d.ValidFrom + meter.Hour(k)}
				if planned[hour] = 0; k < len(d.Plan) && d.Meter != "" {
					planned[hour] = float64(d.Plan[k])
				}
			}
		}
		for _, g := range f.fx.GroupForecasts {
			q := forecast.Quantiles{P10: g.P10, P50: g.P50, P90: g.P90}
			require.NotNil(t, g.Limit)
			require.EqualValues(t, 3, g.Limit.CapacityKW)
			for k := range g.P50 {
				h := g.IssuedAt + meter.Hour(k)
				change := planned[meterHour{"m0", h}] + planned[meterHour{"m1", h}]
				before, excessBefore := dsm.HourRisk(q, k, 0, 3)
				after, excessAfter := dsm.HourRisk(q, k, change, 3)
				require.InDelta(t, before, g.Limit.ProbabilityBefore[k], 1e-5)
				require.InDelta(t, after, g.Limit.ProbabilityAfter[k], 1e-4)
				require.InDelta(t, excessBefore, g.Limit.ExcessBefore[k], 1e-5)
				require.InDelta(t, excessAfter, g.Limit.ExcessAfter[k], 1e-4)
				if change != 0 {
					changed++
				}
			}
		}
	}
	require.Greater(t, changed, 100)
}

// evening is the load of a home with a peak from 17:00 to 19:00, in hour i.
func evening(i int) float32 {
	if h := i % 24; h >= 17 && h < 19 {
		return 2.2 + someLoad(i)/8
	}
	return 0.4 + someLoad(i)/8
}
