package api

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/internal/twin"
	"github.com/energytwin/energytwin/test/ui/filled"
)

// The days of a meter add up to the whole, and agree with its history.
func TestMeterQuality(t *testing.T) {
	a := newTestAPI(t, nil)
	for _, id := range []string{"home-000001", "home-000002"} {
		answer := read[MeterQuality](t, a, "/api/v1/meters/"+id+"/data-quality?from=now-5d")
		q := answer.Data
		var sum QualityHours
		for _, d := range q.Days {
			sum.Hours += d.Hours
			sum.Missing += d.Missing
			sum.Suspect += d.Suspect
			sum.Late += d.Late
			sum.Corrected += d.Corrected
		}
		require.Equal(t, q.Sum, sum)
		require.Equal(t, 5*24, q.Sum.Hours)
		known := 0
		for _, p := range read[[]Series](t, a, "/api/v1/meters/"+id+"/history?step=1h&from=now-5d").Data[0].Points {
			known += p.Hours
		}
		require.Equal(t, known, q.Sum.Hours-q.Sum.Missing-q.Sum.Suspect)
		require.Equal(t, q.Sum.Missing > 0, answer.Meta.Partial)
	}
	gap := (storeEnd - filled.GapAt).Time()
	gaps := read[MeterQuality](t, a, "/api/v1/meters/home-000001/data-quality").Data.Gaps
	require.Equal(t, []Gap{{From: gap, To: gap.Add(time.Hour), Hours: 1}}, gaps)
	require.Len(t, read[MeterQuality](t, a, "/api/v1/meters/home-000002/data-quality").Data.Days, 31)
	require.Equal(t, 404, a.get("/api/v1/meters/nosuch/data-quality").Code)
}

// A meter that begins within the range has no gap before it, one that was silent has.
func TestHoursBeforeTheFirstReading(t *testing.T) {
	measured := twin.Measured
	hours := func(known ...bool) (out []reader.HourQuality) {
		for i, is := range known {
			h := reader.HourQuality{Hour: meter.Hour(100 + i)}
			if is {
				h.Quality = &measured
			}
			out = append(out, h)
		}
		return out
	}
	begins := hours(false, false, false, true, false)
	require.Equal(t, begins[3:], sinceFirst(begins, 101))
	silent := hours(true, false, false, true, false)
	require.Equal(t, silent[1:], sinceFirst(silent, 101))
	require.Empty(t, sinceFirst(hours(false, false), 100))
}

// Each way in which a reading comes counts once.
func TestQualityHours(t *testing.T) {
	calendar, err := meter.NewCalendar("UTC")
	require.NoError(t, err)
	s := &server{calendar: calendar}
	late, suspect := twin.Late, twin.Late.Suspect()
	var view MeterQuality
	s.countQuality([]reader.HourQuality{{Hour: 0, Quality: &late}, {Hour: 1, Quality: &suspect, Corrections: 2}, {Hour: 2}, {Hour: 3}, {Hour: 24}}, &view)
	require.Equal(t, QualityHours{Hours: 5, Missing: 3, Suspect: 1, Late: 2, Corrected: 1}, view.Sum)
	require.Len(t, view.Days, 2)
	require.Len(t, view.Gaps, 2, "hours that do not follow one another are gaps of their own")
	require.Equal(t, meter.Hour(24).Time(), view.Gaps[0].From, "the newest first")
	require.Equal(t, 2, view.Gaps[1].Hours)
}
