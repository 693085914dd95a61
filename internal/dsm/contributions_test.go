package dsm

import (
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// A decision about a limit names who moves how much for it, how likely the limit is exceeded without
// the plans and with them, and what remains.
func TestWhoHoldsALimitIsNamed(t *testing.T) {
	start := meter.Hour(434_000)
	d := Decision{
		ID: uuid.New(), Group: "north", IssuedAt: start - 6, ValidFrom: start, ValidTo: start + 2, Action: ActionPeakShave, Reason: ReasonGroupLimit,
		Plan: []float32{-3, 3}, KWhShifted: 3, PeakBefore: 12, PeakAfter: 9, CapKW: 10,
	}
	all := []Contribution{{"a", 1.5}, {"b", .75}, {"c", .5}, {"d", .25}}
	for name, c := range map[string]struct {
		by           Contributions
		before, rest float32
		want         []string
	}{
		"one meter": {Contributions{Meters: 1, KWh: 1.5, Top: all[:1]}, .6, 0, []string{
			"The probability that it is exceeded in some hour falls from 60 % to 8 %.", "For the limit, a (1.5 kWh) moves load.",
		}},
		"as many as are named": {Contributions{Meters: 3, KWh: 2.75, Top: all[:3]}, .08, .004, []string{
			"The probability that it is exceeded in some hour stays at 8 %.", "For the limit, a (1.5 kWh), b (0.75 kWh) and c (0.5 kWh) move load.",
		}},
		"one more": {Contributions{Meters: 4, KWh: 3, Top: all}, .6, .12, []string{
			"The probability that it is exceeded in some hour falls from 60 % to 8 %; 0.12 kWh above it are expected to remain.",
			"For the limit, a (1.5 kWh), b (0.75 kWh), c (0.5 kWh) and one other meter (0.25 kWh together) move load.",
		}},
		"many": {Contributions{Meters: 40, KWh: 13, Top: all}, .6, 0, []string{
			"The probability that it is exceeded in some hour falls from 60 % to 8 %.",
			"For the limit, a (1.5 kWh), b (0.75 kWh), c (0.5 kWh) and 37 other meters (10.2 kWh together) move load.",
		}},
		"nobody is known": {Contributions{}, .6, 0, []string{"The probability that it is exceeded in some hour falls from 60 % to 8 %."}},
	} {
		t.Run(name, func(t *testing.T) {
			d.Factors = []WeightedFactor{{FactorExceedBefore, c.before}, {FactorExceedAfter, .08}, {FactorExcessEnergy, c.rest}}
			why := Explain(d, c.by, londonCalendar(t), "GBP").Why
			require.Equal(t, append([]string{"The forecast of north peaks at 12 kW, and its limit is 10 kW."}, c.want...), why)
		})
	}
	d.Action, d.Reason, d.Plan = ActionNone, ReasonNoFlexibility, nil
	d.Factors = []WeightedFactor{{FactorExceedBefore, .6}, {FactorExceedAfter, .6}, {FactorExcessEnergy, 2}}
	why := Explain(d, Contributions{}, londonCalendar(t), "GBP").Why
	require.Equal(t, "The probability that it is exceeded in some hour stays at 60 %; 2 kWh above it are expected to remain.", why[1])
}

// A meter's decision names the limit that it moves load for, also that of a group above its own.
func TestMeterNamesTheLimitItServes(t *testing.T) {
	start := meter.Hour(434_000)
	d := Decision{
		Meter: "a", Group: "north", IssuedAt: start - 6, ValidFrom: start, ValidTo: start + 2, Action: ActionPeakShave, Reason: ReasonGroupLimit,
		Plan: []float32{-1.5, 1.5}, KWhShifted: 1.5, Factors: []WeightedFactor{{FactorHeld, 1.5}},
	}
	for limitGroup, want := range map[string]string{"": "north", "substation": "substation"} {
		d.LimitGroup = limitGroup
		factors := Explain(d, Contributions{}, londonCalendar(t), "GBP").Factors
		require.Equal(t, []Remark{{"moved_for_limit", "The plan moves 1.5 kWh for the limit of " + want + "."}}, factors)
	}
}

// What the meters move for a limit adds up to the plan of the group, hour by hour: each flow is split
// among them.
func TestContributionsAddUp(t *testing.T) {
	p, err := NewPlanner(Policy{
		Mode: ModeAdvisory, Objective: Objective{Cost: 1, Peak: 1}, Tariff: Tariff{Currency: "GBP", Default: .2},
		Flexibility: Flexibility{ShiftableShare: .3, MaxIncrease: 1}, Groups: []Group{{Name: "north", CapacityKW: 6, Exceedance: .1}},
	}, londonCalendar(t), "twin")
	require.NoError(t, err)
	in := &GroupInput{Group: "north", IssuedAt: 434_000, Start: 434_000, Slots: 24, ActionableFrom: 434_000}
	for i, peak := range []float64{4, 2, 1} {
		q := make([]float64, 24)
		for k := range q {
			q[k] = .5
		}
		q[18] = peak
		in.Meters = append(in.Meters, MeterInput{Name: string(rune('a' + i)), LastReading: 433_999, Forecast: flatForecast(q)})
	}
	got := p.Plan(in, nil)
	about := got[3]
	require.Equal(t, ActionPeakShave, about.Action)
	total := float32(0)
	for i, d := range got[:3] {
		held := float32(0)
		for _, f := range d.Factors {
			if f.Factor == FactorHeld {
				held = f.Weight
			}
		}
		require.Positive(t, held, "meter %d", i)
		require.InDelta(t, d.KWhShifted, held, 1e-5, "nothing but the limit moves load")
		total += held
	}
	require.InDelta(t, about.KWhShifted, total, 1e-5)
}
