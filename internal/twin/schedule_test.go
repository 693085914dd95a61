package twin

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
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
			s.IssueAt, s.Reissue, s.Policy.Mode = tt.at, tt.reissue, dsm.ModeOff
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

// Whether forecasts are issued again changes nothing about day-ahead forecasts.
func TestReissuesLeaveTheDayAheadAlone(t *testing.T) {
	s := testSettings()
	s.Timezone = "UTC"
	once, want := runIssues(t, s, 24*40, someLoad)
	s.Reissue = 6
	often, got := runIssues(t, s, 24*40, someLoad)
	require.NotEmpty(t, want.Forecasts)
	require.Equal(t, 2*len(once)+1, len(often), "18:00, when plans are issued, and midnight, against four times a day from 06:00 on")
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

// Plans are for local days, and issued the lead time before them with a forecast that
// reaches to their end.
func TestPlansOfADay(t *testing.T) {
	spring, autumn := time.Date(2024, 3, 31, 0, 0, 0, 0, time.UTC), time.Date(2024, 10, 27, 0, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		date    time.Time // of the plan
		zone    string
		lead    int
		issueAt string
		reissue int
		want    string // local time of the issue, hours of its forecast, and of the plan
	}{
		"the evening before":         {date: spring.AddDate(0, 0, 9), lead: 6, want: "18:00+30 24"},
		"at midnight":                {date: spring.AddDate(0, 0, 9), lead: 0, want: "00:00+24 24"},
		"a day before":               {date: spring.AddDate(0, 0, 9), lead: 24, want: "00:00+48 24"},
		"with forecasts from noon":   {date: spring.AddDate(0, 0, 9), lead: 12, issueAt: "12:00", want: "12:00+36 24"},
		"with forecasts again":       {date: spring.AddDate(0, 0, 9), lead: 6, reissue: 6, want: "18:00+30 24"},
		"a day of 23 hours":          {date: spring, lead: 6, want: "18:00+29 23"},
		"a day of 25 hours":          {date: autumn, lead: 6, want: "18:00+31 25"},
		"25 hours, as far as can be": {date: autumn, lead: 24, want: "00:00+49 25"},
		"clocks go back before":      {date: autumn.AddDate(0, 0, 1), lead: 24, want: "01:00+48 24"},
		"midnight at half past":      {date: spring.AddDate(0, 0, 9), zone: "Asia/Kolkata", lead: 6, want: "18:30+30 24"},
		"a day that begins at one":   {date: time.Date(2024, 4, 26, 0, 0, 0, 0, time.UTC), zone: "Africa/Cairo", lead: 6, want: "18:00+29 23"},
	} {
		t.Run(name, func(t *testing.T) {
			s := testSettings()
			if tt.zone != "" {
				s.Timezone = tt.zone
			}
			if tt.issueAt != "" {
				s.IssueAt = tt.issueAt
			}
			s.Reissue, s.Policy.LeadHours = tt.reissue, tt.lead
			s.From = meter.HourOf(tt.date.AddDate(0, 0, -3))
			f := newFeed(testRules(t, s))
			cal := f.p.rules.Calendar()
			var got string
			for i := range 5 * 24 {
				f.batch(oneRecord(f.p.next, "a", s.From+meter.Hour(i), someLoad(i)))
				for k := range f.fx.Decisions {
					d := &f.fx.Decisions[k]
					if cal.Local(d.ValidFrom).YearDay() != tt.date.YearDay() {
						continue
					}
					require.Equal(t, meter.Hour(tt.lead), d.ValidFrom-d.IssuedAt)
					require.Equal(t, d.ValidFrom, d.ActionableFrom, "known before its day")
					require.Contains(t, f.fx.Issued, d.IssuedAt)
					require.Len(t, f.fx.Forecasts, 1)
					require.Equal(t, d.IssuedAt, f.fx.Forecasts[0].IssuedAt)
					got += fmt.Sprintf("%s+%d %d", cal.Local(d.IssuedAt).Format("15:04"), len(f.fx.Forecasts[0].P50), d.ValidTo-d.ValidFrom)
				}
			}
			require.Equal(t, tt.want, got)
		})
	}
}

// A day has one plan where the lead time changes.
func TestLeadTimeBecomesShorter(t *testing.T) {
	s := testSettings()
	s.Timezone, s.Policy.LeadHours = "UTC", 12
	f := newFeed(testRules(t, s))
	days := map[meter.Hour]meter.Hour{} // when each was planned
	for i := range 24 * 20 {
		if i == 24*15+14 {
			s.Policy.LeadHours = 6
			f.p.SwitchTo(testRules(t, s))
			f.restart(t)
		}
		f.batch(oneRecord(f.p.next, "a", s.From+meter.Hour(i), someLoad(i)))
		for k := range f.fx.Decisions {
			d := &f.fx.Decisions[k]
			require.NotContains(t, days, d.ValidFrom)
			days[d.ValidFrom] = d.IssuedAt
		}
	}
	require.Equal(t, s.From+24*15+12, days[s.From+24*16])
	require.Equal(t, s.From+24*16+18, days[s.From+24*17])
	require.Len(t, days, 20)
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
		if !day[i].Scheduled {
			require.Len(t, two[i].Forecast.P50, n, "issued for plans alone")
		} else {
			require.Greater(t, len(two[i].Forecast.P50), n+22)
		}
		require.Equal(t, fmt.Sprint(day[i].Forecast.P50), fmt.Sprint(two[i].Forecast.P50[:n]))
	}
}
