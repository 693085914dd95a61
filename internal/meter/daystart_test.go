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

// In every zone, around each change of its clocks, issues are those of the days: none
// is missing, and none comes twice. Where midnight does not exist, as in Brazil,
// Lebanon and Egypt, the issue is the first hour of the day.
func TestIssuesInEveryZone(t *testing.T) {
	t.Parallel()
	from, to := time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC)
	const around = 72 // hours
	skipped := map[string]bool{}
	for _, zone := range zonetest.All(t) {
		cal, err := meter.NewCalendar(zone.String())
		require.NoError(t, err)
		for _, change := from.In(zone).ZoneBounds(); !change.IsZero() && change.Before(to); _, change = change.ZoneBounds() {
			end := meter.CeilHour(change) + around
			for _, at := range []meter.IssueTime{{}, {Minute: 30}, {Hour: 2, Minute: 30}, {Hour: 12}, {Hour: 23, Minute: 45}} {
				for issue := cal.NextIssue(end-2*around, at); issue < end; {
					local := issue.Time().In(zone)
					y, m, d := local.Date()
					if at == (meter.IssueTime{}) {
						require.Equal(t, meter.DayStart(y, m, d, zone), issue, "%s: %s", zone, local)
						skipped[zone.String()] = skipped[zone.String()] || local.Hour() > 0
					}
					of := meter.ClockHour(y, m, d, at.Hour, at.Minute, zone)
					if of != issue {
						of = meter.ClockHour(y, m, d-1, at.Hour, at.Minute, zone)
					}
					require.Equal(t, of, issue, "%s: %s", zone, local)
					next := cal.NextIssue(issue, at)
					require.Equal(t, next, cal.NextIssue(next-1, at), "%s: %s", zone, local)
					issue = next
				}
			}
		}
	}
	for _, zone := range []string{"America/Sao_Paulo", "Asia/Beirut", "Africa/Cairo", "America/Havana", "Asia/Amman", "America/Asuncion"} {
		require.True(t, skipped[zone], zone)
	}
}

func TestNextIssue(t *testing.T) {
	for _, c := range []struct{ zone, after, at, issue string }{
		{"America/Sao_Paulo", "2018-11-03T12:00:00Z", "00:00", "2018-11-04T03:00:00Z"}, // 01:00, midnight does not exist
		{"Asia/Beirut", "2019-03-30T12:00:00Z", "00:00", "2019-03-30T22:00:00Z"},       // 01:00
		{"Africa/Cairo", "2023-04-27T12:00:00Z", "00:00", "2023-04-27T22:00:00Z"},      // 01:00
		{"America/New_York", "2019-03-10T05:00:00Z", "02:30", "2019-03-10T07:00:00Z"},  // 03:00, there is no 02:30
		{"America/Havana", "2019-11-02T12:00:00Z", "00:00", "2019-11-03T04:00:00Z"},    // midnight comes twice
		{"Europe/London", "2019-10-26T12:00:00Z", "01:30", "2019-10-27T02:00:00Z"},     // 01:30 comes twice: no hour after shows an earlier time
		{"Pacific/Apia", "2011-12-29T12:00:00Z", "06:00", "2011-12-29T16:00:00Z"},
		{"Pacific/Apia", "2011-12-29T16:00:00Z", "06:00", "2011-12-30T10:00:00Z"}, // the 30th does not exist
		{"Asia/Kathmandu", "1985-12-31T12:00:00Z", "00:00", "1985-12-31T19:00:00Z"},
		{"Australia/Lord_Howe", "2019-10-05T06:00:00Z", "02:00", "2019-10-05T16:00:00Z"}, // 02:00 becomes 02:30
	} {
		cal, err := meter.NewCalendar(c.zone)
		require.NoError(t, err)
		after, err := time.Parse(time.RFC3339, c.after)
		require.NoError(t, err)
		at, err := meter.ParseIssueTime(c.at)
		require.NoError(t, err)
		require.Equal(t, c.issue, cal.NextIssue(meter.CeilHour(after), at).String(), "%s after %s at %s", c.zone, c.after, c.at)
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
