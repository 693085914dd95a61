package whatif

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/synth"
	"github.com/energytwin/energytwin/internal/twin"
)

func rules(t testing.TB, change func(*twin.Settings)) *twin.Rules {
	t.Helper()
	s := twin.Settings{
		Twin: "test/twin", Timezone: "Europe/London", IssueAt: "00:00", History: 1344,
		From: meter.NoHour, To: meter.NoHour, IssueFrom: meter.NoHour,
		Policy: dsm.Policy{
			Mode: dsm.ModeAdvisory, Objective: dsm.Objective{Cost: 1, Peak: 1},
			Tariff: dsm.Tariff{Currency: "GBP", Default: .25, DemandCharge: 3, Periods: []dsm.Period{
				{Name: "night", Days: "All", Start: "00:30", End: "07:30", Price: .1},
			}},
			Flexibility: dsm.Flexibility{ShiftableShare: .15, MaxShiftHours: 6, MaxIncrease: .2},
			Groups:      []dsm.Group{{Name: "feeder-0001", CapacityKW: 3}},
			Freshness:   24,
			LeadHours:   6,
		},
	}
	if change != nil {
		change(&s)
	}
	r, err := twin.NewRules(s)
	require.NoError(t, err)
	return r
}

// homes are the readings of made-up homes over some days.
func homes(t testing.TB, meters, groups, days int) Readings {
	t.Helper()
	src, err := synth.New(synth.Options{Meters: meters, Groups: groups, Seed: 3, Year: 2019, Zone: "Europe/London"})
	require.NoError(t, err)
	start := src.Info().Start
	r := Readings{Start: start, End: start + meter.Hour(days*meter.HoursPerDay)}
	for _, m := range src.Info().Meters {
		r.Meters = append(r.Meters, Meter{Name: m.Name, Group: m.Group, Last: r.End - 1})
	}
	r.Blocks = func(yield func(Block, error) bool) {
		for rows, err := range src.Rows(start) {
			if err != nil {
				yield(Block{}, err)
				return
			}
			b := Block{Hour: rows[0].Hour}
			for _, row := range rows {
				b.Rows = append(b.Rows, Row{Meter: row.Meter, KWh: row.KWh})
			}
			if b.Hour >= r.End || !yield(b, nil) {
				return
			}
		}
	}
	return r
}

func options(t testing.TB, partitions int) Options {
	return Options{
		Base: rules(t, nil), Partitions: partitions, From: meter.NoHour, To: meter.NoHour,
		PartitionOf: func(key string) int { return int(key[len(key)-1]) % partitions },
	}
}

// Measured figures are those that can be added up by hand.
func TestFiguresAreThoseOfTheReadings(t *testing.T) {
	const days = 40
	r := homes(t, 6, 2, days)
	o := options(t, 1)
	report, err := Run(t.Context(), r, o)
	require.NoError(t, err)
	ledger, err := dsm.NewLedger(o.Base.Policy, o.Base.Calendar(), "test/twin")
	require.NoError(t, err)
	loads := map[string][]float64{}
	peaks := map[int32]map[int]float64{} // by meter and local month
	energy, demand, kwh := 0.0, 0.0, 0.0
	for b, err := range r.Blocks {
		require.NoError(t, err)
		for _, row := range b.Rows {
			m, v := r.Meters[row.Meter], float64(row.KWh)
			if loads[m.Group] == nil {
				loads[m.Group] = make([]float64, days*meter.HoursPerDay)
			}
			loads[m.Group][b.Hour-r.Start] += v
			energy, kwh = energy+ledger.Cost(b.Hour, v), kwh+v
			if peaks[row.Meter] == nil {
				peaks[row.Meter] = map[int]float64{}
			}
			month := int(o.Base.Calendar().Local(b.Hour).Month())
			peaks[row.Meter][month] = max(peaks[row.Meter][month], v)
		}
	}
	for _, of := range peaks {
		for _, peak := range of {
			demand += 3 * peak
		}
	}
	require.InDelta(t, kwh, report.Base.KWh, 1e-3)
	require.InDelta(t, energy, report.Base.Energy, 1e-3)
	require.InDelta(t, demand, report.Base.Demand, 1e-3)
	over, hours := 0.0, 0
	peak := math.Inf(-1)
	for i, v := range loads["feeder-0001"] {
		if v > 3 {
			over, hours = over+v-3, hours+1
		}
		peak = max(peak, v+loads["feeder-0002"][i])
	}
	first := report.Groups[0].Base.Measured
	require.Positive(t, hours)
	require.Equal(t, hours, first.HoursOver)
	require.InDelta(t, over, first.KWhOver, 1e-3)
	require.InDelta(t, peak, *report.Base.Measured.PeakKW, 1e-4)
	require.Nil(t, report.Base.CO2Kg, "no intensity is known")
	require.Positive(t, report.Base.Plans)
}

