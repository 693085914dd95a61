package dsm

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// certain is a forecast that is sure of itself.
func certain(load []float64) forecast.Quantiles {
	q := flatForecast(load)
	copy(q.P10, q.P50)
	copy(q.P90, q.P50)
	return q
}

// alone is a policy under which nothing but the assets can move.
func alone(assets ...Asset) Policy {
	p := dayPolicy()
	p.Flexibility.ShiftableShare, p.Groups, p.Assets = 0, nil, assets
	return p
}

func home(load []float64) *GroupInput {
	in := homes("", load)
	in.Meters[0].Forecast = certain(load)
	return in
}

func sumOf(plan []float32) (sum float64) {
	for _, c := range plan {
		sum += float64(c)
	}
	return sum
}

// TestBatteryPlan: charged in the night at 0.15, it serves the evening at 0.40.
func TestBatteryPlan(t *testing.T) {
	policy := alone(Asset{Name: "b", Meters: []string{"a*"}, Battery: &Battery{CapacityKWh: 10, PowerKW: 5, Efficiency: 0.81, Reserve: 0.1}})
	d := plan(t, policy, home(evening()))[0]
	require.Equal(t, ActionBattery, d.Action)
	require.Equal(t, ReasonPriceSpread, d.Reason)
	// 9 kWh stored give 8.1 kWh and take 10 kWh.
	require.InDelta(t, 8.1*0.40-10*0.15, d.SavingP50, 1e-4)
	require.Equal(t, d.SavingP10, d.SavingP90)
	require.Equal(t, float32(1), d.Confidence)
	require.InDelta(t, 10-8.1, sumOf(d.Plan), 1e-4)
	require.Contains(t, d.Binding, ConstraintStoreSize)
	require.Len(t, d.Items, 1)
	require.Len(t, d.Items[0].Value, 24)
	require.InDelta(t, 0.40*0.9, d.Items[0].Value[15], 1e-4, "more stored before the evening would save its price")
	for s, c := range d.Plan {
		if c < 0 {
			require.True(t, s >= 16 && s < 20, "slot %d", s)
			require.GreaterOrEqual(t, c, float32(-4), "no more than the load, as nothing is paid for feeding in")
		}
	}
}

// TestBatteryKeepsTheSun: what would be fed in for 0.05 is kept for the evening.
func TestBatteryKeepsTheSun(t *testing.T) {
	load := evening()
	for s := 10; s < 15; s++ {
		load[s] = -3
	}
	policy := alone(Asset{Name: "b", Group: "g", Battery: &Battery{CapacityKWh: 8, PowerKW: 5, Efficiency: 1}})
	policy.Tariff.Export = 0.05
	in := home(load)
	in.Group = "g"
	d := plan(t, policy, in)[0]
	require.Equal(t, ActionBattery, d.Action)
	require.Equal(t, ReasonOwnSun, d.Reason)
	require.Contains(t, d.Factors, WeightedFactor{FactorFedIn, 15})
}

// TestBatteryBelowZero: with losses no plan is proven the best; the decision says so.
func TestBatteryBelowZero(t *testing.T) {
	policy := alone(Asset{Name: "b", Meters: []string{"*"}, Battery: &Battery{CapacityKWh: 10, PowerKW: 5, Efficiency: 0.8}})
	policy.Tariff.Periods[0].Price = -0.10
	d := plan(t, policy, home(evening()))[0]
	require.Equal(t, ActionBattery, d.Action)
	require.Contains(t, d.Binding, ConstraintUnproven)
	require.Greater(t, d.SavingP50, float32(0))
}

func car(arrival, departure string) Asset {
	return Asset{Name: "car", Meters: []string{"a"}, EV: &EV{EnergyKWh: 12, PowerKW: 3, Arrival: arrival, Departure: departure, Days: "All"}}
}

// TestCarChargesInCheapHours: home from 17:00 to 23:00, it waits for the evening
// to pass. At once would be three expensive hours and one of 0.25.
func TestCarChargesInCheapHours(t *testing.T) {
	d := plan(t, alone(car("17:00", "23:00")), home(evening()))[0]
	require.Equal(t, ActionEVCharge, d.Action)
	require.InDelta(t, 9*(0.40-0.25)-3*(0.40-0.25), d.SavingP50, 1e-4, "three of the four hours have to be 20:00 to 23:00")
	require.InDelta(t, 0, sumOf(d.Plan), 1e-4, "the same energy, at another time")
	require.InDelta(t, 7, d.PeakBefore, 1e-4, "the evening, and the car at once")
}

