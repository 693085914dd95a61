package dsm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func inWindows(p Policy) Policy {
	p.Windows = &Windows{MaxWindows: 2, MinBlockHours: 1}
	return p
}

// TestWindowsByHand: of the evening's 3.2 kWh that may move 3 are whole half
// kilowatt-hours; each hour within 6 h of all hours from 16:00 to 20:00 costs 0.25
// instead of 0.40. The five hours from 07:00 to 12:00 give 1 kWh to the hour before
// them, which costs 0.10 less; no more than five lie within 6 h of it.
func TestWindowsByHand(t *testing.T) {
	policy := inWindows(dayPolicy())
	d := plan(t, policy, homes("", evening()))[0]
	require.Equal(t, ActionLoadShift, d.Action)
	avoid, prefer := windowsOfPlan(d.Plan, -1), windowsOfPlan(d.Plan, +1)
	require.Equal(t, []slotSpan{{7, 12}, {16, 20}}, avoid)
	require.Len(t, prefer, 2)
	require.InDelta(t, 1+3, d.KWhShifted, 1e-5)
	for slot := 16; slot < 20; slot++ {
		require.InDelta(t, -0.75, d.Plan[slot], 1e-6, "each hour gives the same share of its load")
	}
	for _, w := range prefer {
		for slot := w.from; slot < w.to; slot++ {
			require.InDelta(t, d.Plan[w.from], d.Plan[slot], 1e-6, "hours with the same room take the same")
		}
	}
	planned := 3*0.15 + 1*0.10
	require.InDelta(t, planned, d.SavingP90, 0.01*planned)
	require.LessOrEqual(t, d.SavingP50, d.SavingP90)
}

// TestWindowsOfAShare: with a share, the windows give that share of their load, to
// the last watt-hour.
func TestWindowsOfAShare(t *testing.T) {
	policy := inWindows(dayPolicy())
	policy.Windows.Share = 0.1
	d := plan(t, policy, homes("", evening()))[0]
	for slot, change := range d.Plan {
		if change < 0 {
			require.InDelta(t, -0.1*evening()[slot], change, 1e-6)
		}
	}
	require.InDelta(t, -0.4, d.Plan[16], 1e-6)
}

// windowsOfPlan are the runs of a sign.
func windowsOfPlan(plan []float32, sign float32) []slotSpan {
	var out [maxSlots]slotSpan
	n, _ := runsOf(plan, sign, out[:])
	return out[:n]
}

// requireWindowPlan checks the form of a plan for people.
func requireWindowPlan(t require.TestingT, form *Windows, d *Decision) {
	taken := 0.0
	for _, sign := range []float32{-1, 1} {
		windows := windowsOfPlan(d.Plan, sign)
		require.LessOrEqual(t, len(windows), form.MaxWindows)
		for _, w := range windows {
			require.GreaterOrEqual(t, w.to-w.from, form.MinBlockHours)
		}
	}
	for _, c := range d.Plan {
		taken += math.Max(-float64(c), 0)
	}
	if form.Share == 0 {
		require.InDelta(t, math.Round(taken/halfKWh)*halfKWh, taken, 1e-4, "whole half-kilowatt-hours")
	}
}

// TestWindowPlansKeepTheirPromises checks, on random days with and without a limit of
// the group, what every plan for people must hold, beside what every plan must.
func TestWindowPlansKeepTheirPromises(t *testing.T) {
	cal := londonCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		policy := inWindows(randomPolicy(t))
		policy.Windows.MaxWindows = rapid.IntRange(1, 3).Draw(t, "windows")
		policy.Windows.MinBlockHours = rapid.IntRange(1, 3).Draw(t, "block")
		policy.Windows.Share = rapid.SampledFrom([]float64{0, 0, 0.5}).Draw(t, "share") * policy.Flexibility.ShiftableShare
		policy.Hysteresis = rapid.SampledFrom([]float64{0, 0.1}).Draw(t, "hysteresis")
		policy.Tariff.DemandCharge = rapid.SampledFrom([]float64{0, 0, 2}).Draw(t, "demand charge")
		p, err := NewPlanner(policy, cal, "default/riverside")
		require.NoError(t, err)
		in := randomInput(t, "feeder-1", rapid.IntRange(23, 25).Draw(t, "slots"))
		for range 2 { // the second day may keep the plan of the first
			got := p.Plan(in, nil)
			sum, before := make([]float64, in.Slots), make([]float64, in.Slots)
			for i, m := range in.Meters {
				checkMeterPlan(t, policy, m, got[i], in.Slots)
				requireWindowPlan(t, policy.Windows, &got[i])
				for s := range in.Slots {
					load := orElse(float64(m.Forecast.P50[s]), 0)
					before[s] += load
					sum[s] += load
					if got[i].Plan != nil {
						sum[s] += float64(got[i].Plan[s])
					}
				}
			}
			for s := range in.Slots {
				require.LessOrEqual(t, sum[s], max(policy.Groups[0].CapacityKW, before[s])*(1+1e-5)+1e-5)
			}
			again := randomInput(t, "feeder-1", in.Slots)
			again.IssuedAt, again.Start, again.ActionableFrom = in.IssuedAt+24, in.Start+24, in.Start+24
			for i := range again.Meters {
				again.Meters[i].LastReading = again.IssuedAt - 1
				if i < len(in.Meters) {
					again.Meters[i].Previous = got[i].Plan
				}
			}
			in = again
		}
	})
}

