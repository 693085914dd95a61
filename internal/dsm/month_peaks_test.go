package dsm

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/meter"
)

// What plans save on the demand charge adds up to the charge of the months without them
// less that with them, whichever days have a plan and whichever hours a reading.
func TestDemandSavingsAddUpOverTheMonths(t *testing.T) {
	const charge = 2.5
	policy := dayPolicy()
	policy.Groups, policy.Tariff.DemandCharge = nil, charge
	policy.Flexibility.ShiftableShare = 1
	l := ledger(t, policy)
	rapid.Check(t, func(t *rapid.T) {
		start := thursday - meter.Hour(rapid.IntRange(0, 40*meter.HoursPerDay).Draw(t, "before"))
		without, with := map[int32]float64{}, map[int32]float64{}
		var peaks MonthPeaks
		saved := 0.0
		for day := range rapid.IntRange(1, 70).Draw(t, "days") {
			d := Decision{ValidFrom: start + meter.Hour(day*meter.HoursPerDay), MonthPeak: float32(math.NaN())}
			d.ValidTo, d.ActionableFrom = d.ValidFrom+meter.HoursPerDay, d.ValidFrom
			if day == 0 {
				d.MonthPeak = float32(rapid.IntRange(0, 6).Draw(t, "month's peak"))
				without[l.MonthOf(d.ValidFrom)], with[l.MonthOf(d.ValidFrom)] = float64(d.MonthPeak), float64(d.MonthPeak)
			} else if m := without[l.MonthOf(d.ValidFrom)]; rapid.Bool().Draw(t, "known") {
				d.MonthPeak = float32(m)
			}
			if day > 0 && l.MonthOf(d.ValidFrom) != peaks.Month {
				d.MonthPeak = 0
			}
			actual, change := make([]float32, meter.HoursPerDay), make([]float64, meter.HoursPerDay)
			for h := range actual {
				actual[h] = float32(rapid.IntRange(0, 10).Draw(t, "kWh"))
			}
			if rapid.Bool().Draw(t, "gap") {
				actual[rapid.IntRange(0, 23).Draw(t, "hour")] = float32(math.NaN())
			}
			if rapid.Bool().Draw(t, "plan") {
				d.Action, d.Plan = ActionLoadShift, make([]float32, meter.HoursPerDay)
				from, to := rapid.IntRange(0, 11).Draw(t, "from"), rapid.IntRange(12, 23).Draw(t, "to")
				d.Plan[from], d.Plan[to] = -3, 3
				l.Change(&d, actual, change)
				out, known := l.Replayed(&d, actual, &peaks)
				require.True(t, known)
				saved += float64(out.SavingDemand)
			} else {
				saved += float64(l.Unplanned(&d, actual, &peaks))
			}
			for h, v := range actual {
				if month := l.MonthOf(d.ValidFrom + meter.Hour(h)); v == v {
					without[month] = max(without[month], float64(v))
					with[month] = max(with[month], float64(v)+change[h])
				}
			}
		}
		want := 0.0
		for month := range without {
			want += charge * (without[month] - with[month])
		}
		require.InDelta(t, want, saved, 1e-3)
	})
}