// TestCarThatStaysOvernight: a plan charges the car that leaves in it; of the one
// that stays it charges only what the hours after it will not do.
func TestCarThatStaysOvernight(t *testing.T) {
	loc := londonCalendar(t).Location()
	var stays [maxWindows]session
	e := car("18:00", "07:00").EV
	n := e.sessions(loc, thursday, 24, &stays)
	require.Equal(t, []session{{0, 7, 12}}, stays[:n])
	e.EnergyKWh = 24 // 7 hours of 3 kW are not enough
	n = e.sessions(loc, thursday, 24, &stays)
	require.Equal(t, []session{{0, 7, 21}, {18, 24, 3}}, stays[:n])
	n = e.sessions(loc, thursday+16, 24, &stays) // issued at 16:00
	require.Equal(t, []session{{2, 15, 24}}, stays[:n])
	e.Days = "Weekends"
	require.Zero(t, e.sessions(loc, thursday, 24, &stays))
}

func TestCarOnOnePriceFillsTheValley(t *testing.T) {
	policy := alone(car("15:00", "23:00"))
	policy.Tariff.Periods, policy.Tariff.DemandCharge = nil, 5
	d := plan(t, policy, home(evening()))[0]
	require.Equal(t, ActionValleyFill, d.Action)
	require.Equal(t, ReasonLevelLoad, d.Reason)
	require.InDelta(t, 4, d.PeakAfter, 1e-4, "15:00 and 20:00 to 23:00 take it all")
	require.InDelta(t, 5*(7-4), d.SavingP50, 1e-3)
}

// TestAPlanIsAboutADeviceThatIsThere: a car that charges off the peak costs more
// energy and saves demand charge. There is no heat pump that could be the better
// reason.
func TestAPlanIsAboutADeviceThatIsThere(t *testing.T) {
	policy := alone(car("16:00", "23:00"))
	policy.Tariff.Periods = []Period{{Name: "late", Days: "All", Start: "20:00", End: "24:00", Price: 0.30}}
	policy.Tariff.DemandCharge = 5
	d := plan(t, policy, home(evening()))[0]
	require.Equal(t, ActionEVCharge, d.Action)
	require.Len(t, d.Items, 1)
	require.Negative(t, d.Items[0].Saving, "on energy alone")
	require.Positive(t, d.SavingP50)
}

// TestPreheating: the building is warmed before 16:00 and not below what is set
// in comfort times.
func TestPreheating(t *testing.T) {
	pump := &HeatPump{Share: 0.5, PowerKW: 4, PreheatKWh: 3, LossPerHour: 0.05, Comfort: []TimeWindow{{"All", "16:00", "20:00"}}}
	policy := alone(Asset{Name: "h", Meters: []string{"a"}, HeatPump: pump})
	d := plan(t, policy, home(evening()))[0]
	require.Equal(t, ActionPreheat, d.Action)
	stored := 0.0
	for _, c := range d.Plan {
		stored = 0.95*stored + float64(c)
		require.LessOrEqual(t, stored, 3+1e-5)
		require.GreaterOrEqual(t, stored, -1e-5)
	}
	require.Greater(t, d.Plan[15], float32(1), "just before the evening, as heat leaks")
	require.Negative(t, d.Plan[16])
}

func TestDemandChargeLowersThePeak(t *testing.T) {
	policy := dayPolicy()
	policy.Groups, policy.Tariff.Periods = nil, nil
	policy.Tariff.DemandCharge = 4.5
	in := home(evening())
	d := plan(t, policy, in)[0]
	require.Equal(t, ActionPeakShave, d.Action)
	require.Equal(t, ReasonDemandCharge, d.Reason)
	require.InDelta(t, 3.2, d.PeakAfter, 1e-4)
	require.InDelta(t, 0.8*4.5, d.SavingP50, 1e-3)
	require.InDelta(t, 0.8*4.5, d.SavingDemand, 1e-3)
	require.InDelta(t, 0, d.SavingEnergy, 1e-3, "no kWh costs less")
	require.InDelta(t, 3.2, d.CapKW, 1e-4)
	in.Meters[0].MonthPeak = 3.9
	d = plan(t, policy, in)[0]
	require.InDelta(t, 0.1*4.5, d.SavingP50, 1e-3, "below the month's peak nothing is to be gained")
	require.Contains(t, d.Factors, WeightedFactor{FactorMonthPeak, 3.9})
	require.InDelta(t, 3.9, d.MonthPeak, 1e-6)
	r, known := ledger(t, policy).Replayed(&d, float32s(evening()), nil)
	require.True(t, known)
	require.InDelta(t, d.SavingDemand, r.SavingDemand, 1e-3, "the realised saving counts what the promise counted")
	require.InDelta(t, d.SavingEnergy, r.SavingEnergy, 1e-3)
	d.MonthPeak = float32(math.NaN())
	r, _ = ledger(t, policy).Replayed(&d, float32s(evening()), nil)
	require.True(t, math.IsNaN(float64(r.SavingDemand)), "of a decision that does not hold the month's peak")
	require.False(t, math.IsNaN(float64(r.SavingEnergy)))
	in.Meters[0].MonthPeak = 5
	require.Equal(t, ReasonNoSpread, plan(t, policy, in)[0].Reason)
}