// The warm-up is a part of the window: what was measured in it counts, although
// nothing is planned for it.
func TestTheWarmUpCounts(t *testing.T) {
	r := homes(t, 4, 2, 40)
	plain, err := Run(t.Context(), r, options(t, 1))
	require.NoError(t, err)
	o := options(t, 1)
	o.Base = rules(t, func(s *twin.Settings) { s.WarmUp, s.IssueFrom = true, r.Start+28*meter.HoursPerDay+5 })
	warm, err := Run(t.Context(), r, o)
	require.NoError(t, err)
	require.InDelta(t, plain.Base.KWh, warm.Base.KWh, 1e-6)
	require.InDelta(t, plain.Base.Energy, warm.Base.Energy, 1e-6)
	require.InDelta(t, plain.Base.Demand, warm.Base.Demand, 1e-6)
	require.Equal(t, plain.Base.Measured, warm.Base.Measured)
	require.Less(t, warm.Base.Plans, plain.Base.Plans)
}

// Rules that change in the middle hold from their reading on: loads cost what the
// rules of their hours say, decisions are those of a run under the same rules, and
// the hours above a limit are those above the one that held.
func TestRevisionsHoldFromTheirReading(t *testing.T) {
	const days, change = 40, 30
	r := homes(t, 6, 2, days)
	meters := int64(len(r.Meters))
	other := rules(t, func(s *twin.Settings) {
		s.Policy.Tariff.Default, s.Policy.Tariff.DemandCharge = .5, 0
		s.Policy.Groups = []dsm.Group{{Name: "feeder-0001", CapacityKW: 2}}
	})
	decisions := func(o Options) (map[string]string, *Report) {
		out := map[string]string{}
		o.Decided = func(_ Scenario, ds []twin.Decision) {
			for _, d := range ds {
				out[d.ID.String()] = fmt.Sprintf("%+v", d.Decision)
			}
		}
		report, err := Run(t.Context(), r, o)
		require.NoError(t, err)
		return out, report
	}
	at := r.Start + change*meter.HoursPerDay
	before, earlier := decisions(func() Options { o := options(t, 1); o.To = at; return o }())
	both := options(t, 1)
	both.Revisions = [][]Revision{{{Rules: both.Base}, {Rules: other, After: meters * change * meter.HoursPerDay}}}
	both.Base = other
	got, report := decisions(both)

	later := options(t, 1)
	later.Base, later.From = other, at
	_, after := decisions(later)
	require.InDelta(t, earlier.Base.Energy+after.Base.Energy, report.Base.Energy, 1e-6)
	require.InDelta(t, earlier.Base.Demand, report.Base.Demand, 1e-6, "the second tariff has no demand charge")
	require.Equal(t, earlier.Groups[0].Base.Measured.HoursOver+after.Groups[0].Base.Measured.HoursOver, report.Groups[0].Base.Measured.HoursOver)
	require.Equal(t, 2., *report.Groups[0].Base.Measured.LimitKW)
	for id, text := range before {
		require.Equal(t, text, got[id], "decided before the change")
	}
	require.Greater(t, len(got), len(before))

	euro := rules(t, func(s *twin.Settings) { s.Policy.Tariff.Currency, s.Policy.Tariff.Default = "EUR", .5 })
	both.Revisions[0][1].Rules, both.Base = euro, euro
	_, report = decisions(both)
	later.Base = euro
	_, after = decisions(later)
	require.Equal(t, "EUR", report.Currency)
	require.InDelta(t, after.Base.Energy, report.Base.Energy, 1e-6, "pounds are no part of a sum of euros")
	require.InDelta(t, earlier.Base.KWh+after.Base.KWh, report.Base.KWh, 1e-6)
}

