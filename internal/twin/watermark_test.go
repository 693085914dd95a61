package twin

import (
	"fmt"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// watermark sends a watermark message, hours after the start.
func (f *subHourFeed) watermark(h meter.Hour) { f.send(meter.AppendWatermark(nil, f.start+h)) }

// A watermark message ends the last hours of a stream as later readings would: with
// the issue of forecasts and plans on the way, whatever the allowed lateness.
func TestWatermarkEndsTheLastHours(t *testing.T) {
	for _, lateness := range []meter.Hour{0, 3} {
		s := testSettings()
		s.AllowedLateness, s.Policy.LeadHours = lateness, 0 // plans of the day after the last hour too
		const hours = 20 * meter.HoursPerDay
		feedAll := func(more func(f *feed)) *feed {
			f := newFeed(testRules(t, s))
			for h := range meter.Hour(hours) {
				for _, m := range []string{"a", "b"} {
					f.batch(oneRecord(f.p.next, m, s.From+h, float32(1+h%24)))
				}
			}
			more(f)
			return f
		}
		marked := feedAll(func(f *feed) {
			require.Equal(t, s.From+hours-1-lateness, f.p.watermark)
			end := Record{Offset: f.p.next, Value: meter.AppendWatermark(nil, s.From+hours)}
			f.batch([]Record{end})
			require.Equal(t, s.From+hours, f.p.watermark)
			rows := len(f.rows.Decisions)
			end.Offset = f.p.next
			f.batch([]Record{end})
			require.Len(t, f.rows.Decisions, rows, "a watermark that is repeated changes nothing")
			require.Zero(t, f.rows.Counts.Quarantined)
		})
		followed := feedAll(func(f *feed) {
			for h := range lateness + 1 {
				f.batch(oneRecord(f.p.next, "b", s.From+hours+h, 1))
			}
			require.Equal(t, s.From+hours, f.p.watermark)
		})
		require.Len(t, marked.rows.Forecasts, 2*20, "one forecast a meter and day, that of the day after the last hour included")
		require.Empty(t, different(followed.rows.Forecasts, marked.rows.Forecasts))
	}
}

// What a watermark has ended may still come: it is late, and the stream goes on.
func TestStreamGoesOnAfterAWatermark(t *testing.T) {
	f := newSubHourFeed(t)
	f.watermark(5)
	f.hour("other", 3, 7)
	require.Equal(t, int64(1), f.rows.Counts.Late)
	f.hour("other", 5, 1)
	f.hour("other", 6, 1)
	require.Equal(t, f.start+6, f.p.watermark)
	f.watermark(4)
	require.Equal(t, f.start+6, f.p.watermark, "it goes forward only")
}

// A reading far ahead waits for a second one. Where a watermark ends its hour there is
// none to come, and the reading counts.
func TestWatermarkConfirmsPendingReadings(t *testing.T) {
	for _, hours := range [][]meter.Hour{{0}, {700}, {700, 100}, {100, 700, 4}} {
		f := &subHourFeed{feed: newFeed(testRules(t, testSettings())), t: t, start: testSettings().From}
		for i, h := range hours {
			f.hour(fmt.Sprint("m", i), h, 2)
		}
		f.watermark(701)
		require.Equal(t, f.start+701, f.p.watermark)
		require.Empty(t, f.p.pending)
		for i, h := range hours {
			m := f.p.meters[fmt.Sprint("m", i)]
			require.True(t, m.joined)
			require.Equal(t, f.start+h, m.newest())
		}
	}
	f := newSubHourFeed(t)
	f.hour("other", 4000, 2)
	f.watermark(3000)
	require.Len(t, f.p.pending, 1, "its hour has not ended")
}

// The sub-hour readings of an hour that has ended without the others are handed back,
// those of the hour at the watermark wait on.
func TestWatermarkEndsOpenHours(t *testing.T) {
	f := newSubHourFeed(t)
	f.quarters("q", 2, 1, 1, 1, 1)
	f.quarters("q", 3, 1, 1)
	f.quarters("q", 4, 1)
	f.watermark(4)
	require.Equal(t, f.start+4, f.p.watermark)
	require.Equal(t, "4", f.reading("q", 2))
	require.Equal(t, []string{ReasonIncompleteHour, ReasonIncompleteHour}, f.reasons())
	f.subHour("q", 4, 15, 15, 2)
	f.subHour("q", 4, 30, 30, 1)
	f.watermark(5)
	require.Equal(t, f.start+5, f.p.watermark)
	require.Len(t, f.rows.SubHours, 0)
}

// No message ends an hour that the clock has not passed, or one of another year.
func TestWatermarksThatAreRejected(t *testing.T) {
	live := newFeed(testRules(t, followingTheClock()))
	start := testSettings().From
	send := func(f *feed, w meter.Hour, now meter.Hour) {
		f.batch([]Record{{Offset: f.p.next, Millis: now.Time().UnixMilli(), Value: meter.AppendWatermark(nil, w)}})
	}
	for _, m := range []string{"a", "b"} {
		rec := oneRecord(live.p.next, m, start, 1)
		rec[0].Millis = (start + 1).Time().UnixMilli()
		live.batch(rec)
	}
	send(live, start+2, start+1)
	require.Contains(t, live.rows.Quarantine[2], ReasonFuture)
	require.Equal(t, start, live.p.watermark)
	send(live, start+1, start+1)
	require.Equal(t, start+1, live.p.watermark)

	s := testSettings()
	replay := newFeed(testRules(t, s))
	send(replay, s.To+1, 0)
	send(replay, s.From, 0)
	for _, text := range []string{`{"watermark":"2024-03-04T00:30:00Z"}`, `{"watermark":"now"}`, `{"version":3,"watermark":"2024-03-05T00:00:00Z"}`} {
		replay.batch([]Record{{Offset: replay.p.next, Value: []byte(text)}})
	}
	for offset, reason := range []string{ReasonOutsideWindow, ReasonOutsideWindow, "not_whole_hour", "bad_timestamp", "unsupported_version"} {
		require.Contains(t, replay.rows.Quarantine[int64(offset)], reason)
	}
	require.Equal(t, meter.NoHour, replay.p.watermark)
}
