package dsm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/meter"
)

func ledger(t require.TestingT, policy Policy) *Ledger {
	cal, err := meter.NewCalendar("Europe/London")
	require.NoError(t, err)
	l, err := NewLedger(policy, cal, "default/riverside")
	require.NoError(t, err)
	return l
}

func float32s(v []float64) (out []float32) {
	for _, x := range v {
		out = append(out, float32(x))
	}
	return out
}

// TestReplayedIsThePromiseWhereTheForecastHolds: a forecast that comes true gives
// what was promised.
func TestReplayedIsThePromiseWhereTheForecastHolds(t *testing.T) {
	policy := dayPolicy()
	load := evening()
	d := plan(t, policy, home(load))[0]
	r, ok := ledger(t, policy).Replayed(&d, float32s(load), nil)
	require.True(t, ok)
	require.Equal(t, 24, r.Hours)
	require.InDelta(t, d.SavingP50, r.SavingEnergy, 1e-4)
	require.InDelta(t, d.SavingEnergy, r.SavingEnergy, 1e-4)
	require.Zero(t, d.SavingDemand+r.SavingDemand, "there is no demand charge")
	require.True(t, math.IsNaN(float64(d.MonthPeak)))
	require.InDelta(t, d.KWhShifted, r.KWhShifted, 1e-4)
	require.InDelta(t, d.KWReduction, r.KWReduction, 1e-4)
	require.Equal(t, d.ID, ledger(t, policy).DecisionID("", "a", thursday))
}

// TestPassedHoursPromiseNothing: what is promised counts the hours that what comes
// of it counts.
func TestPassedHoursPromiseNothing(t *testing.T) {
	battery := Asset{Name: "b", Meters: []string{"a"}, Battery: &Battery{CapacityKWh: 10, PowerKW: 5, Efficiency: 0.81}}
	for name, policy := range map[string]Policy{
		"price":           dayPolicy(),
		"battery and car": alone(battery, car("17:00", "23:00")),
	} {
		t.Run(name, func(t *testing.T) {
			load := evening()
			whole := plan(t, policy, home(load))[0]
			for passed := range meter.Hour(26) {
				in := home(load)
				in.ActionableFrom += passed
				d := plan(t, policy, in)[0]
				require.Equal(t, whole.Plan, d.Plan)
				r, ok := ledger(t, policy).Replayed(&d, float32s(load), nil)
				require.Equal(t, passed < 24, ok)
				require.InDelta(t, r.SavingEnergy, d.SavingP50, 1e-3, "%d hours have passed", passed)
				require.LessOrEqual(t, d.SavingP10, d.SavingP50)
			}
		})
	}
}

func TestPassedHoursOfAGroupsLimitPromiseNothing(t *testing.T) {
	policy := dayPolicy()
	policy.Tariff.Periods = []Period{{Name: "peak", Days: "Weekdays", Start: "16:00", End: "20:00", Price: 0.40}}
	policy.Objective.Cost = 1e-6 // worth less than the minimum: only the limit moves load
	policy.MinSaving = 1
	policy.Groups = []Group{{Name: "feeder-1", CapacityKW: 7.5}}
	in := homes("feeder-1", evening(), evening())
	whole := plan(t, policy, in)[2]
	require.Equal(t, ActionPeakShave, whole.Action)
	require.Greater(t, whole.SavingP50, float32(0))
	require.Equal(t, float32(1), whole.Confidence)
	in.ActionableFrom += 24
	none := plan(t, policy, in)[2]
	require.Equal(t, whole.Plan, none.Plan)
	require.Zero(t, none.SavingP50)
	require.Zero(t, none.Confidence)
}

