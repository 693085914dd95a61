package dsm

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

func londonCalendar(t require.TestingT) *meter.Calendar {
	cal, err := meter.NewCalendar("Europe/London")
	require.NoError(t, err)
	return cal
}

func dayPolicy() Policy {
	return Policy{
		Mode:      ModeAdvisory,
		Objective: Objective{Cost: 1, Peak: 1},
		Tariff: Tariff{Currency: "GBP", Default: 0.25, Periods: []Period{
			{Name: "night", Days: "All", Start: "00:00", End: "07:00", Price: 0.15},
			{Name: "peak", Days: "Weekdays", Start: "16:00", End: "20:00", Price: 0.40},
		}},
		Flexibility: Flexibility{ShiftableShare: 0.2, MaxShiftHours: 6, MaxIncrease: 0.5},
		Groups:      []Group{{Name: "feeder-1", CapacityKW: 250}},
		Freshness:   3,
	}
}

// flatForecast is a forecast of n slots whose quantiles lie 20 % apart.
func flatForecast(load []float64) forecast.Quantiles {
	q := forecast.Quantiles{}
	for _, v := range load {
		q.P10 = append(q.P10, float32(v*0.8))
		q.P50 = append(q.P50, float32(v))
		q.P90 = append(q.P90, float32(v*1.2))
	}
	return q
}

func randomInput(t *rapid.T, group string, slots int) *GroupInput {
	issued := meter.Hour(rapid.IntRange(425_000, 445_000).Draw(t, "issued"))
	in := &GroupInput{Group: group, IssuedAt: issued, Start: issued, Slots: slots, ActionableFrom: issued}
	lowest := float64(rapid.SampledFrom([]float64{0, 0.1, -3}).Draw(t, "lowest load"))
	for i := range rapid.IntRange(1, 6).Draw(t, "meters") {
		load := rapid.SliceOfN(rapid.Float64Range(lowest, 10), slots, slots).Draw(t, "load")
		m := MeterInput{Name: fmt.Sprintf("m%d", i), Forecast: flatForecast(load), LastReading: issued - 1}
		if rapid.IntRange(0, 9).Draw(t, "gap") == 0 {
			m.Forecast.P50[rapid.IntRange(0, slots-1).Draw(t, "gap at")] = float32(math.NaN())
		}
		in.Meters = append(in.Meters, m)
	}
	return in
}

func randomPolicy(t *rapid.T) Policy {
	p := dayPolicy()
	p.Flexibility = Flexibility{
		ShiftableShare: rapid.SampledFrom([]float64{0, 0.1, 0.3, 1}).Draw(t, "share"),
		MaxShiftHours:  rapid.SampledFrom([]int{0, 1, 3, 6, 30}).Draw(t, "reach"),
		Rebound:        rapid.SampledFrom([]float64{0, 0.1, 0.5}).Draw(t, "rebound"),
		MaxIncrease:    rapid.SampledFrom([]float64{0, 0.1, 0.5, 2}).Draw(t, "increase"),
	}
	p.MinSaving = rapid.SampledFrom([]float64{0, 0.05}).Draw(t, "minimum")
	p.Groups[0].CapacityKW = rapid.Float64Range(1, 70).Draw(t, "capacity")
	return p
}

// TestPlansKeepTheirPromises checks, on random days, what every plan must hold.
func TestPlansKeepTheirPromises(t *testing.T) {
	cal := londonCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		policy := randomPolicy(t)
		p, err := NewPlanner(policy, cal, "default/riverside")
		require.NoError(t, err)
		in := randomInput(t, "feeder-1", rapid.IntRange(23, 25).Draw(t, "slots"))
		got := p.Plan(in, nil)
		require.Len(t, got, len(in.Meters)+1)
		sum := make([]float64, in.Slots)
		before := make([]float64, in.Slots)
		priceOnly := policy
		priceOnly.Objective.Peak = 0
		for i, m := range in.Meters {
			checkMeterPlan(t, policy, m, got[i], in.Slots)
			for s := range in.Slots {
				load := orElse(float64(m.Forecast.P50[s]), 0)
				before[s] += load
				sum[s] += load
				if got[i].Plan != nil {
					sum[s] += float64(got[i].Plan[s])
				}
			}
		}
		capacity := policy.Groups[0].CapacityKW
		for s := range in.Slots { // no hour is lifted above the capacity
			require.LessOrEqual(t, sum[s], max(capacity, before[s])*(1+1e-5)+1e-5)
		}
		group := got[len(in.Meters)]
		require.Empty(t, group.Meter)
		require.InDelta(t, peakOf(sum), float64(group.PeakAfter), 1e-3)
		require.LessOrEqual(t, peakOf(sum), max(capacity, peakOf(before))*(1+1e-5)+1e-5)
	})
}

