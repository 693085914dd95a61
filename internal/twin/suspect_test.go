package twin

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/synth"
)

// area is the meters of a feeder, and all that is issued about them.
type area struct {
	feed      *feed
	loads     []func(h meter.Hour) float32 // by meter; NaN for no reading
	minutes   int                          // of the intervals that readings come in
	decisions map[string]dsm.Decision      // by meter and issue time
	medians   map[string][]float32
}

// newArea has a limit that its honest load never reaches.
func newArea(t *testing.T, loads ...func(h meter.Hour) float32) *area {
	settings := testSettings()
	settings.Policy.Groups[0].CapacityKW = 5000
	return &area{
		feed: newFeed(testRules(t, settings)), loads: loads, minutes: 60,
		decisions: map[string]dsm.Decision{}, medians: map[string][]float32{},
	}
}

func name(i int) string { return fmt.Sprint("m", i) }

// run feeds the hours from `from` on, days long, in batches of a day. spoil changes
// readings of meter 0.
func (a *area) run(from meter.Hour, days int, spoil func(h meter.Hour, kwh float32) float32) {
	for d := range days {
		var records []Record
		for h := from + meter.Hour(24*d); h < from+meter.Hour(24*(d+1)); h++ {
			for i, load := range a.loads {
				kwh := load(h)
				if i == 0 && spoil != nil {
					kwh = spoil(h, kwh)
				}
				if kwh == kwh {
					records = append(records, a.messages(i, h, kwh, a.feed.p.next+int64(len(records)))...)
				}
			}
		}
		a.apply(records)
	}
}

func (a *area) messages(i int, h meter.Hour, kwh float32, offset int64) (out []Record) {
	for _, value := range inParts(meter.Reading{Meter: name(i), Group: "feeder", Hour: h, KWh: kwh}, a.minutes) {
		out = append(out, Record{Offset: offset + int64(len(out)), Key: []byte("feeder"), Value: value})
	}
	return out
}

func (a *area) apply(records []Record) {
	a.feed.batch(records)
	rows := &a.feed.fx
	for _, d := range rows.Decisions {
		a.decisions[fmt.Sprint(d.Meter, " ", d.IssuedAt)] = clone(d.Decision)
	}
	for _, f := range rows.Forecasts {
		a.medians[fmt.Sprint(f.MeterNo, " ", f.IssuedAt)] = slices.Clone(f.P50)
	}
}

func clone(d dsm.Decision) dsm.Decision {
	d.Plan = slices.Clone(d.Plan)
	return d
}

// ofNeighbours are the decisions about all meters but the first.
func (a *area) ofNeighbours() map[string]string {
	out := map[string]string{}
	for at, d := range a.decisions {
		if d.Meter != "" && d.Meter != name(0) {
			out[at] = fmt.Sprintf("%+v", d)
		}
	}
	return out
}

func (a *area) quality(h meter.Hour) Quality {
	return a.feed.rows.Readings[fmt.Sprint(a.feed.no[name(0)], h)].quality
}

// made are the loads of made-up homes.
func made(t *testing.T, n int) (out []func(h meter.Hour) float32) {
	t.Helper()
	src, err := synth.New(synth.Options{Meters: n, Seed: 5, Year: 2024, Zone: "Europe/London"})
	require.NoError(t, err)
	values := make([]map[meter.Hour]float32, n)
	for i := range values {
		values[i] = map[meter.Hour]float32{}
		out = append(out, func(h meter.Hour) float32 { return values[i][h] })
	}
	for rows, err := range src.Rows(src.Info().Start) {
		require.NoError(t, err)
		for _, r := range rows {
			values[r.Meter][r.Hour] = r.KWh
		}
	}
	return out
}

func withSun(load func(h meter.Hour) float32) func(h meter.Hour) float32 {
	return func(h meter.Hour) float32 {
		cloud := 0.4 + 0.6*float64(h/24*7%10)/10
		return load(h) - float32(max(0, 3.2*cloud*math.Sin(math.Pi*float64(h%24-6)/12)))
	}
}

func asBuilding(load func(h meter.Hour) float32) func(h meter.Hour) float32 {
	return func(h meter.Hour) float32 { return 60 + 30*float32(math.Sin(float64(h%24)/24*2*math.Pi)) + 5*load(h) }
}

const (
	before = 30 // days until a meter is spoilt
	after  = 16
)