// Both scenarios of equal rules are equal, and how partitions and processors share
// the work changes no figure of a group.
func TestPartitionsChangeNoFigure(t *testing.T) {
	r := homes(t, 12, 4, 35)
	one, many := options(t, 1), options(t, 5)
	many.Alternative = rules(t, nil)
	want, err := Run(t.Context(), r, one)
	require.NoError(t, err)
	got, err := Run(t.Context(), r, many)
	require.NoError(t, err)
	require.Len(t, got.Groups, 4)
	for i := range got.Groups {
		require.Equal(t, want.Groups[i].Base, got.Groups[i].Base)
		require.Equal(t, got.Groups[i].Base, *got.Groups[i].Alternative)
	}
	require.Equal(t, want.Base, got.Base)
}

// An alternative that shares the base's forecasts is decided on in the same walk, and
// comes to what it comes to alone, whatever the base does.
func TestSharedForecastsChangeNoFigure(t *testing.T) {
	const days = 45
	r := homes(t, 12, 4, days)
	alone := func(rules *twin.Rules) (*Report, map[Scenario][]string) { return decided(t, r, rules, nil, nil) }
	for name, other := range map[string]func(*twin.Settings){
		"tariff": func(s *twin.Settings) { s.Policy.Tariff = dsm.Tariff{Currency: "GBP", Default: .5, DemandCharge: 1} },
		"limit":  func(s *twin.Settings) { s.Policy.Groups = []dsm.Group{{Name: "feeder-0002", CapacityKW: 2}} },
		"devices": func(s *twin.Settings) {
			s.Policy.Assets = []dsm.Asset{{Name: "b", Meters: []string{"*"}, Battery: &dsm.Battery{CapacityKWh: 10, PowerKW: 5, Efficiency: .81}}}
		},
		"off": func(s *twin.Settings) { s.Policy.Mode = dsm.ModeOff },
	} {
		alternative := rules(t, other)
		wantBase, base := alone(rules(t, nil))
		want, decisions := alone(alternative)
		require.True(t, rules(t, nil).SharesForecasts(alternative), name)
		got, both := decided(t, r, rules(t, nil), alternative, nil)
		require.Equal(t, wantBase.Base, got.Base, name)
		require.Equal(t, want.Base, *got.Alternative, name)
		require.Equal(t, base[Base], both[Base], name)
		require.Equal(t, decisions[Base], both[Alternative], name)

		turned, both := decided(t, r, alternative, rules(t, nil), nil)
		require.Equal(t, wantBase.Base, *turned.Alternative, name)
		require.Equal(t, decisions[Base], both[Base], name)
		require.Equal(t, base[Base], both[Alternative], name)

		revised := []Revision{{Rules: alternative}, {Rules: rules(t, nil), After: 12 * 20 * meter.HoursPerDay}}
		got, both = decided(t, r, rules(t, nil), alternative, revised)
		require.Equal(t, want.Base, *got.Alternative, name)
		require.Equal(t, decisions[Base], both[Alternative], name)
	}
	longer := rules(t, func(s *twin.Settings) { s.History = 1500 })
	require.False(t, rules(t, nil).SharesForecasts(longer))
	want, decisions := alone(longer)
	got, both := decided(t, r, rules(t, nil), longer, nil)
	require.Equal(t, want.Base, *got.Alternative)
	require.Equal(t, decisions[Base], both[Alternative])
}

