package dsm

import (
	"math"
	"math/rand/v2"
	"testing"
)

// BenchmarkSolvers reports the time of each solver on days of 24 hours, every hour
// with its own price.
func BenchmarkSolvers(b *testing.B) {
	const days = 64
	r := rand.New(rand.NewPCG(31, 32))
	var f transport
	var s shiftPlan
	var store Storage
	var stored StoragePlan
	var x [maxSlots]float64
	demand := demandSolver{transport: &f}
	shifts, peaks := make([]*shiftProblem, days), make([]*peakProblem, days)
	demands, stores := make([]*demandProblem, days), make([]*StorageProblem, days)
	cars, costs, own := make([]*deferrable, days), make([]*[maxSlots]float64, days), make([]*[maxSlots]float64, days)
	for i := range days {
		shifts[i], peaks[i], demands[i], stores[i] = randomShift(r, 24), randomPeak(r, 24), randomDemand(r, 24), randomStorage(r, 24)
		shifts[i].reach, peaks[i].reach = 6, 24
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