func TestReplayedBatteryAndCar(t *testing.T) {
	policy := alone(
		Asset{Name: "b", Meters: []string{"a"}, Battery: &Battery{CapacityKWh: 10, PowerKW: 5, Efficiency: 0.81}},
		car("17:00", "23:00"))
	load := evening()
	d := plan(t, policy, home(load))[0]
	require.Len(t, d.Items, 2)
	r, ok := ledger(t, policy).Replayed(&d, float32s(load), nil)
	require.True(t, ok)
	require.InDelta(t, d.SavingP50, r.SavingEnergy, 1e-3)
}

// TestReplayedClipsToWhatThereWas: half the load gives half, and no more is added
// than was taken away.
func TestReplayedClipsToWhatThereWas(t *testing.T) {
	policy := dayPolicy()
	load := evening()
	d := plan(t, policy, home(load))[0]
	half := make([]float64, len(load))
	for s, v := range load {
		half[s] = v / 2
	}
	r, ok := ledger(t, policy).Replayed(&d, float32s(half), nil)
	require.True(t, ok)
	require.Less(t, r.KWhShifted, d.KWhShifted)
	require.InDelta(t, d.SavingP50/2, r.SavingEnergy, 0.05)
}

// TestReplayedLeavesTheHeatPumpItsShare: of half the load, what moves is clipped to
// the share of what is not the heat pump's, as the plan was.
func TestReplayedLeavesTheHeatPumpItsShare(t *testing.T) {
	policy := dayPolicy()
	policy.Assets = []Asset{{Name: "h", Meters: []string{"a"}, HeatPump: &HeatPump{Share: 0.5, PowerKW: 4}}}
	load := evening()
	d := plan(t, policy, home(load))[0]
	require.Equal(t, ActionLoadShift, d.Action)
	actual := float32s(load)
	for s, c := range d.Plan {
		if c < 0 {
			actual[s] /= 2
		}
	}
	r, ok := ledger(t, policy).Replayed(&d, actual, nil)
	require.True(t, ok)
	require.InDelta(t, d.KWhShifted/2, r.KWhShifted, 1e-4)
}

func TestReplayedCountsNoPassedHourAndNoGap(t *testing.T) {
	policy := dayPolicy()
	load := evening()
	d := plan(t, policy, home(load))[0]
	actual := float32s(load)
	actual[18] = float32(math.NaN())
	d.ActionableFrom = thursday + 12
	r, ok := ledger(t, policy).Replayed(&d, actual, nil)
	require.True(t, ok)
	require.Equal(t, 11, r.Hours)
	require.InDelta(t, 3*0.8, r.KWhShifted, 0.05, "the evening less the hour without a reading, as far as later hours take it")
	d.ActionableFrom = thursday + 24
	_, ok = ledger(t, policy).Replayed(&d, actual, nil)
	require.False(t, ok)
}

// TestReplayedConservesEnergy on any load, with any hours passed or missing.
func TestReplayedConservesEnergy(t *testing.T) {
	cal := londonCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		policy := randomPolicy(t)
		policy.Groups, policy.Flexibility.Rebound = nil, 0
		p, err := NewPlanner(policy, cal, "default/riverside")
		require.NoError(t, err)
		for _, d := range p.Plan(randomInput(t, "", 24), nil) {
			d.ActionableFrom += meter.Hour(rapid.IntRange(0, 24).Draw(t, "passed"))
			actual := float32s(rapid.SliceOfN(rapid.Float64Range(-1, 10), 24, 24).Draw(t, "actual"))
			var r settlement
			for s := range actual {
				if d.ValidFrom+meter.Hour(s) >= d.ActionableFrom {
					r.counts |= 1 << s
					r.before[s] = float64(actual[s])
				}
			}
			r.shift(d.Plan, policy.Flexibility.ShiftableShare)
			sum := 0.0
			for s, c := range r.change {
				sum += c
				require.GreaterOrEqual(t, c, -policy.Flexibility.ShiftableShare*max(r.before[s], 0)-1e-6)
			}
			require.InDelta(t, 0, sum, 1e-5)
		}
	})
}