func TestOneReadingThatCannotBeChangesNothingElse(t *testing.T) {
	homes := made(t, 3)
	for kind, load := range map[string]func(h meter.Hour) float32{
		"home": homes[0], "home with sun": withSun(homes[0]), "building": asBuilding(homes[0]),
	} {
		t.Run(kind, func(t *testing.T) {
			honest := newArea(t, load, homes[1], homes[2])
			start := honest.feed.p.rules.From
			honest.run(start, before+after, nil)
			t.Logf("of the honest readings %d were suspect for a while, %d confirmed", honest.feed.rows.Counts.Suspect, honest.feed.rows.Counts.Confirmed)
			highest, lowest := extremes(load, start)
			unit := max(highest, -lowest) / 1.5 // of a home that peaks at 1.5
			for _, size := range []float32{100, 12_345, 1e6, -100, -12_345} {
				kwhOf := max(min(size*unit, 1e6), -1e6) // what a message may hold
				for _, hour := range []meter.Hour{0, 3, 12, 18, 23} {
					at := start + before*24 + hour
					spoilt := newArea(t, load, homes[1], homes[2])
					spoilt.run(start, before+after, func(h meter.Hour, kwh float32) float32 {
						if h == at {
							return kwhOf
						}
						return kwh
					})
					what := fmt.Sprintf("%v kWh at %d:00", kwhOf, hour)
					require.Equal(t, Measured.Suspect(), spoilt.quality(at), what)
					require.Equal(t, honest.feed.rows.Counts.Suspect+1, spoilt.feed.rows.Counts.Suspect, what)
					require.Equal(t, honest.feed.rows.Counts.Confirmed, spoilt.feed.rows.Counts.Confirmed, what)
					require.Equal(t, honest.ofNeighbours(), spoilt.ofNeighbours(), what)
					spoilt.requireWithin(t, highest, what)
					next := spoilt.feed.p.rules.nextPlans(at)
					require.Equal(t, dsm.ReasonSuspectInput, spoilt.decisions[fmt.Sprint(name(0), " ", next)].Reason, what)
					later := spoilt.decisions[fmt.Sprint(name(0), " ", spoilt.feed.p.rules.nextPlans(next))]
					require.NotEqual(t, dsm.ReasonSuspectInput, later.Reason, what)
				}
			}
		})
	}
}

func extremes(load func(h meter.Hour) float32, start meter.Hour) (highest, lowest float32) {
	for h := start; h < start+24*before; h++ {
		highest, lowest = max(highest, load(h)), min(lowest, load(h))
	}
	return highest, lowest
}

// requireWithin checks that nothing issued about the first meter goes beyond what it
// drew, and that nothing is asked of the feeder.
func (a *area) requireWithin(t *testing.T, highest float32, what string) {
	t.Helper()
	for at, d := range a.decisions {
		require.NotEqual(t, dsm.ReasonGroupLimit, d.Reason, "%s: %s", what, at)
		for _, change := range d.Plan {
			require.LessOrEqual(t, abs32(change), highest, "%s: plan %s", what, at)
		}
	}
	for at, median := range a.medians {
		if at[:2] != "1 " {
			continue
		}
		for _, v := range median {
			require.LessOrEqual(t, v, 2*highest, "%s: median %s", what, at)
		}
	}
}

func abs32(v float32) float32 { return max(v, -v) }

func TestASpikeAsACorrectionAndBack(t *testing.T) {
	homes := made(t, 2)
	honest, a := newArea(t, homes...), newArea(t, homes...)
	start := a.feed.p.rules.From
	honest.run(start, before, nil)
	a.run(start, before, nil)
	at := start + before*24 - 30
	send := func(kwh float32) { a.apply(a.messages(0, at, kwh, a.feed.p.next)) }

	send(12_345)
	require.Equal(t, Corrected.Suspect(), a.quality(at))
	require.Equal(t, honest.feed.rows.Counts.Suspect+1, a.feed.rows.Counts.Suspect)
	require.Equal(t, int32(1), a.feed.fx.GroupTotals[0].Meters, "the feeder's load is that of the other meter")
	send(12_345)
	require.Equal(t, int64(1), a.feed.rows.Counts.Duplicates)
	send(homes[0](at))
	require.Equal(t, Corrected, a.quality(at))
	require.Equal(t, float32(12_345), a.feed.fx.Revisions[0].OldKWh)

	honest.run(start+before*24, after, nil)
	a.run(start+before*24, after, nil)
	require.Equal(t, honest.medians, a.medians)
}

func TestASpikeInTheWarmUp(t *testing.T) {
	load := made(t, 1)[0]
	a := newArea(t, load)
	start := a.feed.p.rules.From
	highest, _ := extremes(load, start)
	for _, spike := range []meter.Hour{0, 5, 100} {
		var past meter.Series
		for h := range meter.Hour(28 * 24) {
			if h == spike {
				past.Append(start+h, 12_345)
				continue
			}
			past.Append(start+h, load(start+h))
		}
		f := newFeed(a.feed.p.rules)
		records := a.messages(0, start+28*24, load(start+28*24), 0)
		f.batchWith(records, map[string]meter.Series{name(0): past})
		row := f.rows.Readings[fmt.Sprint(1, start+spike)]
		require.Equal(t, WarmUp.Suspect(), row.quality, "hour %d", spike)

		spoilt := &area{feed: f, loads: a.loads, minutes: 60, decisions: map[string]dsm.Decision{}, medians: map[string][]float32{}}
		spoilt.run(start+28*24, after, nil)
		require.NotEmpty(t, spoilt.medians)
		spoilt.requireWithin(t, highest, "warm-up")
	}
}

