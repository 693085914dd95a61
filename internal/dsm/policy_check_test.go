package dsm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
)

func TestCheckNamesTheField(t *testing.T) {
	for want, spoil := range map[string]func(*Policy){
		`policy.mode: "On" is unknown`:                                  func(p *Policy) { p.Mode = "On" },
		`policy.objective.cost: -1 is negative`:                         func(p *Policy) { p.Objective.Cost = -1 },
		`policy.objective.carbon: NaN is not a number`:                  func(p *Policy) { p.Objective.Carbon = math.NaN() },
		`policy.tariff.currency: "pounds" is no ISO 4217 code`:          func(p *Policy) { p.Tariff.Currency = "pounds" },
		`policy.tariff.default: +Inf is not a number`:                   func(p *Policy) { p.Tariff.Default = math.Inf(1) },
		`policy.tariff.periods[1].start: "25:00" is no time of day`:     func(p *Policy) { p.Tariff.Periods[1].Start = "25:00" },
		`policy.tariff.periods[0].start: "24:00" is no time of day`:     func(p *Policy) { p.Tariff.Periods[0].Start = "24:00" },
		`policy.tariff.periods[0].end: "7:00" is no time of day`:        func(p *Policy) { p.Tariff.Periods[0].End = "7:00" },
		`policy.tariff.periods[0].days: "Mon" is unknown`:               func(p *Policy) { p.Tariff.Periods[0].Days = "Mon" },
		`policy.tariff.series[0].t: 1800 is not the start of an hour`:   func(p *Policy) { p.Tariff.Series = []Point{{Unix: 1800}} },
		`policy.tariff.carbon[1].t: 3600 comes twice`:                   func(p *Policy) { p.Tariff.Carbon = []Point{{Unix: 3600}, {Unix: 3600}} },
		`policy.flexibility.shiftableShare: 15 is no share`:             func(p *Policy) { p.Flexibility.ShiftableShare = 15 },
		`policy.flexibility.maxShiftHours: -1 is negative`:              func(p *Policy) { p.Flexibility.MaxShiftHours = -1 },
		`policy.flexibility.rebound: -0.1 is negative`:                  func(p *Policy) { p.Flexibility.Rebound = -0.1 },
		`policy.groups[0].name: is empty`:                               func(p *Policy) { p.Groups[0].Name = "" },
		`policy.groups[1].name: "feeder-1" comes twice`:                 func(p *Policy) { p.Groups = append(p.Groups, p.Groups[0]) },
		`policy.groups[0].capacityKW: -5 is negative`:                   func(p *Policy) { p.Groups[0].CapacityKW = -5 },
		`policy.minSaving: -1 is negative`:                              func(p *Policy) { p.MinSaving = -1 },
		`policy.freshnessHours: -1 is negative; use 1 or more, or 0 fo`: func(p *Policy) { p.Freshness = -1 },
	} {
		p := dayPolicy()
		spoil(&p)
		_, err := NewPlanner(p, londonCalendar(t), "default/riverside")
		require.ErrorContains(t, err, want)
	}
}

func TestCheckReportsAllFaults(t *testing.T) {
	p := dayPolicy()
	p.Mode, p.MinSaving = "", -1
	require.ErrorContains(t, p.Check(), "policy.mode")
	require.ErrorContains(t, p.Check(), "policy.minSaving")
}

func TestHashFollowsThePolicy(t *testing.T) {
	p, q := dayPolicy(), dayPolicy()
	first, err := p.Hash()
	require.NoError(t, err)
	require.Len(t, first, 64)
	second, err := q.Hash()
	require.NoError(t, err)
	require.Equal(t, first, second)
	q.Tariff.Periods[0].Price += 0.01
	second, err = q.Hash()
	require.NoError(t, err)
	require.NotEqual(t, first, second)
	q.MinSaving = math.NaN()
	_, err = q.Hash()
	require.Error(t, err)
}

func TestCodesReadBack(t *testing.T) {
	for a := ActionNone; a <= ActionPVSelfConsume; a++ {
		got, err := ParseAction(a.String())
		require.NoError(t, err)
		require.Equal(t, a, got)
	}
	for r := ReasonUnknown; r <= ReasonOutOfReach; r++ {
		got, err := ParseReason(r.String())
		require.NoError(t, err)
		require.Equal(t, r, got)
	}
	for f := FactorPriceSpread; f <= FactorMissing; f++ {
		got, err := ParseFactor(f.String())
		require.NoError(t, err)
		require.Equal(t, f, got)
	}
	for c := ConstraintShiftableShare; c <= ConstraintCapacity; c++ {
		got, err := ParseConstraint(c.String())
		require.NoError(t, err)
		require.Equal(t, c, got)
	}
	_, err := ParseAction("load-shift")
	require.ErrorContains(t, err, `action "load-shift" is unknown; use one of [none load_shift`)
	_, err = ParseFactor("")
	require.Error(t, err, "a number without a name has no code")
	require.Equal(t, "reason_99", Reason(99).String())
}
