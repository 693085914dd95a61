package dsm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// batteryDay is a policy with one battery of 10 kWh and 5 kW, through two efficiencies of 90 %,
// and two prices: 0.10 by night and 0.30 from 16:00 to 20:00, 0.20 in the other hours.
func batteryDay(wear float64) Policy {
	policy := alone(Asset{Name: "b", Meters: []string{"a"}, Battery: &Battery{CapacityKWh: 10, PowerKW: 5, Efficiency: 0.81, WearCost: wear}})
	policy.Flexibility = Flexibility{}
	policy.Tariff = Tariff{Currency: "GBP", Default: 0.20, Periods: []Period{
		{Name: "night", Days: "All", Start: "00:00", End: "06:00", Price: 0.10},
		{Name: "evening", Days: "All", Start: "16:00", End: "20:00", Price: 0.30},
	}}
	return policy
}

// flatDay is a load that is the same all day, kWh an hour.
func flatDay(kwh float64) []float64 {
	load := make([]float64, 24)
	for h := range load {
		load[h] = kwh
	}
	return load
}

// TestReplayedBatteryFollowsWhatItsEnergyIsWorth: a battery that is full after the night and
// may serve 9 kWh serves the evening, and what the evening does not draw serves the rest of the day.
func TestReplayedBatteryFollowsWhatItsEnergyIsWorth(t *testing.T) {
	const night = 0.10 * 10 / 0.9 // a full battery
	for name, c := range map[string]struct {
		wear   float64
		actual func(load []float64)
		want   float64
	}{
		"as forecast":            {0, func([]float64) {}, 0.30*8 + 0.20*1 - night},
		"wear":                   {0.01, func([]float64) {}, 0.30*8 + 0.20*1 - night - 0.01*9},
		"more in the evening":    {0, func(load []float64) { load[17] = 3 }, 0.30*9 - night},
		"nothing at 16:00":       {0, func(load []float64) { load[16] = 0 }, 0.30*6 + 0.20*3 - night},
		"nothing in the evening": {0, func(load []float64) { copy(load[16:], flatDay(0)[:4]) }, 0.20*8 - night},
	} {
		policy := batteryDay(c.wear)
		load := flatDay(2)
		d := plan(t, policy, home(load))[0]
		require.Len(t, d.Items, 1, name)
		actual := flatDay(2)
		c.actual(actual)
		r, ok := ledger(t, policy).Replayed(&d, float32s(actual), nil)
		require.True(t, ok)
		require.InDelta(t, c.want, r.SavingEnergy, 1e-3, name)
	}
}

// TestReplayedBatteryKeepsToItsPlan where its values say nothing: in a revision, which continues
// what was begun, and without a battery in the policy.
func TestReplayedBatteryKeepsToItsPlan(t *testing.T) {
	policy := batteryDay(0)
	d := plan(t, policy, home(flatDay(2)))[0]
	actual := float32s(flatDay(3))
	change := make([]float64, 24)
	revision, without := d, policy
	revision.Supersedes = uuid.New()
	without.Assets = nil
	ledger(t, policy).Change(&revision, actual, change)
	require.InDeltaSlice(t, d.Plan, change, 1e-9)
	ledger(t, without).Change(&d, actual, change)
	require.InDeltaSlice(t, d.Plan, change, 1e-9)
	ledger(t, policy).Change(&d, actual, change)
	require.InDelta(t, -3, change[18], 1e-6, "it serves what is drawn")
}

// TestReplayedBatteryChargesNoMoreThanALimitLeft: where a group above the meter's has a limit, or
// the highest hour is charged for, no hour charges more than by plan.
func TestReplayedBatteryChargesNoMoreThanALimitLeft(t *testing.T) {
	tight, charged := batteryDay(0), batteryDay(0)
	tight.Groups = []Group{{Name: "feeder", Parent: "substation"}, {Name: "substation", CapacityKW: 4}}
	tight.Objective.Peak, charged.Objective.Peak = 1, 1
	charged.Tariff.DemandCharge = 1
	for name, policy := range map[string]Policy{"limit": tight, "demand charge": charged} {
		d := plan(t, batteryDay(0), home(flatDay(2)))[0]
		d.Group = "feeder"
		for h := range 6 { // as if the night had had less room
			d.Items[0].Plan[h] = min(d.Items[0].Plan[h], 1)
		}
		change := make([]float64, 24)
		ledger(t, policy).Change(&d, float32s(flatDay(2)), change)
		for h, x := range change {
			require.LessOrEqual(t, x, max(float64(d.Items[0].Plan[h]), 0)+1e-9, "%s, %d:00", name, h)
		}
	}
}

// TestReplayedBatteryIsABattery: whatever is measured, it holds no more than it can, gives
// nothing that it does not hold, and keeps within its power.
func TestReplayedBatteryIsABattery(t *testing.T) {
	policy := batteryDay(0)
	rapid.Check(t, func(rt *rapid.T) {
		r := rand.New(rand.NewPCG(rapid.Uint64().Draw(rt, "seed"), 9))
		load, actual := flatDay(0), make([]float32, 24)
		for h := range load {
			load[h], actual[h] = 4*r.Float64(), float32(5*r.Float64()-1)
			if r.IntN(12) == 0 {
				actual[h] = float32(math.NaN())
			}
		}
		d := plan(t, policy, home(load))[0]
		change := make([]float64, 24)
		ledger(t, policy).Change(&d, actual, change)
		stored := 0.0
		for h, x := range change {
			if actual[h] != actual[h] {
				require.Zero(rt, x)
				x = 0
				if len(d.Plan) > 0 {
					x = float64(d.Plan[h])
				}
			}
			require.LessOrEqual(rt, max(x, -x), 5+1e-6)
			if x < 0 {
				stored += x / 0.9
			} else {
				stored += x * 0.9
			}
			if actual[h] != actual[h] { // by plan, as far as it can
				stored = min(max(stored, 0), 10)
			}
			require.GreaterOrEqual(rt, stored, -1e-5)
			require.LessOrEqual(rt, stored, 10+1e-5)
		}
	})
}
