package dsm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

// washing is a machine that runs for two hours between the times given.
func washing(from, to string, runs int) Asset {
	return Asset{Name: "washing", Meters: []string{"a"}, Appliance: &Appliance{
		ProfileKWh: []float64{2, 0.5}, EarliestStart: from, LatestEnd: to, RunsPerDay: runs, Days: "All"}}
}

// TestApplianceWaitsForTheCheapHours: from 17:00 it would run in the evening's peak;
// 20:00 is the first start outside of it.
func TestApplianceWaitsForTheCheapHours(t *testing.T) {
	policy := alone(washing("17:00", "23:00", 1))
	d := plan(t, policy, home(evening()))[0]
	require.Equal(t, ActionRunAppliance, d.Action)
	require.Equal(t, ReasonPriceSpread, d.Reason)
	require.Len(t, d.Items, 1)
	require.InDelta(t, 2, d.Items[0].AtOnce[17], 1e-6)
	require.InDelta(t, 0.5, d.Items[0].AtOnce[18], 1e-6)
	require.InDelta(t, -2, d.Plan[17], 1e-6)
	require.InDelta(t, 2.5*(0.40-0.25), d.SavingP50, 1e-4)
	require.Contains(t, d.Alternatives, Alternative{ActionRunAppliance, ReasonLowerSaving, 0}, "21:00 costs the same as 20:00")
	r, ok := ledger(t, policy).Replayed(&d, float32s(evening()), nil)
	require.True(t, ok)
	require.InDelta(t, d.SavingP50, r.SavingEnergy, 1e-4, "the same is realised where the forecast holds")
	x := Explain(d, Contributions{}, londonCalendar(t), "GBP")
	require.Equal(t, "Run the appliance at 20:00–22:00 instead of 17:00–19:00", x.Title)
	require.Contains(t, x.Instruction, "run the appliance at 20:00–22:00 instead of as soon as it may, at 17:00–19:00.")
	require.Contains(t, x.Alternatives, Remark{"run_appliance/lower_saving", "Run the appliance at the second-best start: would save as much as this plan."})
}

// TestTheSecondBestStartHasAPrice: between 18:00 and 21:00 there are two starts, one
// of them half in the peak.
func TestTheSecondBestStartHasAPrice(t *testing.T) {
	policy := alone(washing("18:00", "21:00", 1))
	policy.Assets[0].Appliance.ProfileKWh = []float64{1, 3}
	d := plan(t, policy, home(evening()))[0]
	require.InDelta(t, 3*(0.40-0.25), d.SavingP50, 1e-4, "starts at 19:00 instead of 18:00")
	at := -1
	for i, a := range d.Alternatives {
		if a.Action == ActionRunAppliance {
			at = i
		}
	}
	require.GreaterOrEqual(t, at, 0)
	require.InDelta(t, -3*(0.40-0.25), d.Alternatives[at].Saving, 1e-4)
}

func TestApplianceRunsOnOwnSun(t *testing.T) {
	load := evening()
	load[12], load[13] = -3, -3
	policy := alone(washing("08:00", "20:00", 1))
	policy.Tariff.Export = 0.05
	d := plan(t, policy, home(load))[0]
	require.Equal(t, ActionRunAppliance, d.Action)
	require.Equal(t, ReasonOwnSun, d.Reason)
	require.InDelta(t, 2, d.Plan[12], 1e-6)
}

// TestApplianceKeepsOffThePeak: on one price only the demand charge matters.
func TestApplianceKeepsOffThePeak(t *testing.T) {
	policy := alone(washing("16:00", "24:00", 1))
	policy.Tariff.Periods, policy.Tariff.DemandCharge = nil, 5
	d := plan(t, policy, home(evening()))[0]
	require.Equal(t, ActionRunAppliance, d.Action)
	require.Equal(t, ReasonLevelLoad, d.Reason)
	require.InDelta(t, 4, d.PeakAfter, 1e-4)
	require.InDelta(t, 5*2, d.SavingP50, 1e-3)
}

// TestApplianceKeepsTheGroupsCapacity: two homes would both run at 20:00; the
// group has room for the runs later.
func TestApplianceKeepsTheGroupsCapacity(t *testing.T) {
	load := make([]float64, 24)
	for s := range load {
		load[s] = 1
	}
	load[20] = 3
	policy := alone(washing("17:00", "23:00", 1))
	policy.Assets[0].Meters = []string{"*"}
	policy.Groups = []Group{{Name: "feeder-1", CapacityKW: 7}}
	in := homes("feeder-1", load, load)
	for i := range in.Meters {
		in.Meters[i].Forecast = certain(load)
	}
	for _, d := range plan(t, policy, in) {
		require.LessOrEqual(t, d.PeakAfter, float32(7.0001))
		if d.Meter != "" {
			require.Equal(t, ActionRunAppliance, d.Action)
			require.Zero(t, d.Plan[20])
		}
	}
}