func TestASpikeInASubHourReading(t *testing.T) {
	a := newArea(t, made(t, 2)...)
	a.minutes = 15
	start := a.feed.p.rules.From
	a.run(start, before, nil)
	at := start + before*24
	records := a.messages(0, at, 0.4, a.feed.p.next)
	quarter := meter.Reading{Meter: name(0), Group: "feeder", Hour: at, KWh: 12_345}
	records[2].Value = subHourMessageOf(quarter, 30, 15)
	a.apply(records)
	require.True(t, a.quality(at).IsSuspect())

	a.apply([]Record{{Offset: a.feed.p.next, Value: subHourMessageOf(meter.Reading{Meter: name(0), Group: "feeder", Hour: at, KWh: 0.05}, 30, 15)}})
	require.Equal(t, Corrected, a.quality(at))
}

func TestANewMetersFirstDays(t *testing.T) {
	load := made(t, 1)[0]
	for _, spike := range []meter.Hour{0, 7, 23, 24, 60} {
		a := newArea(t, load)
		start := a.feed.p.rules.From
		highest, _ := extremes(load, start)
		a.run(start, 20, func(h meter.Hour, kwh float32) float32 {
			if h == start+spike {
				return 12_345
			}
			return kwh
		})
		require.True(t, a.quality(start+spike).IsSuspect(), "hour %d", spike)
		require.NotEmpty(t, a.medians)
		a.requireWithin(t, highest, fmt.Sprint("hour ", spike))
	}
}

func TestAStuckValueIsMissingFromItsSecondDay(t *testing.T) {
	load := made(t, 1)[0]
	a := newArea(t, load)
	start := a.feed.p.rules.From
	stuck := start + before*24
	a.run(start, before+4, func(h meter.Hour, kwh float32) float32 {
		if h >= stuck {
			return 0.731
		}
		return kwh
	})
	for h := stuck; h < stuck+4*24; h++ {
		require.Equal(t, h >= stuck+24, a.quality(h).IsSuspect(), "hour %d", h-stuck)
	}
	last := a.decisions[fmt.Sprint(name(0), " ", a.feed.p.rules.nextPlans(stuck+60))]
	require.Equal(t, dsm.ReasonSuspectInput, last.Reason)
	require.Equal(t, stuck+23, last.LastReading)
}

func TestACarIsLearnedAsBefore(t *testing.T) {
	load := made(t, 1)[0]
	a := newArea(t, load)
	start := a.feed.p.rules.From
	car := start + before*24
	a.run(start, before+8, func(h meter.Hour, kwh float32) float32 {
		if h >= car && (h%24 >= 22 || h%24 < 2) {
			return kwh + 11
		}
		return kwh
	})
	require.Zero(t, a.feed.p.meters[name(0)].window.Suspects(car+8*24, 8*24), "what follows confirms the first ones")
	require.Equal(t, a.feed.rows.Counts.Suspect, a.feed.rows.Counts.Confirmed)
	require.Greater(t, a.medians[fmt.Sprint(1, " ", a.feed.p.rules.NextDayAhead(car+5*24))][23], float32(7), "after five days")
}

func TestADoubledLoadIsNotSuspect(t *testing.T) {
	load := made(t, 1)[0]
	honest, a := newArea(t, load), newArea(t, load)
	start := a.feed.p.rules.From
	honest.run(start, before, nil)
	a.run(start, before+after, func(h meter.Hour, kwh float32) float32 {
		if h >= start+before*24 {
			return 2 * kwh
		}
		return kwh
	})
	require.Equal(t, honest.feed.rows.Counts.Suspect, a.feed.rows.Counts.Suspect)
}

func TestNothingConfirmsWhatExceedsTheLimit(t *testing.T) {
	load := made(t, 1)[0]
	a := newArea(t, load)
	a.feed.p.rules.mostKWh = 10
	start := a.feed.p.rules.From
	a.run(start, before, func(h meter.Hour, kwh float32) float32 {
		if h%24 < 6 {
			return 11 + kwh
		}
		return kwh
	})
	for h := start; h < start+before*24; h++ {
		if h%24 < 6 {
			require.True(t, a.quality(h).IsSuspect(), "hour %d", h-start)
		}
	}
}

// A meter whose first message comes months after those of others is part of no row
// from before, however messages fall into batches.
func TestAMeterExistsFromItsFirstReading(t *testing.T) {
	homes := made(t, 4)
	const late = 20
	run := func(size int) (decisions map[string]dsm.Decision, restarts int) {
		a := newArea(t, homes...)
		start := a.feed.p.rules.From
		var records []Record
		for h := start; h < start+24*24; h++ {
			for i, load := range homes {
				if i < 2 || h >= start+late*24+1 {
					records = append(records, a.messages(i, h, load(h), int64(len(records)))...)
				}
			}
		}
		for chunk := range slices.Chunk(records, size) {
			a.apply(chunk)
			if restarts++; restarts%3 == 0 {
				a.feed.restart(t)
			}
		}
		return a.decisions, restarts
	}
	want, _ := run(1)
	require.Len(t, want, 24*2+4*2+24, "two meters and their feeder each day, two more from the twenty-first on")
	for _, size := range []int{7, 48, 500, 1 << 20} {
		got, _ := run(size)
		require.Equal(t, slices.Sorted(maps.Keys(want)), slices.Sorted(maps.Keys(got)), "batches of %d", size)
	}
}