func TestFollowedComparesWithWhatWasExpected(t *testing.T) {
	policy := dayPolicy()
	load := evening()
	d := plan(t, policy, home(load))[0]
	actual := float32s(load)
	for s, c := range d.Plan {
		actual[s] += c
	}
	r, ok := ledger(t, policy).Followed(&d, float32s(load), actual, nil)
	require.True(t, ok)
	require.InDelta(t, d.SavingP50, r.SavingEnergy, 1e-4)
	require.InDelta(t, d.KWReduction, r.KWReduction, 1e-4)
}

func TestIndicators(t *testing.T) {
	policy := dayPolicy()
	policy.Tariff.Periods, policy.Tariff.DemandCharge, policy.Tariff.Export = nil, 2, 0.05
	march := thursday + 24*17 + 21 // 21:00 on 31 March, local 22:00
	policy.Tariff.Carbon = []Point{{Unix: march.Unix(), Value: 0.4}, {Unix: (march + 3).Unix(), Value: 0.1}}
	l := ledger(t, policy)
	i := NewIndicators(l)
	require.True(t, math.IsNaN(i.PeakKW))
	require.Equal(t, meter.NoHour, i.PeakAt)
	require.True(t, math.IsNaN(i.LoadFactor()))
	for s, load := range [][2]float64{{2, 0.5}, {math.NaN(), math.NaN()}, {3, 0}, {-1, 1}} {
		i.Hour(march+meter.Hour(s), load[0], load[1])
	}
	require.Equal(t, 3, i.Hours)
	require.InDelta(t, 4, i.KWh, 1e-12)
	require.InDelta(t, 1.5, i.FedIn, 1e-12)
	require.InDelta(t, 5.5*0.25-1.5*0.05, i.Energy, 1e-12)
	require.InDelta(t, 2*2+2*3, i.Demand, 1e-12, "at 23:00 UTC it is April")
	require.Equal(t, march+2, i.PeakAt)
	require.InDelta(t, 2*0.4-1*0.1, i.CO2Kg, 1e-12)
	require.Equal(t, 2, i.CO2Hours)
	require.InDelta(t, 3.0*3/4, i.PeakToAverage(), 1e-12)
	require.InDelta(t, 4/9.0, i.LoadFactor(), 1e-12)
	alone := NewIndicators(l)
	alone.Hour(march, -1, 1)
	require.InDelta(t, l.Cost(march, -1), alone.Energy, 1e-12, "one meter draws or feeds in")
}

// What a group pays is the sum of what its meters pay, each on its own.
func TestEnergyOfAGroupIsThatOfItsMeters(t *testing.T) {
	policy := dayPolicy()
	policy.Tariff.Export = 0.05
	l := ledger(t, policy)
	rapid.Check(t, func(t *rapid.T) {
		h := thursday + meter.Hour(rapid.IntRange(0, 200).Draw(t, "hour"))
		cost, net, fedIn := 0.0, 0.0, 0.0
		for _, kwh := range rapid.SliceOf(rapid.Float64Range(-10, 10)).Draw(t, "meters") {
			cost += l.Cost(h, kwh)
			net += kwh
			fedIn += max(-kwh, 0)
		}
		i := NewIndicators(l)
		i.Hour(h, net, fedIn)
		require.InDelta(t, cost, i.Energy, 1e-9)
	})
}

func TestIndicatorsOfWhatIsUnknown(t *testing.T) {
	without := NewIndicators(nil)
	without.Hour(thursday, 2, 0)
	require.Equal(t, 1, without.Hours)
	require.InDelta(t, 2, without.PeakKW, 0)
	require.True(t, math.IsNaN(without.Energy) && math.IsNaN(without.Demand))
	require.Zero(t, without.CO2Hours)

	i := NewIndicators(ledger(t, dayPolicy()))
	i.Hour(thursday, 2, math.NaN())
	i.Hour(thursday+1, 2, 0)
	require.True(t, math.IsNaN(i.Energy) && math.IsNaN(i.FedIn))
	require.InDelta(t, 4, i.KWh, 0)
}