func TestComfortTimesKeepTheirLoad(t *testing.T) {
	policy := dayPolicy()
	policy.Flexibility.Comfort = []TimeWindow{{"All", "16:30", "18:00"}}
	d := plan(t, policy, homes("", evening()))[0]
	require.Zero(t, d.Plan[16], "an hour of which a part is protected")
	require.Zero(t, d.Plan[17])
	require.Negative(t, d.Plan[18])
}

func TestPanelsBoundTheForecast(t *testing.T) {
	load := evening()
	load[12] = -9
	policy := dayPolicy()
	policy.Assets = []Asset{{Name: "roof", Meters: []string{"a"}, PV: &PV{PeakKW: 2}}}
	policy.Tariff.Periods = nil
	policy.Flexibility.MaxIncrease = 5
	d := plan(t, policy, home(load))[0]
	require.Equal(t, ActionPVSelfConsume, d.Action)
	require.InDelta(t, 2, d.Plan[12], 1e-4)
}

// TestRoundingIsNoGain: of two hours that cost the same, none is better for a car.
func TestRoundingIsNoGain(t *testing.T) {
	load := evening()
	load[18], load[19] = 2.5, 3.9375
	for energy := 7.1; energy < 14; energy += 0.1 {
		policy := alone(Asset{Name: "e", Meters: []string{"a*"}, EV: &EV{
			EnergyKWh: energy, PowerKW: 7, Arrival: "18:00", Departure: "20:00", Days: "All"}})
		d := plan(t, policy, home(load))[0]
		require.Equal(t, ActionNone, d.Action, "%v kWh would save %v", energy, d.SavingP50)
	}
}

// TestNothingMovesOnTopOfACar that must charge: what load saves by moving into the
// car's hour costs more in demand charge.
func TestNothingMovesOnTopOfACar(t *testing.T) {
	policy := dayPolicy()
	policy.Groups, policy.Tariff.DemandCharge = nil, 20
	in := home(evening())
	in.Meters[0].MonthPeak = 8 // leaves load room to move without a charge
	require.Equal(t, ActionLoadShift, plan(t, policy, in)[0].Action)
	policy.Assets = []Asset{{Name: "e", Meters: []string{"a*"}, EV: &EV{EnergyKWh: 7, PowerKW: 7, Arrival: "06:00", Departure: "07:00", Days: "All"}}}
	d := plan(t, policy, in)[0]
	require.Equal(t, ActionNone, d.Action)
	require.Equal(t, ReasonNoSpread, d.Reason)
}

