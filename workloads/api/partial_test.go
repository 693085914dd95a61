package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
)

// A bucket that the range cuts off shows it, and so does the answer.
func TestCutOffBucketsArePartial(t *testing.T) {
	a := newTestAPI(t, nil)
	for query, partial := range map[string][]bool{
		"step=1d&from=2019-01-10T12:00:00Z&to=2019-01-13T12:00:00Z":                     {true, false, false, true},
		"step=1d&from=2019-01-10T00:00:00Z&to=2019-01-12T00:00:00Z":                     {false, false},
		"step=1d&from=2019-01-10T05:00:00Z&to=2019-01-12T05:00:00Z&tz=America/New_York": {false, false},
		"step=1d&from=2019-01-09T19:00:00Z&to=2019-01-11T19:00:00Z&tz=Asia/Kolkata":     {false, false},
		"step=1w&from=2019-01-08T00:00:00Z&to=2019-01-21T00:00:00Z":                     {true, false},
		"step=1mo&from=2019-01-01T00:00:00Z&to=2019-02-03T00:00:00Z":                    {false, true},
		"step=12h&from=2019-01-10T00:00:00Z&to=2019-01-11T06:00:00Z":                    {false, false, true},
		"step=1h&from=2019-01-10T00:00:00Z&to=2019-01-10T02:00:00Z":                     {false, false},
	} {
		for _, path := range []string{"/api/v1/history?", "/api/v1/meters/home-000002/history?", "/api/v1/history?group=feeder-0002&"} {
			answer := read[[]Series](t, a, path+query)
			var got []bool
			cut := false
			for _, p := range answer.Data[0].Points {
				got = append(got, p.Partial)
				cut = cut || p.Partial
			}
			require.Equal(t, partial, got, path+query)
			require.Equal(t, cut, answer.Meta.Partial, path+query)
		}
	}
}

// Without from, a history by the day begins with a whole day, also at noon.
func TestDefaultRangesBeginWithAWholeDay(t *testing.T) {
	a := newTestAPI(t, nil)
	for _, step := range []string{"1d", "1w"} {
		first := read[[]Series](t, a, "/api/v1/history?to=now-5h&step="+step).Data[0].Points[0]
		require.False(t, first.Partial, step)
	}
	days := kpis(t, a, "by=day&to=now-5h").Periods
	require.False(t, days[0].Partial)
	require.Equal(t, 24, days[0].Hours)
	require.True(t, days[len(days)-1].Partial)
}

func TestCutOffPeriodsArePartial(t *testing.T) {
	a := newTestAPI(t, nil)
	for query, partial := range map[string][]bool{
		"by=day&from=2019-01-10T12:00:00Z&to=2019-01-12T12:00:00Z":   {true, false, true},
		"by=month&from=2019-01-01T00:00:00Z&to=2019-02-03T00:00:00Z": {false, true},
		"from=2019-01-10T12:00:00Z&to=2019-01-12T12:00:00Z":          {false},
	} {
		answer := read[KPIs](t, a, "/api/v1/kpis?"+query)
		var got []bool
		for _, p := range answer.Data.Periods {
			got = append(got, p.Partial)
		}
		require.Equal(t, partial, got, query)
		require.Equal(t, len(got) > 1, answer.Meta.Partial, query)
	}
}

func TestBucketsOfTheCalendar(t *testing.T) {
	at := func(text string) meter.Hour {
		v, err := time.Parse(time.RFC3339, text)
		require.NoError(t, err)
		return meter.CeilHour(v)
	}
	for _, c := range []struct {
		unit        reader.Unit
		zone, hour  string
		start       string
		hoursOfThat int
	}{
		{reader.Days, "Europe/London", "2019-03-31T12:00:00Z", "2019-03-31T00:00:00Z", 23},
		{reader.Days, "Europe/London", "2019-10-27T12:00:00Z", "2019-10-26T23:00:00Z", 25},
		{reader.Weeks, "Europe/London", "2019-03-31T12:00:00Z", "2019-03-25T00:00:00Z", 167},
		{reader.Weeks, "UTC", "2019-01-07T00:00:00Z", "2019-01-07T00:00:00Z", 168},
		{reader.Months, "Europe/London", "2019-10-15T12:00:00Z", "2019-09-30T23:00:00Z", 745},
		{reader.Days, "Asia/Kolkata", "2019-01-10T12:00:00Z", "2019-01-09T18:30:00Z", 24},
		{reader.Days, "America/Sao_Paulo", "2018-11-04T12:00:00Z", "2018-11-04T03:00:00Z", 23}, // clocks skip its midnight
	} {
		b := bucketsOf(reader.SeriesQuery{Unit: c.unit, Zone: c.zone})
		start := b.startOf(at(c.hour))
		require.Equal(t, at(c.start), start, c)
		require.Equal(t, c.hoursOfThat, b.hours(start.Time()), c)
	}
}