func TestWindowsThatReachIntoThePlan(t *testing.T) {
	loc := londonCalendar(t).Location()
	var out [maxWindows]runWindow
	a := washing("20:00", "06:00", 2).Appliance
	windows := func(issued int) []runWindow { return out[:a.windows(loc, thursday+0, issued, &out)] }
	require.Equal(t, []runWindow{{0, 6, 2}}, windows(24), "the night's runs are the next plan's")
	a.RunsPerDay = 4
	require.Equal(t, []runWindow{{0, 6, 3}, {20, 24, 1}}, windows(24), "06:00 leaves room for three")
	a.LatestEnd = "24:00"
	require.Equal(t, []runWindow{{20, 24, 2}}, windows(24), "no more than fit")
	a.Days = "Weekends"
	require.Empty(t, windows(24))
}

func TestCheckOfAnAppliance(t *testing.T) {
	for want, spoil := range map[string]func(*Appliance){
		"assets[0].appliance.profileKWh: has 0 hours":                func(a *Appliance) { a.ProfileKWh = nil },
		"assets[0].appliance.profileKWh: is 0 in all hours":          func(a *Appliance) { a.ProfileKWh = []float64{0} },
		"assets[0].appliance.profileKWh[1]: -1 is negative":          func(a *Appliance) { a.ProfileKWh[1] = -1 },
		"assets[0].appliance.earliestStart: \"8\" is no time of day": func(a *Appliance) { a.EarliestStart = "8" },
		"assets[0].appliance.runsPerDay: 0 is no number of runs":     func(a *Appliance) { a.RunsPerDay = 0 },
		"assets[0].appliance.latestEnd: leaves 3 full hours from 17:30 on, and the runs of a day take 4": func(a *Appliance) {
			a.EarliestStart, a.LatestEnd, a.RunsPerDay = "17:30", "21:59", 2
		},
	} {
		policy := alone(washing("17:00", "23:00", 1))
		spoil(policy.Assets[0].Appliance)
		require.ErrorContains(t, policy.Check(), want)
	}
}

// drawRuns is a random window, small enough to try all plans.
func drawRuns(t *rapid.T) *runProblem {
	values := func(low, high float64, name string) *[maxSlots]float64 {
		out := new([maxSlots]float64)
		for s := range 12 {
			out[s] = rapid.Float64Range(low, high).Draw(t, name)
		}
		return out
	}
	q := &runProblem{
		profile: rapid.SliceOfN(rapid.Float64Range(0, 3), 1, 4).Draw(t, "profile"),
		from:    rapid.IntRange(0, 3).Draw(t, "from"),
		to:      rapid.IntRange(4, 12).Draw(t, "to"),
		runs:    rapid.IntRange(1, 4).Draw(t, "runs"),
		buy:     values(-0.2, 1, "buy"), sell: values(-0.2, 1, "sell"), load: values(-3, 4, "load"),
		perKW: rapid.SampledFrom([]float64{0, 0.1, 2}).Draw(t, "per kW"),
		peak:  4 + rapid.Float64Range(0, 2).Draw(t, "peak"),
	}
	if rapid.Bool().Draw(t, "limited") {
		q.room = values(0, 5, "room")
	}
	return q
}

// cheapestRuns tries all plans and returns the costs of the best and of the
// second-best.
func (q *runProblem) cheapestRuns() (best, second float64) {
	best, second = math.Inf(1), math.Inf(1)
	var try func(t, left int, draw [maxSlots]float64)
	try = func(t, left int, draw [maxSlots]float64) {
		if left == 0 {
			if cost := q.costOf(&draw); cost < best {
				best, second = cost, best
			} else {
				second = min(second, cost)
			}
			return
		}
		for ; t+len(q.profile) <= q.to; t++ {
			next := draw
			for k, kwh := range q.profile {
				next[t+k] = kwh
			}
			try(t+len(q.profile), left-1, next)
		}
	}
	try(q.from, q.runs, [maxSlots]float64{})
	return best, second
}

// costOf is what a draw costs by its meter's bill; ∞ where there is no room.
func (q *runProblem) costOf(draw *[maxSlots]float64) float64 {
	cost, peak := 0.0, q.peak
	for s, kwh := range draw {
		if q.room != nil && kwh > q.room[s] {
			return math.Inf(1)
		}
		cost += HourCost(q.buy[s], q.sell[s], q.load[s]+kwh) - HourCost(q.buy[s], q.sell[s], q.load[s])
		peak = max(peak, q.load[s]+kwh)
	}
	return cost + q.perKW*(peak-q.peak)
}

// TestRunsAreOptimal compares the solver with all plans there are, and the second
// best likewise.
func TestRunsAreOptimal(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		q := drawRuns(t)
		best, second := q.cheapestRuns()
		starts, cost := q.solve(0)
		if math.IsInf(best, 1) {
			require.Zero(t, starts)
			require.Equal(t, best, cost)
			return
		}
		require.InDelta(t, best, cost, 1e-9)
		var draw [maxSlots]float64
		runs, free := 0, q.from
		for s := range q.to {
			if starts&(1<<s) == 0 {
				continue
			}
			require.GreaterOrEqual(t, s, free, "runs do not overlap, and lie in the window")
			for k, kwh := range q.profile {
				draw[s+k] = kwh
			}
			runs, free = runs+1, s+len(q.profile)
			require.LessOrEqual(t, free, q.to)
		}
		require.Equal(t, q.runs, runs)
		require.InDelta(t, best, q.costOf(&draw), 1e-9)
		if got := q.secondBest(starts); math.IsInf(second, 1) {
			require.Equal(t, second, got)
		} else {
			require.InDelta(t, second, got, 1e-9)
		}
	})
}
