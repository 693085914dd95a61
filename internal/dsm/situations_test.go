package dsm

import (
	"math"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// thursday is 2019-03-14T00:00Z, a Thursday, local midnight in London.
const thursday meter.Hour = 431_256

// evening is a home with 1 kWh each hour and 4 kWh from 16:00 to 20:00.
func evening() []float64 {
	load := make([]float64, 24)
	for t := range load {
		load[t] = 1
		if t >= 16 && t < 20 {
			load[t] = 4
		}
	}
	return load
}

func homes(group string, loads ...[]float64) *GroupInput {
	in := &GroupInput{Group: group, IssuedAt: thursday, Start: thursday, Slots: 24, ActionableFrom: thursday}
	for i, load := range loads {
		in.Meters = append(in.Meters, MeterInput{
			Name: string(rune('a' + i)), Forecast: flatForecast(load), LastReading: thursday - 1,
		})
	}
	return in
}

func plan(t *testing.T, policy Policy, in *GroupInput) []Decision {
	t.Helper()
	p, err := NewPlanner(policy, londonCalendar(t), "default/riverside")
	require.NoError(t, err)
	return p.Plan(in, nil)
}

func TestThursdayIsThursday(t *testing.T) {
	require.Equal(t, "Thursday 14 March 2019, 00:00", londonCalendar(t).Local(thursday).Format("Monday 2 January 2006, 15:04"))
}

// TestPriceShiftByHand: prices 0.15 to 07:00, 0.40 from 16:00 to 20:00, else
// 0.25; a fifth of the load may move 6 hours, an hour gains 2 kWh at most.
// From 16:00 to 20:00 0.8 kWh an hour move to 0.25; from 07:00 to 13:00 0.2 kWh
// an hour move to 0.15. Hours from 10:00 to 13:00 do both, so the changes show less.
func TestPriceShiftByHand(t *testing.T) {
	got := plan(t, dayPolicy(), homes("", evening()))
	require.Len(t, got, 1, "a group with no limit has no decision of its own")
	d := got[0]
	require.Equal(t, ActionLoadShift, d.Action)
	require.Equal(t, ReasonPriceSpread, d.Reason)
	planned := 3.2*0.15 + 1.2*0.10
	require.InDelta(t, planned, d.SavingP90, 0.01*planned, "the plan moves no more when there is more")
	require.Less(t, d.SavingP50, d.SavingP90, "and less when there is less")
	require.Greater(t, float64(d.SavingP10), 0.75*planned, "of 80 % of the load")
	require.Less(t, d.SavingP10, d.SavingP50)
	require.Equal(t, float32(1), d.Confidence)
	require.InDelta(t, 4, d.PeakBefore, 1e-6)
	require.InDelta(t, 3.2, d.PeakAfter, 1e-5)
	require.InDelta(t, 0.8, d.KWReduction, 1e-5)
	require.InDelta(t, 4*24/36.0, d.PARBefore, 1e-5)
	require.True(t, math.IsNaN(float64(d.CO2Kg)), "no carbon series")
	require.True(t, math.IsNaN(float64(d.CapKW)))
	require.Equal(t, thursday, d.ValidFrom)
	require.Equal(t, thursday+24, d.ValidTo)
	require.Contains(t, d.Binding, ConstraintShiftableShare)
	require.Contains(t, d.Binding, ConstraintMaxShift, "the night is too far from the evening")
	require.Equal(t, Alternative{ActionNone, ReasonLowerSaving, -d.SavingP50}, d.Alternatives[0])
	for s := 7; s < 10; s++ {
		require.InDelta(t, -0.2, d.Plan[s], 1e-6)
	}
	for s := 16; s < 20; s++ {
		require.InDelta(t, -0.8, d.Plan[s], 1e-6)
	}
	var down, night float32
	for s, c := range d.Plan {
		down += max(-c, 0)
		if s < 7 {
			night += c
		}
	}
	require.InDelta(t, 1.2, night, 1e-5)
	require.InDelta(t, down, d.KWhShifted, 1e-5)
}

func TestThresholdSeparatesTheHours(t *testing.T) {
	policy := dayPolicy()
	policy.Flexibility.MaxShiftHours = 0
	d := plan(t, policy, homes("", evening()))[0]
	require.InDelta(t, 0.20, d.PriceThresh, 1e-6, "half-way between 0.15 and 0.25")
}

func TestReasonsForDoingNothing(t *testing.T) {
	for want, change := range map[Reason]func(*Policy, *GroupInput){
		ReasonStaleInput:       func(_ *Policy, in *GroupInput) { in.Meters[0].LastReading = thursday - 4 },
		ReasonSuspectInput:     func(_ *Policy, in *GroupInput) { in.Meters[0].Suspects = 1 },
		ReasonInsufficientData: func(_ *Policy, in *GroupInput) { in.Meters[0].MissingShare = 0.26 },
		ReasonNoForecast: func(_ *Policy, in *GroupInput) {
			for s := range in.Meters[0].Forecast.P50 {
				in.Meters[0].Forecast.P50[s] = float32(math.NaN())
			}
		},
		ReasonNoFlexibility:  func(p *Policy, _ *GroupInput) { p.Flexibility.ShiftableShare = 0 },
		ReasonNoSpread:       func(p *Policy, _ *GroupInput) { p.Tariff.Periods = nil },
		ReasonBelowMinSaving: func(p *Policy, _ *GroupInput) { p.MinSaving = 0.61 },
	} {
		policy, in := dayPolicy(), homes("", evening())
		change(&policy, in)
		d := plan(t, policy, in)[0]
		require.Equal(t, ActionNone, d.Action, want)
		require.Equal(t, want, d.Reason)
		require.Nil(t, d.Plan)
		require.Zero(t, d.KWhShifted)
		require.Equal(t, want == ReasonStaleInput, d.Stale)
	}
}

func TestLimitsOfInputAreInclusive(t *testing.T) {
	policy, in := dayPolicy(), homes("", evening())
	in.Meters[0].LastReading, in.Meters[0].MissingShare = thursday-3, 0.25
	require.Equal(t, ActionLoadShift, plan(t, policy, in)[0].Action)
	policy.MinSaving = 0.54
	require.Equal(t, ActionLoadShift, plan(t, policy, in)[0].Action)
	in.Meters[0].LastReading = meter.NoHour
	require.Equal(t, ReasonStaleInput, plan(t, policy, in)[0].Reason)
	policy.Freshness = 0
	require.Equal(t, ActionLoadShift, plan(t, policy, in)[0].Action, "0 checks nothing")
}

func TestHysteresisKeepsYesterdaysPlan(t *testing.T) {
	policy, in := dayPolicy(), homes("", evening())
	best := plan(t, policy, in)[0]
	previous := make([]float32, in.Slots)
	for s, c := range best.Plan {
		previous[s] = 0.95 * c
	}
	in.Meters[0].Previous = previous
	policy.Hysteresis = 0.1
	d := plan(t, policy, in)[0]
	require.Equal(t, ReasonHysteresis, d.Reason)
	require.InDeltaSlice(t, previous, d.Plan, 1e-6)

	policy.Hysteresis = 0.02
	d = plan(t, policy, in)[0]
	require.Equal(t, ReasonPriceSpread, d.Reason, "the new plan is 5 % better")
	require.InDeltaSlice(t, best.Plan, d.Plan, 1e-6)
}

func TestPreviousPlanThatNoLongerFitsIsDropped(t *testing.T) {
	policy := dayPolicy()
	policy.Hysteresis, policy.Flexibility.MaxShiftHours = 10, 2
	far := make([]float32, 24)
	far[18], far[3] = -0.5, 0.5 // 14:00 and 15:00 can pass on 0.4 kWh
	lossy := make([]float32, 24)
	lossy[18], lossy[20] = -0.5, 0.3
	for name, previous := range map[string][]float32{
		"too far": far, "energy lost": lossy, "another length": make([]float32, 25), "nothing": make([]float32, 24),
	} {
		in := homes("", evening())
		in.Meters[0].Previous = previous
		require.Equal(t, ReasonPriceSpread, plan(t, policy, in)[0].Reason, name)
	}
	in := homes("", evening())
	big := make([]float32, 24)
	big[18], big[20] = -2, 2 // only 0.8 kWh may leave 18:00
	in.Meters[0].Previous = big
	d := plan(t, policy, in)[0]
	require.Equal(t, ReasonHysteresis, d.Reason)
	require.InDelta(t, 0.8, d.KWhShifted, 1e-6, "shrunk to what may move")
}

// flat is a tariff with one price, so that only group limits act.
func flat(capacity float64) Policy {
	p := dayPolicy()
	p.Tariff.Periods = nil
	p.Groups[0].CapacityKW = capacity
	return p
}

func TestGroupLimitIsSharedByFlexibility(t *testing.T) {
	double := evening()
	for s := range double {
		double[s] *= 2
	}
	got := plan(t, flat(11), homes("feeder-1", evening(), double)) // the sum peaks at 12
	require.Len(t, got, 3)
	group := got[2]
	require.Equal(t, "feeder-1", group.Group)
	require.Empty(t, group.Meter)
	require.Equal(t, ActionPeakShave, group.Action)
	require.Equal(t, ReasonGroupLimit, group.Reason)
	require.InDelta(t, 12, group.PeakBefore, 1e-5)
	require.InDelta(t, 11, group.PeakAfter, 1e-5)
	require.InDelta(t, 4, group.KWhShifted, 1e-5)
	for s, c := range group.Plan {
		require.InDelta(t, got[0].Plan[s]+got[1].Plan[s], c, 1e-5, "the sum of the allocations")
		require.InDelta(t, 2*got[0].Plan[s], got[1].Plan[s], 1e-5, "in proportion to flexibility")
	}
	require.Equal(t, ActionPeakShave, got[0].Action)
	require.Equal(t, ReasonGroupLimit, got[0].Reason)
	require.Contains(t, got[0].Binding, ConstraintCapacity)
}

func TestGroupWithinLimit(t *testing.T) {
	group := plan(t, flat(12.5), homes("feeder-1", evening(), evening(), evening()))[3]
	require.Equal(t, ActionNone, group.Action)
	require.Equal(t, ReasonWithinLimit, group.Reason)
	require.Equal(t, float32(12.5), group.CapKW)
}

func TestGroupBeyondReachSaysWhatHoldsItBack(t *testing.T) {
	group := plan(t, flat(2), homes("feeder-1", evening()))[1]
	require.Equal(t, ActionPeakShave, group.Action)
	require.InDelta(t, 3.2, group.PeakAfter, 1e-5, "a fifth of 4 kW is the most")
	require.InDelta(t, 2, group.CapKW, 1e-5, "the cap is the limit, not what is left of the peak")
	require.Equal(t, []Constraint{ConstraintShiftableShare}, group.Binding)
}

func TestPeakWeightZeroLeavesLimitsAlone(t *testing.T) {
	policy := flat(2)
	policy.Objective.Peak = 0
	require.Len(t, plan(t, policy, homes("feeder-1", evening())), 1)
}

// TestPriceShiftDoesNotOverloadTheGroup: at night there is room for 0.5 kW.
func TestPriceShiftDoesNotOverloadTheGroup(t *testing.T) {
	policy := dayPolicy()
	policy.Groups[0].CapacityKW = 4.5
	night := make([]float64, 24)
	for s := range night {
		night[s] = 4
	}
	got := plan(t, policy, homes("feeder-1", night))
	for s, c := range got[0].Plan {
		require.LessOrEqual(t, 4+c, float32(4.5001), "slot %d", s)
	}
	require.Contains(t, got[0].Binding, ConstraintCapacity)
	require.Equal(t, ReasonWithinLimit, got[1].Reason)
}

func TestBadInputGivesNothingToTheGroup(t *testing.T) {
	in := homes("feeder-1", evening(), evening())
	in.Meters[0].MissingShare = 0.5
	got := plan(t, flat(7.5), in)
	require.Equal(t, ReasonInsufficientData, got[0].Reason)
	require.Equal(t, ActionPeakShave, got[1].Action)
	require.InDelta(t, 7.5, got[2].PeakAfter, 1e-5)
}

func TestExportIsWorthItsOwnPrice(t *testing.T) {
	load := evening()
	for s := 10; s < 15; s++ {
		load[s] = -2 // the sun
	}
	policy := dayPolicy()
	policy.Tariff.Export = 0.05
	policy.Flexibility.MaxIncrease = 1
	d := plan(t, policy, homes("", load))[0]
	require.Equal(t, ActionPVSelfConsume, d.Action)
	require.Equal(t, ReasonOwnSun, d.Reason)
	// The evening, the expensive hours from 07:00 to 10:00, 15:00 and 20:00, and the
	// cheap ones from 04:00 to 07:00, are within 6 hours of the sun.
	require.InDelta(t, 4*0.8+5*0.2+3*0.2, d.KWhShifted, 1e-5)
	planned := 3.2*(0.40-0.05) + 1.0*(0.25-0.05) + 0.6*(0.15-0.05)
	require.InDelta(t, planned, d.SavingP90, 0.02*planned)
}

func TestExportTakesNoMoreThanItFeedsIn(t *testing.T) {
	load := evening()
	load[15] = -0.5
	policy := dayPolicy()
	policy.Tariff.Periods, policy.Tariff.Export = nil, 0.05
	d := plan(t, policy, homes("", load))[0]
	require.InDelta(t, 0.5, d.Plan[15], 1e-6, "more would be bought at the full price")
	require.InDelta(t, 0.5*(0.25-0.05), d.SavingP50, 1e-6)
}

// TestNegativePricesWithReboundMoveNothingAbout: below zero a load that grows when
// moved would gain by moving to and fro.
func TestNegativePricesWithReboundMoveNothingAbout(t *testing.T) {
	policy := dayPolicy()
	policy.Tariff.Periods, policy.Tariff.Default = nil, -0.1
	policy.Flexibility.Rebound = 0.2
	require.Equal(t, ReasonNoSpread, plan(t, policy, homes("", evening()))[0].Reason)
}

// TestLoadIsSpreadOverNearEqualHours: night prices that differ by less than a
// hundredth of the day's range share the load, not the cheapest hour alone.
func TestLoadIsSpreadOverNearEqualHours(t *testing.T) {
	policy := dayPolicy()
	policy.Flexibility.MaxShiftHours = 0
	for s := range 24 {
		price := 0.40
		if s < 6 {
			price = 0.15 + 0.0003*float64(s)
		}
		policy.Tariff.Series = append(policy.Tariff.Series, Point{Unix: (thursday + meter.Hour(s)).Unix(), Value: price})
	}
	d := plan(t, policy, homes("", evening()))[0]
	require.Equal(t, ActionLoadShift, d.Action)
	for s := range 6 {
		require.InDelta(t, d.KWhShifted/6, d.Plan[s], 1e-5)
	}
}

func TestCarbonObjective(t *testing.T) {
	policy, in := dayPolicy(), homes("", evening())
	policy.Tariff.Periods = nil
	for s := range 24 {
		kg := 0.3
		if s < 16 {
			kg = 0.1
		}
		policy.Tariff.Carbon = append(policy.Tariff.Carbon, Point{Unix: (thursday + meter.Hour(s)).Unix(), Value: kg})
	}
	require.Equal(t, ReasonNoSpread, plan(t, policy, in)[0].Reason)
	policy.Objective.Carbon = 0.1
	d := plan(t, policy, in)[0]
	require.Equal(t, ActionLoadShift, d.Action)
	require.InDelta(t, 0.19*d.KWhShifted, d.CO2Kg, 0.01*float64(d.KWhShifted))
	require.InDelta(t, 0, d.SavingP50, 1e-6, "the bill stays")
	require.Equal(t, float32(1), d.Confidence)
}

func TestSameInputSameBytesAlsoInParallel(t *testing.T) {
	p, err := NewPlanner(dayPolicy(), londonCalendar(t), "default/riverside")
	require.NoError(t, err)
	inputs := []*GroupInput{benchDay("feeder-1", 30), homes("", evening()), homes("feeder-1", evening(), evening())}
	var want [][]Decision
	for _, in := range inputs {
		want = append(want, p.Plan(in, nil))
	}
	var wg sync.WaitGroup
	got := make([][][]Decision, 8)
	for g := range got {
		wg.Go(func() {
			for range 20 {
				got[g] = nil
				for _, in := range inputs {
					got[g] = append(got[g], p.Plan(in, nil))
				}
			}
		})
	}
	wg.Wait()
	for g := range got {
		for i := range inputs {
			require.Len(t, got[g][i], len(want[i]))
			for k := range want[i] {
				require.Equal(t, want[i][k].ID, got[g][i][k].ID)
				require.Equal(t, want[i][k].Plan, got[g][i][k].Plan)
				require.Equal(t, want[i][k].SavingP50, got[g][i][k].SavingP50)
			}
		}
	}
}

func TestIDsAreOfTwinSubjectTimeAndPolicy(t *testing.T) {
	cal, policy, in := londonCalendar(t), dayPolicy(), homes("feeder-1", evening(), evening())
	in.Meters[0].Name = "feeder-1" // a meter named as its group
	seen := map[uuid.UUID]bool{}
	ids := func(twin string, p Policy) {
		planner, err := NewPlanner(p, cal, twin)
		require.NoError(t, err)
		for _, d := range planner.Plan(in, nil) {
			require.Equal(t, uuid.Version(5), d.ID.Version())
			require.Equal(t, uuid.RFC4122, d.ID.Variant())
			require.False(t, seen[d.ID])
			seen[d.ID] = true
		}
	}
	ids("default/riverside", policy)
	ids("default/other", policy)
	policy.MinSaving = 0.01
	ids("default/riverside", policy)
	in.IssuedAt, in.Start = in.IssuedAt+24, in.Start+24
	ids("default/riverside", policy)
	require.Len(t, seen, 12)
}

func TestModeOffDecidesNothing(t *testing.T) {
	policy := dayPolicy()
	policy.Mode = ModeOff
	require.Empty(t, plan(t, policy, homes("feeder-1", evening())))
}
