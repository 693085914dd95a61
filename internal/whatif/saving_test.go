package whatif

import (
	"slices"
	"sync"
	"testing"

	"github.com/google/uuid"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// What plans save on demand charges is the charge of each meter's months as measured less
// that with all plans carried out: of several plans against one month's peak only the
// highest hour that is left counts.
func TestDemandIsSavedByTheMonth(t *testing.T) {
	for name, reissue := range map[string]int{"plans of whole days": 24, "plans that are revised": 6} {
		t.Run(name, func(t *testing.T) { checkDemandByTheMonth(t, reissue) })
	}
}

func checkDemandByTheMonth(t *testing.T, reissue int) {
	const days = 70 // parts of three months
	r := homes(t, 6, 2, days)
	o := options(t, 2)
	o.Base = rules(t, func(s *twin.Settings) { s.Reissue = reissue })
	var plans []dsm.Decision
	byNo := map[string]int32{}
	var one sync.Mutex // partitions run side by side
	o.Decided = func(_ Scenario, decisions []twin.Decision) {
		one.Lock()
		defer one.Unlock()
		for i := range decisions {
			if d := decisions[i].Decision; d.Meter != "" && (len(d.Plan) > 0 || d.Supersedes != uuid.Nil) {
				d.Plan = slices.Clone(d.Plan)
				d.Items = nil // the policy has no devices
				plans, byNo[d.Meter] = append(plans, d), decisions[i].MeterNo-1
			}
		}
	}
	report, err := Run(t.Context(), r, o)
	require.NoError(t, err)
	require.Greater(t, len(plans), 6*20)

	cal := o.Base.Calendar()
	ledger, err := dsm.NewLedger(o.Base.Policy, cal, "test/twin")
	require.NoError(t, err)
	measured := make([][]float32, len(r.Meters))
	for b, err := range r.Blocks {
		require.NoError(t, err)
		for _, row := range b.Rows {
			measured[row.Meter] = append(measured[row.Meter], row.KWh)
		}
	}
	with := make([][]float64, len(measured))
	for i, hours := range measured {
		for _, v := range hours {
			with[i] = append(with[i], float64(v))
		}
	}
	heldTo := map[uuid.UUID]meter.Hour{}
	for _, d := range plans {
		heldTo[d.Supersedes] = d.ValidFrom
	}
	require.Equal(t, reissue < 24, len(heldTo) > 1)
	energy, alone, promised := 0.0, 0.0, Saving{}
	for _, d := range plans {
		if d.ValidTo > r.End {
			continue
		}
		no, at := byNo[d.Meter], int(d.ValidFrom-r.Start)
		n := len(d.Plan)
		if to, superseded := heldTo[d.ID]; superseded {
			n = min(n, int(to-d.ValidFrom))
		}
		actual := measured[no][at : at+n]
		change := make([]float64, len(d.Plan))
		ledger.Change(&d, actual, change)
		for i, x := range change {
			with[no][at+i] += x
		}
		promised = promised.plus(Saving{float64(d.SavingEnergy), float64(d.SavingDemand)})
		if d.SupersededEnergy == d.SupersededEnergy {
			promised = promised.plus(Saving{-float64(d.SupersededEnergy), -float64(d.SupersededDemand)})
		}
		out, known := ledger.Replayed(&d, actual, nil)
		require.Equal(t, n > 0, known)
		energy, alone = energy+float64(out.SavingEnergy), alone+float64(out.SavingDemand)
	}
	charge := func(of func(no, hour int) float64) (sum float64) {
		for no := range measured {
			peaks := map[int]float64{}
			for h := range measured[no] {
				month := int(cal.Local(r.Start + meter.Hour(h)).Month())
				peaks[month] = max(peaks[month], of(no, h))
			}
			for _, peak := range peaks {
				sum += 3 * peak
			}
		}
		return sum
	}
	before := charge(func(no, h int) float64 { return float64(measured[no][h]) })
	after := charge(func(no, h int) float64 { return with[no][h] })
	require.NotZero(t, before-after)
	require.InDelta(t, before-after, report.Base.Realised.Demand, 1e-3)
	require.Less(t, report.Base.Realised.Demand, alone, "each plan by itself counts more")
	require.InDelta(t, energy, report.Base.Realised.Energy, 1e-3)
	require.InDelta(t, promised.Energy, report.Base.Promised.Energy, 1e-3)
	require.InDelta(t, promised.Demand, report.Base.Promised.Demand, 1e-3)
	require.InDelta(t, report.Base.Energy+report.Base.Demand-energy-(before-after), report.Base.Cost(), 1e-3)
}
