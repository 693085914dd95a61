package dsm

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/forecast"
)

// TestScenariosAreDrawnAndEvaluatedAlike: in vectors and one by one, to the bit, for loads
// above zero and below, and slots without a forecast or a known carbon intensity.
func TestScenariosAreDrawnAndEvaluatedAlike(t *testing.T) {
	if !hasVectors {
		t.Skip("the processor has no AVX2: there is nothing to compare")
	}
	r := rand.New(rand.NewPCG(5, 6))
	z := newNormalErrors()
	for i := range 500 {
		n := 1 + r.IntN(maxSlots)
		q := forecast.Quantiles{P10: make([]float32, n), P50: make([]float32, n), P90: make([]float32, n)}
		for t := range n {
			q.P50[t] = float32(r.NormFloat64()) + float32(i%3)
			q.P10[t], q.P90[t] = q.P50[t]-r.Float32(), q.P50[t]+r.Float32()
			if r.IntN(9) == 0 {
				q.P50[t] = float32(math.NaN())
			}
		}
		floor := math.Inf(-1)
		if i%4 == 0 {
			floor = 0
		}
		var s scenarios
		s.set(z, q, n, floor)
		plain := s
		plain.spreads.draw(z, n, &plain.load)
		require.Equal(t, plain.load[:n], s.load[:n])
		require.Equal(t, plain.spreads.sum[:n], s.spreads.sum[:n])

		p := &planner{policy: Policy{Objective: Objective{Cost: 1, Peak: 1, Carbon: .1}, Tariff: Tariff{Export: .05, DemandCharge: float64(i%2) * 9}}}
		ws, d := new(workspace), &meterPlan{share: r.Float64(), monthPeak: float64(r.IntN(3))}
		ws.day.n = n
		var shift shiftPlan
		for t := range n {
			ws.day.price[t], ws.day.value[t], ws.day.carbon[t] = r.Float64(), r.Float64(), r.Float64()
			if r.IntN(20) == 0 {
				ws.day.carbon[t] = math.NaN()
			}
			switch r.IntN(4) {
			case 0:
				shift.down[t] = r.Float64()
			case 1:
				shift.up[t] = r.Float64()
			}
		}
		x := p.prepare(ws, d, &shift, nil)
		if x.planned <= 0 {
			continue
		}
		var got, want outcomes
		p.evaluateAll(ws, &s, d, &x, &got)
		for k := range scenarioCount {
			scenario := s.scenario(k, n)
			want.set(k, p.evaluate(&ws.day, d, &x, &scenario))
		}
		require.Equal(t, want.cash, got.cash)
		require.Equal(t, want.value, got.value)
		require.Equal(t, want.energy, got.energy)
		require.Equal(t, want.demand, got.demand)
		require.Equal(t, math.Float64bits(want.co2), math.Float64bits(got.co2))
	}
}