func checkMeterPlan(t *rapid.T, policy Policy, m MeterInput, d Decision, slots int) {
	require.Equal(t, m.Name, d.Meter)
	if d.Action == ActionNone {
		require.Nil(t, d.Plan)
		return
	}
	flex := policy.Flexibility
	peak := 0.0
	for _, v := range m.Forecast.P50 {
		peak = max(peak, orElse(float64(v), 0))
	}
	var down, up float64
	var need, space [maxSlots]float64
	for s, change := range d.Plan {
		load, c := orElse(float64(m.Forecast.P50[s]), 0), float64(change)
		require.GreaterOrEqual(t, c, -flex.ShiftableShare*max(load, 0)-1e-5, "slot %d gives more than φ·load", s)
		require.LessOrEqual(t, c, flex.MaxIncrease*peak+1e-5, "slot %d takes more than ū", s)
		down, up = down+max(-c, 0), up+max(c, 0)
		need[s], space[s] = (1+flex.Rebound)*max(-c, 0), max(c, 0)
	}
	if flex.Rebound == 0 {
		require.InDelta(t, down, up, 1e-4, "energy is conserved")
	} else { // an hour that gives and takes adds its rebound unseen
		require.GreaterOrEqual(t, up, (1+flex.Rebound)*down-1e-4)
	}
	if d.Action == ActionLoadShift && len(policy.Groups) == 0 {
		require.Greater(t, d.SavingP50, float32(0), "cost is never above doing nothing")
		require.GreaterOrEqual(t, float64(d.SavingP50), policy.MinSaving-1e-6)
	}
	require.LessOrEqual(t, d.SavingP10, d.SavingP50)
	require.LessOrEqual(t, d.SavingP50, d.SavingP90)
}

// TestSameDayKeepsItsPlan: a plan that was made by this very policy for this
// very forecast always fits, so hysteresis keeps it.
func TestSameDayKeepsItsPlan(t *testing.T) {
	cal := londonCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		policy := randomPolicy(t)
		policy.Groups, policy.Hysteresis = nil, 0.1
		p, err := NewPlanner(policy, cal, "default/riverside")
		require.NoError(t, err)
		in := randomInput(t, "", 24)
		first := p.Plan(in, nil)
		for i := range in.Meters {
			in.Meters[i].Previous = first[i].Plan
		}
		for i, d := range p.Plan(in, nil) {
			if first[i].Action == ActionNone {
				require.Equal(t, first[i].Reason, d.Reason)
				continue
			}
			require.Equal(t, ReasonHysteresis, d.Reason)
			require.InDeltaSlice(t, first[i].Plan, d.Plan, 1e-4)
		}
	})
}

// TestDecisionsOwnTheirMemory: what a call returned stays as it is when the planner
// plans again, and takes no more memory than it fills.
func TestDecisionsOwnTheirMemory(t *testing.T) {
	cal := londonCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		p, err := NewPlanner(randomPolicy(t), cal, "default/riverside")
		require.NoError(t, err)
		first := p.Plan(randomInput(t, "feeder-1", 24), nil)
		before := fmt.Sprintf("%+v", first)
		p.Plan(randomInput(t, "feeder-1", 24), nil)
		require.Equal(t, before, fmt.Sprintf("%+v", first))
		for _, d := range first {
			require.Equal(t, len(d.Plan), cap(d.Plan))
			require.Equal(t, len(d.Factors), cap(d.Factors))
			require.Equal(t, len(d.Binding), cap(d.Binding))
			require.Equal(t, len(d.Alternatives), cap(d.Alternatives))
			require.Equal(t, len(d.Items), cap(d.Items))
		}
	})
}