func randomAssets(t *rapid.T) (assets []Asset) {
	for i, kind := range []string{"battery", "ev", "heat pump", "appliance"} {
		if !rapid.Bool().Draw(t, kind) {
			continue
		}
		a := Asset{Name: kind, Meters: []string{fmt.Sprintf("m%d", rapid.IntRange(0, 2).Draw(t, "meter")), "m1"}}
		switch i {
		case 0:
			a.Battery = &Battery{CapacityKWh: 8, PowerKW: 3, Efficiency: rapid.SampledFrom([]float64{0.8, 1}).Draw(t, "efficiency"), Reserve: 0.1, WearCost: 0.01}
		case 1:
			a.EV = &EV{EnergyKWh: rapid.Float64Range(1, 60).Draw(t, "charge"), PowerKW: 7, Arrival: "18:00",
				Departure: rapid.SampledFrom([]string{"07:00", "23:30"}).Draw(t, "departure"), Days: "All"}
		case 2:
			a.HeatPump = &HeatPump{Share: 0.5, PowerKW: 3, PreheatKWh: 3, SetbackKWh: 1, LossPerHour: 0.1}
		case 3:
			a.Appliance = &Appliance{ProfileKWh: []float64{0.5, 2, 0.1}, EarliestStart: rapid.SampledFrom([]string{"06:30", "20:00"}).Draw(t, "earliest"),
				LatestEnd: rapid.SampledFrom([]string{"13:00", "24:00"}).Draw(t, "latest"), RunsPerDay: rapid.IntRange(1, 2).Draw(t, "runs"), Days: "All"}
			if a.Appliance.EarliestStart == "20:00" {
				a.Appliance.RunsPerDay = 1
			}
		}
		assets = append(assets, a)
	}
	return assets
}

// TestPlansOfAssetsKeepTheirPromises: plan items add up to the plan, a car gets its
// energy, no plan is expected to cost more than doing nothing.
func TestPlansOfAssetsKeepTheirPromises(t *testing.T) {
	cal := londonCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		policy := randomPolicy(t)
		policy.Assets = randomAssets(t)
		policy.Tariff.DemandCharge = rapid.SampledFrom([]float64{0, 0, 2}).Draw(t, "demand charge")
		policy.Tariff.Export = 0.05
		p, err := NewPlanner(policy, cal, "default/riverside")
		require.NoError(t, err)
		in := randomInput(t, "", rapid.IntRange(23, 25).Draw(t, "slots"))
		for _, d := range p.Plan(in, nil) {
			if d.Action == ActionNone {
				require.Nil(t, d.Plan)
				require.Contains(t, []Reason{ReasonNoSpread, ReasonBelowMinSaving, ReasonNoFlexibility, ReasonNoForecast}, d.Reason)
				continue
			}
			require.LessOrEqual(t, d.SavingP10, d.SavingP50)
			require.LessOrEqual(t, d.SavingP50, d.SavingP90)
			require.Positive(t, d.Confidence, "what is expected to gain gains on some scenario; on fewer than two of twenty, p90 does not show it")
			if d.Items == nil {
				continue
			}
			sum := make([]float64, in.Slots)
			for _, item := range d.Items {
				require.Len(t, item.Plan, in.Slots)
				require.Equal(t, item.Action == ActionBattery, item.Value != nil)
				for s, c := range item.Plan {
					sum[s] += float64(c)
				}
				if item.Action == ActionEVCharge || item.Action == ActionRunAppliance {
					require.InDelta(t, 0, sumOf(item.Plan), 1e-4, "as much as without a plan")
				}
			}
			for s := range sum {
				require.InDelta(t, float64(d.Plan[s]), sum[s], 1e-4)
			}
		}
	})
}

func TestScenariosHaveTheQuantiles(t *testing.T) {
	z := newNormalErrors()
	var s scenarios
	q := forecast.Quantiles{P10: []float32{6, 1}, P50: []float32{10, 2}, P90: []float32{20, float32(math.NaN())}}
	require.Equal(t, uint32(3), s.set(z, q, 3, math.Inf(-1)))
	below, above := 0, 0
	for k := range scenarioCount {
		if s.load[0][k] < 6 {
			below++
		}
		if s.load[0][k] > 20 {
			above++
		}
		require.GreaterOrEqual(t, s.load[0][k], 0.0)
		require.LessOrEqual(t, s.load[1][k], 2.0, "no spread is known above")
		require.Zero(t, s.load[2][k])
	}
	require.InDelta(t, 2, below, 1.5)
	require.InDelta(t, 2, above, 1.5)
	require.Greater(t, s.mean[0], 11.0, "the long tail lifts the mean above the median")
	require.Less(t, s.mean[0], 14.0)
}

func TestSessionsOnDaysOfChange(t *testing.T) {
	loc := londonCalendar(t).Location()
	day := time.Date(2019, 10, 27, 0, 0, 0, 0, loc) // 25 hours
	var stays [maxWindows]session
	e := EV{EnergyKWh: 6, PowerKW: 3, Arrival: "22:00", Departure: "07:00", Days: "All"}
	n := e.sessions(loc, meter.HourOf(day), 25, &stays)
	require.Equal(t, []session{{0, 8, 6}}, stays[:n], "the clock shows 01:00 twice")
}
