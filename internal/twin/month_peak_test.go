package twin

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

func TestMonthPeakIsOfTheLocalMonth(t *testing.T) {
	cal, err := meter.NewCalendar("America/New_York")
	require.NoError(t, err)
	r := &Rules{cal: cal}
	r.Policy.Tariff.DemandCharge = 5
	m := &Meter{window: window.New(1344)}
	april := meter.HourOf(time.Date(2019, 4, 1, 4, 0, 0, 0, time.UTC)) // local midnight
	m.window.Put(april-1, 9)
	m.window.Put(april, 2)
	m.window.Put(april+30, 3)
	m.window.Put(april+48, 7)
	require.InDelta(t, 3, r.monthPeak(m, april+48), 1e-6, "neither March nor what comes after")
	require.Zero(t, r.monthPeak(m, april))
	r.Policy.Tariff.DemandCharge = 0
	require.Zero(t, r.monthPeak(m, april+48))
}
