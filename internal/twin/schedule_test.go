package twin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// runIssues sends the readings of one meter under settings, hour by hour, and returns what was
// issued and the rows.
func runIssues(t *testing.T, s Settings, hours int, kwh func(i int) float32) ([]Issue, keptRows) {
	f := newFeed(testRules(t, s))
	var all []Issue
	f.p.Observe(func(i Issue) {
		i.Forecast.P50 = slices.Clone(i.Forecast.P50)
		all = append(all, i)
	})
	for i := range hours {
		f.batch(oneRecord(f.p.next, "a", s.From+meter.Hour(i), kwh(i)))
	}
	return all, f.rows
}

func someLoad(i int) float32 { return float32(i*i%31) / 8 }

func TestIssuesOfADay(t *testing.T) {
	spring, autumn := time.Date(2024, 3, 31, 0, 0, 0, 0, time.UTC), time.Date(2024, 10, 27, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		date    time.Time
		at      string
		reissue int
		want    string // local times from the day's issue to before the next, each with the hours of the forecast
	}{
		"at the issue time only":   {date: spring.AddDate(0, 0, 9), at: "00:00", want: "00:00+24"},
		"every six hours":          {date: spring.AddDate(0, 0, 9), at: "00:00", reissue: 6, want: "00:00+24 06:00+24 12:00+24 18:00+24"},
		"over midnight":            {date: spring.AddDate(0, 0, 9), at: "12:30", reissue: 8, want: "13:00+24 21:00+24 05:00+24"},
		"what does not divide 24":  {date: spring.AddDate(0, 0, 9), at: "00:00", reissue: 10, want: "00:00+24 10:00+24 20:00+24"},
		"a day of 23 hours":        {date: spring, at: "00:00", reissue: 6, want: "00:00+23 06:00+24 12:00+24 18:00+24"},
		"a day of 25 hours":        {date: autumn, at: "00:00", reissue: 12, want: "00:00+25 12:00+24"},
		"a day of 25 hours, once":  {date: autumn, at: "00:00", reissue: 24, want: "00:00+25"},
		"a forecast of that night": {date: autumn.AddDate(0, 0, -1), at: "00:00", reissue: 12, want: "00:00+24 12:00+25"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSettings()
			s.IssueAt, s.Reissue = tt.at, tt.reissue
			s.From = meter.HourOf(tt.date.AddDate(0, 0, -3))
			all, _ := runIssues(t, s, 7*24, someLoad)
			cal := testRules(t, s).Calendar()
			var got []string
			for i, issue := range all {
				if local := cal.Local(issue.At); !issue.DayAhead && len(got) == 0 || issue.DayAhead && local.Day() != tt.date.Day() {
					if len(got) > 0 {
						break
					}
					continue
				}
				got = append(got, fmt.Sprintf("%s+%d", cal.Local(issue.At).Format("15:04"), len(issue.Forecast.P50)))
				require.Equal(t, all[i+1].At, issue.Next)
			}
			require.Equal(t, tt.want, strings.Join(got, " "))
		})
	}
}

// Plans rest on day-ahead forecasts: whether others are issued changes nothing about
// them, nor about the day-ahead forecasts.
func TestReissuesLeaveTheDayAheadAlone(t *testing.T) {
	s := testSettings()
	s.Timezone = "UTC"
	once, want := runIssues(t, s, 24*40, someLoad)
	s.Reissue = 6
	often, got := runIssues(t, s, 24*40, someLoad)
	require.NotEmpty(t, want.Decisions)
	require.Equal(t, want.Decisions, got.Decisions)
	require.Equal(t, 4*len(once)+3, len(often), "the first three are issued on the first day")
	for at, f := range want.Forecasts {
		require.Equal(t, f, got.Forecasts[at])
	}
}

// A forecast that is issued again knows the hours up to its issue, and none after.
func TestReissueSeesItsNewestHours(t *testing.T) {
	s := testSettings()
	s.Timezone, s.Reissue = "UTC", 6
	const change = 24*30 + 9 // the hour from which loads differ
	of := func(after float32) map[meter.Hour]string {
		all, _ := runIssues(t, s, 24*31, func(i int) float32 {
			if i >= change {
				return after
			}
			return someLoad(i % 24)
		})
		out := map[meter.Hour]string{}
		for _, i := range all {
			out[i.At] = fmt.Sprint(i.Forecast.P50)
		}
		return out
	}
	low, high := of(.1), of(3)
	require.Equal(t, 4*31-1, len(low))
	for at := range low {
		if at <= s.From+change {
			require.Equal(t, low[at], high[at])
			continue
		}
		require.NotEqual(t, low[at], high[at], "issued at %s", at)
	}
}

func TestRulesRejectIssues(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(*Settings)
		err    string
	}{
		"short horizon":  {func(s *Settings) { s.Horizon = 23 }, "a forecast of 23 hours: write from 24"},
		"long horizon":   {func(s *Settings) { s.Horizon = forecast.MaxHorizon }, "hours: write from 24"},
		"too often":      {func(s *Settings) { s.Reissue = -1 }, "every -1 hours: write from 1 to 24"},
		"not in the day": {func(s *Settings) { s.Reissue = 25 }, "every 25 hours: write from 1 to 24"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSettings()
			tt.change(&s)
			_, err := NewRules(s)
			require.ErrorContains(t, err, tt.err)
		})
	}
}

// A longer horizon adds hours to forecasts. It changes neither those that there were
// nor plans.
func TestHorizonAddsHours(t *testing.T) {
	s := testSettings()
	day, want := runIssues(t, s, 24*30, someLoad)
	s.Horizon = 48
	two, got := runIssues(t, s, 24*30, someLoad)
	require.Equal(t, want.Decisions, got.Decisions)
	require.Equal(t, len(day), len(two))
	for i := range day {
		n := len(day[i].Forecast.P50)
		require.Greater(t, len(two[i].Forecast.P50), n+22)
		require.Equal(t, fmt.Sprint(day[i].Forecast.P50), fmt.Sprint(two[i].Forecast.P50[:n]))
	}
}
