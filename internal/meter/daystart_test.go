package meter_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/meter/zonetest"
)

func TestDayStart(t *testing.T) {
	for _, c := range []struct{ zone, date, start string }{
		{"Europe/London", "2019-03-31", "2019-03-31T00:00:00Z"},
		{"Asia/Kolkata", "2019-01-01", "2018-12-31T19:00:00Z"},
		{"Asia/Kathmandu", "2019-01-01", "2018-12-31T19:00:00Z"},
		{"Asia/Kathmandu", "1986-01-01", "1985-12-31T19:00:00Z"},      // from +05:30 to +05:45 at midnight
		{"Australia/Lord_Howe", "2019-01-01", "2018-12-31T13:00:00Z"}, // +11:00, in winter +10:30
		{"Australia/Lord_Howe", "2019-07-01", "2019-06-30T14:00:00Z"},
		{"America/St_Johns", "2019-01-01", "2019-01-01T04:00:00Z"},
		{"Pacific/Chatham", "2019-01-01", "2018-12-31T11:00:00Z"},
		{"America/Sao_Paulo", "2018-11-04", "2018-11-04T03:00:00Z"}, // midnight does not exist
		{"America/Havana", "2019-11-03", "2019-11-03T04:00:00Z"},    // midnight comes twice
		{"Antarctica/Casey", "2010-03-05", "2010-03-04T16:00:00Z"},  // back by three hours over midnight
		{"Pacific/Apia", "2011-12-30", "2011-12-30T10:00:00Z"},      // the day does not exist
	} {
		zone, err := time.LoadLocation(c.zone)
		require.NoError(t, err)
		date, err := time.Parse(time.DateOnly, c.date)
		require.NoError(t, err)
		require.Equal(t, c.start, meter.DayStart(date.Year(), date.Month(), date.Day(), zone).String(), "%s %s", c.zone, c.date)
	}
}

// In every zone days follow each other without a gap, and each
// hour belongs to the day on which it begins.
func TestDayStartInEveryZone(t *testing.T) {
	t.Parallel()
	const from, to = 2000, 2030
	for _, zone := range zonetest.Clocks(t, from, to) {
		start := meter.DayStart(from, time.January, 1, zone)
		for date := time.Date(from, 1, 1, 0, 0, 0, 0, time.UTC); date.Year() < to; date = date.AddDate(0, 0, 1) {
			next := meter.DayStart(date.Year(), date.Month(), date.Day()+1, zone)
			require.LessOrEqual(t, start, next, "%s %s", zone, date)
			require.LessOrEqual(t, next-start, meter.Hour(27), "%s %s", zone, date)
			for _, h := range []meter.Hour{start, next - 1} {
				if start < next {
					require.Equal(t, date.Format(time.DateOnly), h.Time().In(zone).Format(time.DateOnly), "%s: hour %s", zone, h)
				}
			}
			start = next
		}
	}
}

func TestHoursWithin(t *testing.T) {
	at := func(s string) time.Time {
		out, err := time.Parse(time.RFC3339, s)
		require.NoError(t, err)
		return out
	}
	for _, start := range []string{"2018-12-31T18:00:00Z", "2018-12-31T17:00:00.5Z", "2018-12-31T17:30:00Z", "2018-12-31T17:15:00Z", "1960-12-31T17:45:00Z"} {
		from, to := meter.HoursWithin(at(start), 24*time.Hour)
		require.Equal(t, 18, from.Time().Hour(), start)
		require.Equal(t, meter.Hour(24), to-from, start)
	}
}
