package twin

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

func TestPeaksAreOfThePlansLocalMonth(t *testing.T) {
	s := testSettings()
	s.Timezone, s.From, s.To = "America/New_York", meter.NoHour, meter.NoHour
	s.Policy.Tariff.DemandCharge = 5
	r := testRules(t, s)
	p := New(0, r)
	m := p.Register(MeterRef{MeterKey: MeterKey{Name: "a"}})
	april := meter.HourOf(time.Date(2019, 4, 1, 4, 0, 0, 0, time.UTC)) // local midnight
	for h, kwh := range map[meter.Hour]float32{april - 1: 9, april: 2, april + 30: 3, april + 42: 7} {
		m.window.Put(h, kwh)
	}
	ahead := forecast.Quantiles{P10: make([]float32, 30), P50: make([]float32, 30), P90: make([]float32, 30)}
	ahead.P50[4], ahead.P50[8] = 4, 8

	in := r.planInput(m, april+42, r.plannedAt(april+42), ahead)
	require.InDelta(t, 3, in.MonthPeak, 1e-6, "neither March nor what comes after the issue")
	require.InDelta(t, 4, in.ExpectedPeak, 1e-6, "the evening before the plan, not the plan's hours")
	require.Len(t, in.Forecast.P50, 24)
	require.InDelta(t, 8, in.Forecast.P50[2], 1e-6)

	first := r.planInput(m, april-6, r.plannedAt(april-6), ahead)
	require.Zero(t, first.MonthPeak, "the plan for the first of a month starts from 0")
	require.Zero(t, first.ExpectedPeak)

	s.Policy.Tariff.DemandCharge = 0
	r = testRules(t, s)
	none := r.planInput(m, april+42, r.plannedAt(april+42), ahead)
	require.Zero(t, none.MonthPeak)
	require.Zero(t, none.ExpectedPeak)
}
