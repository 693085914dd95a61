package backtest

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// The bounds are those of R's qbinom(c(.025, .975), n, p)/n.
func TestBinomialBand(t *testing.T) {
	for _, c := range []struct {
		n           int
		p           float64
		least, most float64
	}{{20, .1, 0, 5}, {100, .2, 12, 28}, {1000, .05, 37, 64}, {3, .5, 0, 3}, {10, 0, 0, 0}, {10, 1, 10, 10}} {
		least, most := binomialBand(c.n, c.p)
		require.InDelta(t, c.least, least*float64(c.n), 1e-9, c)
		require.InDelta(t, c.most, most*float64(c.n), 1e-9, c)
	}
}

// limits are those of a policy in which a fifth of each hour may move anywhere.
func limits(t *testing.T, cal *meter.Calendar, quantile float64, groups ...dsm.Group) *Limits {
	t.Helper()
	l, err := NewLimits(dsm.Policy{
		Tariff: dsm.Tariff{Currency: "GBP", Default: 0.2}, Groups: groups, Objective: dsm.Objective{Cost: 1, Peak: 1},
		Flexibility: dsm.Flexibility{ShiftableShare: 0.2, MaxIncrease: 1},
	}, cal, quantile)
	require.NoError(t, err)
	return l
}

// Loads that are drawn from what forecasts state lie within the band of each class. Where they are
// drawn with half the spread, the table shows it.
func TestStatedRiskIsComparedWithWhatCame(t *testing.T) {
	within := func(spread float64) (good int) {
		cal := london(t)
		s := &Series{Meter: "feeder", From: 430_000, KWh: make([]float32, 40_000)}
		c, err := limits(t, cal, 0, dsm.Group{Name: "feeder", CapacityKW: 100, Exceedance: .1}).score(s, s.From)
		require.NoError(t, err)
		r := rand.New(rand.NewPCG(1, 2))
		const decile = 1.2815515655446004
		d := day{hours: 24, today: 24, scored: 24}
		for d.origin = s.From; d.origin < s.End()-24; d.origin += 24 {
			for i := range d.hours {
				middle, up, down := 60+30*r.Float64(), 5+15*r.Float64(), 5.0
				d.low[i], d.path[combined][i], d.high[i] = float32(middle-decile*down), float32(middle), float32(middle+decile*up)
				z := r.NormFloat64() * spread
				s.KWh[int(d.origin-s.From)+i] = float32(middle + max(z, 0)*up + min(z, 0)*down)
			}
			c.takeHours(s, &d)
		}
		report := limitsReport(0, []*limitScore{nil, c})
		require.Len(t, report.List, 1)
		hours := 0
		for _, b := range report.Bands {
			hours += b.Hours
			if b.Hours > 0 && b.Within() {
				good++
			}
		}
		require.Equal(t, c.hours, hours)
		require.Equal(t, 4, len(report.Bands)-1)
		return good
	}
	require.Equal(t, 4, within(1), "no forecast is above the limit")
	require.LessOrEqual(t, within(.5), 1)
}

// A day on which the first of two hours exceeds the limit, and room is in the second, computed by hand.
func TestDaysAreHeldByPlans(t *testing.T) {
	cal := london(t)
	origin := meter.Hour(430_008)
	flat := func(kwh ...float32) []float32 {
		out := slices.Repeat([]float32{1}, 24)
		copy(out, kwh)
		return out
	}
	for name, c := range map[string]struct {
		forecast, actual []float32 // of each of two equal meters
		want             HeldDays
	}{
		"within the limit":     {flat(4), flat(4), HeldDays{Days: 1, Held: HeldCount{Days: 1}}},
		"held":                 {flat(5.5), flat(5.5), HeldDays{Days: 1, Held: HeldCount{Days: 1, Without: 1}, HeldRisk: HeldCount{Days: 1, Without: 1}}},
		"more than forecast":   {flat(5.5), flat(6.5), HeldDays{Days: 1, Held: HeldCount{Days: 1, Exceeded: 1, Without: 1}, HeldRisk: HeldCount{Days: 1, Exceeded: 1, Without: 1}}},
		"nothing was forecast": {flat(4), flat(5.5), HeldDays{Days: 1, Held: HeldCount{Days: 1, Exceeded: 1, Without: 1}}},
		"too little can move":  {flat(9), flat(4), HeldDays{Days: 1, Lacked: 1}},
	} {
		t.Run(name, func(t *testing.T) {
			sum := &Series{Meter: "feeder", From: origin}
			a, b := &Series{Meter: "a", From: origin, KWh: c.actual}, &Series{Meter: "b", From: origin, KWh: c.actual}
			d := &day{origin: origin, hours: 24, today: 24}
			for i, v := range c.forecast {
				sum.KWh = append(sum.KWh, 2*c.actual[i])
				d.low[i], d.path[combined][i], d.high[i] = 2*v, 2*v, 2*v
			}
			k := &kept{origin: origin, low: c.forecast, middle: c.forecast, high: c.forecast}
			score, err := limits(t, cal, 0, dsm.Group{Name: "feeder", CapacityKW: 10, Exceedance: .1}).score(sum, origin)
			require.NoError(t, err)
			score.takeDay(sum, d, []member{{a, k}, {b, k}})
			score.held.Held.Stated, score.held.HeldRisk.Stated = 0, 0
			require.Equal(t, c.want, score.held)
		})
	}
}

// Groups without a named limit get one at a quantile of their own hours; each of their hours and days counts.
func TestLimitsOfGroups(t *testing.T) {
	all := homes(t, 9)
	o := options(t, london(t))
	o.Groups = GroupsOf(all, 4)
	rules, err := RulesOf(twin.Settings{Timezone: o.Calendar.Location().String(), Policy: dsm.Policy{Mode: dsm.ModeAdvisory, LeadHours: 6}})
	require.NoError(t, err)
	o.RulesOf = func(string) *twin.Rules { return rules }
	alone, err := Run(t.Context(), all, o)
	require.NoError(t, err)
	require.Nil(t, alone.Groups.Limits)

	o.Limits = limits(t, o.Calendar, 0.95, dsm.Group{Name: "group-0002", CapacityKW: 3, Exceedance: .3})
	r, err := Run(t.Context(), all, o)
	require.NoError(t, err)
	l := r.Groups.Limits
	require.Equal(t, 0.95, l.Quantile)
	require.Len(t, l.List, 3)
	require.Equal(t, 3.0, l.List[1].CapacityKW)
	require.Equal(t, 0.3, l.List[1].Exceedance)
	require.Equal(t, 0.1, l.List[0].Exceedance)
	sum := sumOf("", all[:4])
	above := 0
	before := sum.KWh[:len(sum.KWh)-60*24]
	for _, v := range before {
		if float64(v) > l.List[0].CapacityKW {
			above++
		}
	}
	require.InDelta(t, 0.05*float64(len(before)), above, 3, "the limit lies at the quantile of the hours before the forecasts")
	hours, days := 0, 0
	for _, b := range l.Bands {
		hours += b.Hours
	}
	for _, g := range l.List {
		days += g.Held.Days
		require.Equal(t, g.Held.Days, g.Held.Lacked+g.Held.Held.Days)
		require.LessOrEqual(t, g.Held.HeldRisk.Days, g.Held.Held.Days)
	}
	require.Positive(t, l.Held.HeldRisk.Days)
	require.Equal(t, 3*60*24, hours)
	require.Equal(t, days, l.Held.Days)
	require.Equal(t, 3*60, days)
	r.Groups.Limits = nil
	require.Equal(t, alone, r, "forecasts are scored as without limits")
}