// TestSameWindowsAreKept: the windows of a plan that this policy made for this
// forecast fit, so hysteresis keeps them.
func TestSameWindowsAreKept(t *testing.T) {
	policy := inWindows(dayPolicy())
	policy.Hysteresis = 0.1
	in := homes("", evening())
	first := plan(t, policy, in)[0]
	in.Meters[0].Previous = first.Plan
	again := plan(t, policy, in)[0]
	require.Equal(t, ReasonHysteresis, again.Reason)
	require.InDeltaSlice(t, first.Plan, again.Plan, 1e-5)

	more := evening() // twice the load in the same hours: the windows stay, and give more
	for slot := range more {
		more[slot] *= 2
	}
	in = homes("", more)
	in.Meters[0].Previous = first.Plan
	policy.Hysteresis = 1
	grown := plan(t, policy, in)[0]
	require.Equal(t, ReasonHysteresis, grown.Reason)
	require.Equal(t, windowsOfPlan(first.Plan, -1), windowsOfPlan(grown.Plan, -1))
	require.Greater(t, grown.KWhShifted, first.KWhShifted)
}

// TestWindowsHoldALimit: people who are asked to relieve a feeder are asked for whole
// windows, and no more of them than the limit needs.
func TestWindowsHoldALimit(t *testing.T) {
	policy := inWindows(dayPolicy())
	policy.Tariff.Periods = nil // one price: nothing moves but for the limit
	policy.Groups[0].CapacityKW = 11
	in := homes("feeder-1", evening(), evening(), evening())
	got := plan(t, policy, in)
	group := got[3]
	require.Equal(t, ActionPeakShave, group.Action)
	require.InDelta(t, 12, group.PeakBefore, 1e-5)
	require.LessOrEqual(t, group.PeakAfter, float32(11+1e-4))
	asked := 0
	for i := range got[:3] {
		requireWindowPlan(t, policy.Windows, &got[i])
		if got[i].Action != ActionNone {
			require.Equal(t, ReasonGroupLimit, got[i].Reason)
			asked++
		}
	}
	require.Equal(t, 2, asked, "two homes can give 0.75 kWh an hour each, and that is enough")
	require.Equal(t, ReasonNoSpread, got[2].Reason)
}

// TestWindowsAndADemandCharge: a plan under a demand charge gains more than the one
// that does not know it.
func TestWindowsAndADemandCharge(t *testing.T) {
	policy := inWindows(dayPolicy())
	policy.Tariff.Periods = nil
	load := evening()
	load[17] = 6
	require.Equal(t, ActionNone, plan(t, policy, homes("", load))[0].Action)
	policy.Tariff.DemandCharge = 3
	d := plan(t, policy, homes("", load))[0]
	require.Equal(t, ActionPeakShave, d.Action)
	require.Equal(t, ReasonDemandCharge, d.Reason)
	require.Less(t, d.PeakAfter, float32(5.5))
	requireWindowPlan(t, policy.Windows, &d)
}

func TestPlansForPeopleAllocateNothingMore(t *testing.T) {
	in := benchDay("", 20)
	for i := range in.Meters {
		for slot := range in.Meters[i].Forecast.P50 {
			in.Meters[i].Forecast.P50[slot] *= 5
		}
	}
	allocations := func(policy Policy) float64 {
		policy.Groups = nil
		policy.Tariff.Series = hourlyPrices(in.IssuedAt, in.Slots)
		p, err := NewPlanner(policy, londonCalendar(t), "default/bench")
		require.NoError(t, err)
		var dst []Decision
		dst = p.Plan(in, dst)
		return testing.AllocsPerRun(20, func() { dst = p.Plan(in, dst[:0]) })
	}
	require.LessOrEqual(t, allocations(inWindows(dayPolicy())), allocations(dayPolicy()))
}

func TestWindowsAreChecked(t *testing.T) {
	for want, change := range map[string]func(*Windows){
		"policy.windows.maxWindows: 0 is no number":     func(w *Windows) { w.MaxWindows = 0 },
		"policy.windows.maxWindows: 5 is no number":     func(w *Windows) { w.MaxWindows = 5 },
		"policy.windows.minBlockHours: 13 is no length": func(w *Windows) { w.MinBlockHours = 13 },
		"policy.windows.share: 0.3 is not a share":      func(w *Windows) { w.Share = 0.3 },
		"policy.windows.share: NaN is not a number":     func(w *Windows) { w.Share = math.NaN() },
	} {
		policy := inWindows(dayPolicy())
		change(policy.Windows)
		require.ErrorContains(t, policy.Check(), want)
	}
	require.NoError(t, inWindows(dayPolicy()).Check())
}
