package api

import (
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale/reader"
	"github.com/energytwin/energytwin/workloads/api/params"
	"github.com/energytwin/energytwin/workloads/api/problem"
)

// The missing hours of all meters are the sums of those of each, by day and by group.
func TestMissingHours(t *testing.T) {
	a := newTestAPI(t, nil)
	all := read[MissingHours](t, a, "/api/v1/data-quality/missing?from=now-9d").Data
	require.Len(t, all.Days, 10, "the day that the range begins in is whole")
	from := all.Days[0].Date

	byGroup, byDay := map[string]MissingSum{}, map[string]MissingSum{}
	for _, m := range read[[]Meter](t, a, "/api/v1/meters?limit=1000").Data {
		q := read[MeterQuality](t, a, "/api/v1/meters/"+m.ID+"/data-quality?from="+from).Data
		group := ""
		if m.Group != nil {
			group = *m.Group
		}
		sum := byGroup[group]
		sum.add(int64(q.Sum.Hours), int64(q.Sum.Missing+q.Sum.Suspect))
		byGroup[group] = sum
		for _, d := range q.Days {
			sum := byDay[d.Date]
			sum.add(int64(d.Hours), int64(d.Missing+d.Suspect))
			byDay[d.Date] = sum
		}
	}
	require.Len(t, all.Groups, len(byGroup))
	require.Equal(t, len(byGroup), all.GroupCount)
	var total MissingSum
	for i, g := range all.Groups {
		group := ""
		if g.ID != nil {
			group = *g.ID
		}
		require.Equal(t, byGroup[group], g.MissingSum, group)
		require.Len(t, g.MissingByDay, len(all.Days))
		require.Len(t, g.HoursByDay, len(all.Days))
		require.True(t, i == 0 || all.Groups[i-1].Missing >= g.Missing, "those with most missing hours first")
		total.add(g.Hours, g.Missing)
	}
	require.Equal(t, total, all.MissingSum)
	require.Positive(t, total.Missing)
	for _, d := range all.Days {
		require.Equal(t, byDay[d.Date], d.MissingSum, d.Date)
	}

	worst := read[MissingHours](t, a, "/api/v1/data-quality/missing?from=now-9d&limit=1").Data
	require.Equal(t, all.Groups[:1], worst.Groups)
	require.Equal(t, all.MissingSum, worst.MissingSum, "groups that are not listed count")
	one := read[MissingHours](t, a, fmt.Sprintf("/api/v1/data-quality/missing?from=now-9d&group=%s", *all.Groups[0].ID)).Data
	require.Equal(t, all.Groups[:1], one.Groups)
	require.Equal(t, all.Groups[0].MissingSum, one.MissingSum)

	require.Empty(t, read[MissingHours](t, a, "/api/v1/data-quality/missing?from=now%2B1d&to=now%2B2d").Data.Days, "hours still to come")
	for query, want := range map[string]problem.Problem{
		"from=now-366d":               {Code: problem.CodeInvalidParameter, Field: "from"},
		"from=2019-01-09&to=2019-01-": {Code: problem.CodeInvalidParameter, Field: "to"},
		"group=nobody":                {Code: problem.CodeUnknownGroup, Field: "group"},
	} {
		rejected := a.get("/api/v1/data-quality/missing?" + query)
		require.Equal(t, 422, rejected.Code, query)
		p := problemIn(t, rejected)
		require.Equal(t, want, problem.Problem{Code: p.Code, Field: p.Field}, query)
	}
	require.Equal(t, 200, a.get("/api/v1/data-quality/missing?from=now-365d").Code)
}

// Days are those of the calendar: 23 hours and 25 where the clocks change.
func TestDaysOfMissingHours(t *testing.T) {
	calendar, err := meter.NewCalendar("Europe/London")
	require.NoError(t, err)
	s := &server{calendar: calendar}
	for date, want := range map[string][]meter.Hour{"2019-03-30T00:00:00Z": {24, 23, 24}, "2019-10-25T23:00:00Z": {24, 25, 24}} {
		at, err := time.Parse(time.RFC3339, date)
		require.NoError(t, err)
		from := meter.HourOf(at)
		var view MissingHours
		bounds := s.dayBounds(params.HourRange{From: from, To: from + want[0] + want[1] + want[2]}, &view)
		var days []meter.Hour
		for i := range bounds[1:] {
			days = append(days, bounds[i+1]-bounds[i])
		}
		require.Equal(t, want, days)
		require.Len(t, view.Days, 3)
	}
}

// Of groups with equal counts the order is that of names.
func TestGroupsWithMostMissingHours(t *testing.T) {
	v := MissingHours{Days: make([]MissingDay, 1)}
	v.count([]reader.GroupDays{
		{Name: "a", Due: []int64{24}, Reported: []int64{24}}, {Name: "b", Due: []int64{24}, Reported: []int64{20}},
		{Name: "c", Due: []int64{48}, Reported: []int64{40}}, {Name: "d", Due: []int64{24}, Reported: []int64{20}},
	}, 3)
	var names []string
	for _, g := range v.Groups {
		names = append(names, *g.ID)
	}
	require.Equal(t, []string{"c", "b", "d"}, names)
	require.Equal(t, MissingSum{Hours: 120, Missing: 16}, v.Days[0].MissingSum)
	require.Equal(t, 4, v.GroupCount)
}
