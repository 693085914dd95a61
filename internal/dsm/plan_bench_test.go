package dsm

import (
	"fmt"
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// benchDay is a group of homes with an evening peak, each a little different.
func benchDay(group string, meters int) *GroupInput {
	in := &GroupInput{Group: group, IssuedAt: 430_000, Start: 430_000, Slots: 24, ActionableFrom: 430_000}
	for i := range meters {
		load := make([]float64, in.Slots)
		for t := range load {
			x := float64(t) + 3*math.Sin(float64(i))
			load[t] = 0.3 + 0.8*math.Exp(-(x-18)*(x-18)/8) + 0.4*math.Exp(-(x-8)*(x-8)/6) + 0.05*math.Sin(float64(i*t))
		}
		in.Meters = append(in.Meters, MeterInput{
			Name: fmt.Sprintf("m%05d", i), Forecast: flatForecast(load), LastReading: in.IssuedAt - 1,
		})
	}
	return in
}

// hourlyPrices is a dynamic tariff with a different price each hour.
func hourlyPrices(from meter.Hour, n int) []Point {
	points := make([]Point, n)
	for i := range points {
		points[i] = Point{Unix: (from + meter.Hour(i)).Unix(), Value: 0.2 + 0.1*math.Sin(float64(i)*0.7) + 0.02*math.Cos(float64(i)*2.3)}
	}
	return points
}

// BenchmarkPlan reports the time per meter of whole plans.
func BenchmarkPlan(b *testing.B) {
	const meters = 100
	for _, c := range []struct {
		name     string
		reach    int
		capacity float64
		dynamic  bool
		rebound  float64
		windows  *Windows
	}{
		{"periods, 6 h", 6, 0, false, 0, nil},
		{"periods, anywhere", 0, 0, false, 0, nil},
		{"hourly prices, 6 h", 6, 0, true, 0.1, nil},
		{"hourly prices, anywhere", 0, 0, true, 0.1, nil},
		{"hourly prices, 6 h, tight feeder", 6, 80, true, 0, nil},
		{"windows, periods, 6 h", 6, 0, false, 0, &Windows{MaxWindows: 2, MinBlockHours: 1}},
		{"windows, hourly prices, 6 h", 6, 0, true, 0, &Windows{MaxWindows: 2, MinBlockHours: 1}},
		{"windows, hourly prices, 6 h, tight feeder", 6, 80, true, 0, &Windows{MaxWindows: 2, MinBlockHours: 1}},
	} {
		b.Run(c.name, func(b *testing.B) {
			policy := dayPolicy()
			policy.Flexibility.MaxShiftHours, policy.Flexibility.Rebound = c.reach, c.rebound
			policy.Groups[0].CapacityKW, policy.Windows = c.capacity, c.windows
			in := benchDay("feeder-1", meters)
			if c.dynamic {
				policy.Tariff.Series = hourlyPrices(in.IssuedAt, in.Slots)
			}
			p, err := NewPlanner(policy, londonCalendar(b), "default/bench")
			require.NoError(b, err)
			var dst []Decision
			b.ReportAllocs()
			for b.Loop() {
				dst = p.Plan(in, dst[:0])
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*meters), "µs/meter")
		})
	}
}

// BenchmarkPlanDevices reports the time per meter of plans of homes with a battery,
// a car, panels and a heat pump each.
func BenchmarkPlanDevices(b *testing.B) {
	const meters = 20
	for _, c := range []struct {
		name         string
		demandCharge float64
	}{{"energy", 0}, {"energy and demand charge", 3}} {
		b.Run(c.name, func(b *testing.B) {
			policy := dayPolicy()
			policy.Groups = nil
			policy.Tariff.DemandCharge = c.demandCharge
			policy.Assets = []Asset{
				{Name: "b", Meters: []string{"*"}, Battery: &Battery{CapacityKWh: 8, PowerKW: 3, Efficiency: 0.9, Reserve: 0.1}},
				{Name: "e", Meters: []string{"*"}, EV: &EV{EnergyKWh: 9, PowerKW: 7, Arrival: "18:00", Departure: "07:00", Days: "All"}},
				{Name: "p", Meters: []string{"*"}, PV: &PV{PeakKW: 4}},
				{Name: "h", Meters: []string{"*"}, HeatPump: &HeatPump{Share: 0.4, PowerKW: 3, PreheatKWh: 3, LossPerHour: 0.1}},
			}
			in := benchDay("feeder-1", meters)
			policy.Tariff.Series = hourlyPrices(in.IssuedAt, in.Slots)
			p, err := NewPlanner(policy, londonCalendar(b), "default/bench")
			require.NoError(b, err)
			var dst []Decision
			b.ReportAllocs()
			for b.Loop() {
				dst = p.Plan(in, dst[:0])
			}
			b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N*meters), "µs/meter")
		})
	}
}

// BenchmarkTransport solves one price shift with a reach of 6 hours.
func BenchmarkTransport(b *testing.B) {
	policy := dayPolicy()
	in := benchDay("", 1)
	policy.Tariff.Series = hourlyPrices(in.IssuedAt, in.Slots)
	made, err := NewPlanner(policy, londonCalendar(b), "default/bench")
	require.NoError(b, err)
	p := made.(*planner)
	ws := newWorkspace()
	ws.day.set(p, in.Start, in.Slots)
	ws.begin(1)
	p.assignDevices(ws, &ws.meters[0], in.Meters[0].Name, in.Group)
	p.planMeter(ws, in, 0, nil)
	var q shiftProblem
	require.True(b, p.pose(&ws.day, &ws.meters[0], nil, &q))
	var out shiftPlan
	b.ReportAllocs()
	for b.Loop() {
		ws.transport.solve(&q, &out)
	}
}
