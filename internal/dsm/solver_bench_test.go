package dsm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/energytwin/energytwin/internal/forecast"
)

// BenchmarkSolvers reports the time of each solver on days of 24 hours, every hour
// with its own price.
func BenchmarkSolvers(b *testing.B) {
	const days = 64
	r := rand.New(rand.NewPCG(31, 32))
	var f transport
	var s shiftPlan
	var store Storage
	var uncertain UncertainStorage
	var stored StoragePlan
	var x [maxSlots]float64
	demand := demandSolver{transport: &f}
	shifts, peaks := make([]*shiftProblem, days), make([]*peakProblem, days)
	demands, stores, loads := make([]*demandProblem, days), make([]*StorageProblem, days), make([]forecast.Quantiles, days)
	cars, costs, own := make([]*deferrable, days), make([]*[maxSlots]float64, days), make([]*[maxSlots]float64, days)
	for i := range days {
		shifts[i], peaks[i], demands[i], stores[i] = randomShift(r, 24), randomPeak(r, 24), randomDemand(r, 24), randomStorage(r, 24)
		shifts[i].reach, peaks[i].reach = 6, 24
		loads[i] = steady(24, 0, 0, 0)
		for h := range loads[i].P50 {
			loads[i].P50[h] = float32(stores[i].Load[h])
			loads[i].P10[h], loads[i].P90[h] = loads[i].P50[h]-0.5, loads[i].P50[h]+0.8
		}
		cars[i], costs[i], own[i] = randomDeferrable(r, 24)
		for h := range cars[i].limit {
			cars[i].limit[h] = math.Inf(1)
		}
	}
	for _, c := range []struct {
		name  string
		solve func(i int)
	}{
		{"load shift", func(i int) { shiftAnywhere(shifts[i], &s) }},
		{"load shift within 6 h", func(i int) { f.solve(shifts[i], &s) }},
		{"peak shave", func(i int) { peaks[i].lowest(0) }},
		{"energy and demand charge", func(i int) { demand.solve(demands[i], &s) }},
		{"storage", func(i int) { _ = store.Solve(stores[i], &stored) }},
		{"storage of an uncertain load", func(i int) { _, _ = uncertain.SolveForecast(stores[i], loads[i], &stored) }},
		{"cheapest hours", func(i int) { cars[i].cheapest(costs[i], own[i], &x) }},
		{"valley filling", func(i int) { cars[i].valley(&x) }},
	} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				c.solve(i % days)
			}
		})
	}
}