// decided is a report and all decisions as text, in order.
func decided(t *testing.T, r Readings, base, alternative *twin.Rules, revisions []Revision) (*Report, map[Scenario][]string) {
	t.Helper()
	o := options(t, 1)
	o.Base, o.Alternative = base, alternative
	if revisions != nil {
		o.Revisions = [][]Revision{revisions}
	}
	out := map[Scenario][]string{}
	var mu sync.Mutex // two scenarios that share nothing run at the same time
	o.Decided = func(s Scenario, ds []twin.Decision) {
		mu.Lock()
		defer mu.Unlock()
		for _, d := range ds {
			out[s] = append(out[s], fmt.Sprintf("%+v", d))
		}
	}
	report, err := Run(t.Context(), r, o)
	require.NoError(t, err)
	return report, out
}

func TestProgressAndCancellation(t *testing.T) {
	r := homes(t, 2, 1, 20)
	o := options(t, 2)
	var seen []int
	ctx, cancel := context.WithCancel(t.Context())
	o.Progress = func(done, all int) {
		require.Equal(t, 20*meter.HoursPerDay, all)
		seen = append(seen, done)
		if done >= 5*meter.HoursPerDay {
			cancel()
		}
	}
	_, err := Run(ctx, r, o)
	require.ErrorIs(t, err, context.Canceled)
	require.Equal(t, []int{24, 48, 72, 96, 120}, seen)
}

func TestRunFails(t *testing.T) {
	r := homes(t, 2, 1, 3)
	blocks := r.Blocks
	broken := errors.New("broken")
	r.Blocks = func(yield func(Block, error) bool) { yield(Block{}, broken) }
	_, err := Run(t.Context(), r, options(t, 1))
	require.ErrorIs(t, err, broken)
	r.Blocks = func(func(Block, error) bool) {}
	_, err = Run(t.Context(), r, options(t, 1))
	require.ErrorIs(t, err, ErrNoReadings)
	r.Blocks = blocks
	_, err = Run(t.Context(), r, options(t, 1))
	require.NoError(t, err)
}

// A group that holds others is a line of its own, of all that is below it; totals count each
// meter once. The alternative may move groups within their tree.
func TestGroupsThatHoldOthers(t *testing.T) {
	r := homes(t, 12, 3, 35)
	nested := func(parent string) func(*twin.Settings) {
		return func(s *twin.Settings) {
			s.GroupReissue = 24
			s.Policy.Groups = []dsm.Group{
				{Name: "feeder-0001", Parent: parent}, {Name: "feeder-0002", Parent: "substation"}, {Name: "feeder-0003"},
				{Name: "transformer", Parent: "substation", CapacityKW: 2}, {Name: "substation", CapacityKW: 4},
			}
		}
	}
	o := options(t, 3)
	o.Base, o.Alternative = rules(t, nested("transformer")), rules(t, nested("substation"))
	report, err := Run(t.Context(), r, o)
	require.NoError(t, err)
	byName := map[string]Group{}
	for _, g := range report.Groups {
		byName[g.Name] = g
	}
	require.Len(t, byName, 5)
	first, second, third := byName["feeder-0001"].Base, byName["feeder-0002"].Base, byName["feeder-0003"].Base
	transformer, substation := byName["transformer"].Base, byName["substation"].Base
	require.Equal(t, first.Meters, transformer.Meters)
	require.InDelta(t, first.KWh, transformer.KWh, 1e-6)
	require.Equal(t, first.Meters+second.Meters, substation.Meters)
	require.InDelta(t, first.KWh+second.KWh, substation.KWh, 1e-6)
	require.Equal(t, first.Plans+second.Plans, substation.Plans)
	require.InDelta(t, 4, *substation.Measured.LimitKW, 0)
	require.Positive(t, substation.Measured.HoursOver)
	require.Less(t, substation.Planned.KWhOver, substation.Measured.KWhOver)
	require.Equal(t, 12, report.Base.Meters)
	require.InDelta(t, substation.KWh+third.KWh, report.Base.KWh, 1e-6)
	require.Nil(t, byName["transformer"].Alternative, "it holds nothing there")
	require.Equal(t, substation.Measured, byName["substation"].Alternative.Measured)

	o.Alternative = rules(t, nested(""))
	_, err = Run(t.Context(), r, o)
	require.ErrorIs(t, err, ErrOtherTrees)
	require.ErrorContains(t, err, `the highest group above "feeder-0001" is "feeder-0001", and was "substation"`)
}
