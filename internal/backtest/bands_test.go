package backtest

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// TestBandsFollowTheirDefinitions, on two hours of a Sunday that are small enough to
// check by hand.
func TestBandsFollowTheirDefinitions(t *testing.T) {
	cal := london(t)
	sunday := meter.HourOf(cal.Local(430_000).Truncate(24 * 3600e9))
	for cal.Local(sunday).Weekday() != 0 {
		sunday += meter.HoursPerDay
	}
	nan := math.NaN()
	var b bandTally
	b.add(cal.Local(sunday), 0, 10, 14, 8, 11, 12)                  // inside
	b.add(cal.Local(sunday+1), 1, 10, 6, 11, 13, 15)                // below
	b.add(cal.Local(sunday+2), 2, 10, 12, nan, nan, nan)            // nothing to say: last week, 12, is all three
	pinballs := (.1*2+.5*1+.1*2)/3 + (.9*1+.5*3+.9*0+.1*5)/3 + 2./2 // the last by hand: half of |10-12|
	require.InDelta(t, pinballs, b.pinball, 1e-12)

	got := bandsOf([]*bandTally{&b}, 3)
	require.InDelta(t, (1.+3+2)/(4+4+2), got.RelMAE, 1e-12)
	require.InDelta(t, pinballs/5, got.Pinball, 1e-12)
	require.InDelta(t, (4.+4)/10, got.Width, 1e-12)
	require.InDelta(t, (1.+3+2)/30, got.Bias, 1e-12)
	require.InDelta(t, .5, got.Coverage80, 1e-12)
	require.Nil(t, got.ByWeekday[0])
	require.InDelta(t, .5, *got.ByWeekday[6], 1e-12, "Sunday is the last")
	require.InDelta(t, 1, *got.ByLead[0], 1e-12)
	require.Zero(t, *got.ByLead[1])
	require.Nil(t, got.ByLead[2])
	hour := cal.Local(sunday).Hour()
	require.InDelta(t, 1, *got.ByHour[hour], 1e-12)
}

func TestSumOfAGroup(t *testing.T) {
	meters := make([]*Series, 10)
	for i := range meters {
		meters[i] = &Series{Meter: string(rune('a' + i))}
		for h := range meter.Hour(400) {
			meters[i].Put(h, float32(i))
		}
	}
	nan := float32(math.NaN())
	gap := func(h meter.Hour, of ...int) {
		for _, i := range of {
			meters[i].KWh[h] = nan
		}
	}
	gap(5, 9)       // nothing a week before the first week: it is not expected
	gap(300, 9)     // one of ten: its value of a week before
	gap(301, 9, 8)  // two of ten are too many
	gap(302, 9)     // and one that was
	gap(302-168, 9) // missing a week before as well: not expected
	s := sumOf("g", meters)
	require.Equal(t, float32(45), s.At(0))
	require.Equal(t, float32(36), s.At(5))
	require.Equal(t, float32(45), s.At(300))
	require.True(t, math.IsNaN(float64(s.At(301))))
	require.Equal(t, float32(36), s.At(302))
}

// Forecasts of groups beside the meters' added up, whose intervals are too wide.
func TestGroupsAreScored(t *testing.T) {
	all := homes(t, 9)
	o := options(t, london(t))
	o.Groups = GroupsOf(all, 4)
	require.Equal(t, []int{4, 4, 1}, []int{len(o.Groups[0].Meters), len(o.Groups[1].Meters), len(o.Groups[2].Meters)})
	r, err := Run(t.Context(), all, o)
	require.NoError(t, err)
	g := r.Groups
	require.Len(t, g.List, 3)
	require.Empty(t, g.LeftOut)
	require.Equal(t, 9, g.Total.Meters)
	require.Greater(t, g.Total.Added.Coverage80, g.Total.Own.Coverage80+.05)
	require.Greater(t, g.Total.Added.Width, 1.2*g.Total.Own.Width)
	require.Less(t, g.Total.Own.RelMAE, 1.0)

	// A group of one meter is that meter.
	one := g.List[2]
	require.Equal(t, one.Own, one.Added)

	// Meters are scored as without groups.
	o.Groups = nil
	alone, err := Run(t.Context(), all, o)
	require.NoError(t, err)
	r.Groups = nil
	require.Equal(t, alone, r)
}

// A group without a meter that is forecast counts for nothing and is named.
func TestGroupWithoutReadingsIsLeftOut(t *testing.T) {
	all := append(homes(t, 1), &Series{Meter: "empty"})
	o := options(t, london(t))
	o.Groups = []Group{{Name: "none", Meters: []string{"empty"}}, {Name: "one", Meters: []string{all[0].Meter, "empty"}}}
	r, err := Run(t.Context(), all, o)
	require.NoError(t, err)
	require.Equal(t, "none", r.Groups.LeftOut[0].Meter)
	require.Equal(t, NoReadings, r.Groups.LeftOut[0].Reason)
	require.Equal(t, 1, r.Groups.List[0].Meters)
}

// The newest of forecasts that are issued again: each hour counts once, by a forecast
// that is younger than the time between two.
func TestNewestOfAReissue(t *testing.T) {
	cal := london(t)
	run := func(s twin.Settings) *Report {
		s.Timezone = cal.Location().String()
		rules, err := RulesOf(s)
		require.NoError(t, err)
		o := options(t, cal)
		o.RulesOf = func(string) *twin.Rules { return rules }
		r, err := Run(t.Context(), homes(t, 3), o)
		require.NoError(t, err)
		return r
	}
	once, again := run(twin.Settings{}), run(twin.Settings{Reissue: 6})
	require.Equal(t, 24, len(once.Bands.ByLead))
	require.Equal(t, 6, len(again.Bands.ByLead))
	require.Equal(t, once.Days, again.Days)
	for m := range methods {
		if m != combined {
			require.Equal(t, once.Models[m].ByHour, again.Models[m].ByHour, "%s is not issued again", once.Models[m].Name)
			require.InDelta(t, once.Models[m].RelMAE, again.Models[m].RelMAE, 1e-12)
		}
	}
	require.NotEqual(t, once.Models[combined].RelMAE, again.Models[combined].RelMAE)
	require.Equal(t, 6, again.Reissue)

	noon := run(twin.Settings{IssueAt: "12:00"})
	require.Equal(t, "12:00", noon.IssueAt)
	require.Equal(t, 60, noon.Days)
	require.NotEqual(t, once.Models[naiveDay].ByLead[0], noon.Models[naiveDay].ByLead[0])
}
