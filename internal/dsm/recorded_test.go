package dsm

import (
	"crypto/sha256"
	"encoding/hex"
	"flag"
	"fmt"
	"hash"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// recordedInputs is how many random inputs have recorded decisions.
const recordedInputs = 400

// TestDecisionsAsRecorded compares the decisions on random inputs and what they
// realise, and their explanations, with recorded ones, to the bit, by two hashes for
// each input. A change that is meant to change one of them records them again with
// -update; the other hashes then stay.
func TestDecisionsAsRecorded(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the decisions were recorded on amd64; other processors fuse multiplications with additions and round differently")
	}
	file := filepath.Join("testdata", "decisions.sha256")
	var got strings.Builder
	acted := 0
	for i := range recordedInputs {
		r := rand.New(rand.NewPCG(41, uint64(i)))
		decisions, words := sha256.New(), sha256.New()
		acted += recordDecisions(t, r, decisions, words)
		fmt.Fprintln(&got, hex.EncodeToString(decisions.Sum(nil)[:8]), hex.EncodeToString(words.Sum(nil)[:8]))
	}
	require.Greater(t, acted, recordedInputs, "most inputs lead to a plan")
	if flag.Lookup("update").Value.String() == "true" {
		require.NoError(t, os.WriteFile(file, []byte(got.String()), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	recorded := strings.Fields(string(want))
	require.Len(t, recorded, 2*recordedInputs)
	for i, digest := range strings.Fields(got.String()) {
		require.Equal(t, recorded[i], digest, "input %d, %s", i/2, [...]string{"decisions", "explanations"}[i%2])
	}
}

// recordDecisions plans two days of a random group under a random policy. It writes
// the decisions with what they realise, and the explanations, and returns the number
// of plans that act.
func recordDecisions(t *testing.T, r *rand.Rand, out, words hash.Hash) (acted int) {
	cal := londonCalendar(t)
	policy, in := drawPolicy(r), drawGroup(r)
	p, err := NewPlanner(policy, cal, "default/riverside")
	require.NoError(t, err)
	ledger, err := NewLedger(policy, cal, "default/riverside")
	require.NoError(t, err)
	first := p.Plan(in, nil)
	next := drawDay(r, in)
	for i := range next.Meters {
		if plan := first[i].Plan; len(plan) == next.Slots {
			next.Meters[i].Previous = plan
		}
	}
	for _, day := range []*GroupInput{in, next} {
		for _, d := range p.Plan(day, nil) {
			if d.Action != ActionNone {
				acted++
			}
			writeDecision(out, &d)
			fmt.Fprintln(words, Explain(d, Contributions{}, cal, "GBP"))
			actual := make([]float32, day.Slots)
			for s := range actual {
				actual[s] = float32(3*r.Float64() - 0.5)
			}
			actual[r.IntN(len(actual))] = float32(math.NaN())
			realised, counts := ledger.Replayed(&d, actual, nil)
			fmt.Fprintf(out, "{%v %v %v %v %v} %v\n", realised.Hours, realised.SavingEnergy, realised.CO2Kg, realised.KWhShifted, realised.KWReduction, counts)
		}
	}
	return acted
}

func writeDecision(out hash.Hash, d *Decision) {
	fmt.Fprintln(out, d.ID, d.Meter, d.Group, d.IssuedAt, d.ValidFrom, d.ValidTo, d.ActionableFrom, d.Action, d.Reason, d.Plan)
	fmt.Fprintln(out, d.KWhShifted, d.KWReduction, d.PeakBefore, d.PeakAfter, d.PARBefore, d.PARAfter, d.CapKW, d.PriceThresh)
	fmt.Fprintln(out, d.SavingP10, d.SavingP50, d.SavingP90, d.CO2Kg, d.Confidence, d.LastReading, d.MissingShare, d.Stale)
	for _, p := range d.Items {
		fmt.Fprintln(out, p.Action, p.Saving, p.Plan, p.AtOnce, p.Value)
	}
	fmt.Fprintf(out, "%v %v %v\n", d.Factors, d.Binding, d.Alternatives)
}

// oneOf draws one of several values.
func oneOf[T any](r *rand.Rand, values ...T) T { return values[r.IntN(len(values))] }

func drawPolicy(r *rand.Rand) Policy {
	p := dayPolicy()
	p.Objective.Carbon = oneOf(r, 0, 0, 0.1)
	p.Objective.Peak = oneOf(r, 0.0, 1, 1)
	p.Tariff.Export = oneOf(r, 0, 0.05, 0.3)
	p.Tariff.DemandCharge = oneOf(r, 0.0, 0, 3)
	p.Tariff.Periods[0].Price = oneOf(r, 0.15, 0.15, -0.05)
	if r.IntN(3) == 0 {
		p.Tariff.Periods = nil
	}
	p.Flexibility = Flexibility{
		ShiftableShare: oneOf(r, 0, 0.1, 0.3), MaxShiftHours: oneOf(r, 0, 3, 6),
		Rebound: oneOf(r, 0, 0, 0.1), MaxIncrease: oneOf(r, 0.1, 0.5),
	}
	if r.IntN(4) == 0 {
		p.Flexibility.Comfort = []TimeWindow{{"All", "17:30", "19:00"}}
	}
	p.Groups[0].CapacityKW = oneOf(r, 0, 2+12*r.Float64())
	p.MinSaving, p.Hysteresis = oneOf(r, 0, 0.05), oneOf(r, 0, 0.1)
	meters := func() []string { return []string{oneOf(r, "*", "m0", "m1", "m[23]", "m?")} }
	if r.IntN(2) == 0 {
		p.Assets = append(p.Assets, Asset{Name: "battery", Meters: meters(), Battery: &Battery{
			CapacityKWh: 8, PowerKW: 3, Efficiency: oneOf(r, 0.8, 1), Reserve: oneOf(r, 0, 0.1), WearCost: oneOf(r, 0, 0.01)}})
	}
	if r.IntN(2) == 0 {
		p.Assets = append(p.Assets, Asset{Name: "car", Meters: meters(), EV: &EV{
			EnergyKWh: 1 + 30*r.Float64(), PowerKW: 7, Arrival: oneOf(r, "18:00", "09:15"), Departure: oneOf(r, "07:00", "23:30"), Days: oneOf(r, "All", "Weekdays")}})
	}
	if r.IntN(2) == 0 {
		p.Assets = append(p.Assets, Asset{Name: "heat", Group: "feeder-1", HeatPump: &HeatPump{
			Share: 0.5, PowerKW: 3, PreheatKWh: 3, SetbackKWh: oneOf(r, 0, 1.0), LossPerHour: 0.1, Comfort: []TimeWindow{{"All", "16:00", "22:00"}}}})
	}
	if r.IntN(3) == 0 {
		p.Assets = append(p.Assets, Asset{Name: "roof", Meters: meters(), PV: &PV{PeakKW: 2}})
	}
	return p
}

func drawGroup(r *rand.Rand) *GroupInput {
	start := meter.Hour(425_000 + r.IntN(20_000))
	in := &GroupInput{Group: "feeder-1", IssuedAt: start, Start: start, Slots: 23 + r.IntN(3)}
	for i := range 1 + r.IntN(4) {
		in.Meters = append(in.Meters, MeterInput{Name: fmt.Sprintf("m%d", i)})
	}
	fillDay(r, in)
	return in
}

// drawDay is a day after another.
func drawDay(r *rand.Rand, before *GroupInput) *GroupInput {
	in := *before
	in.Start += meter.Hour(in.Slots)
	in.IssuedAt = in.Start
	in.Meters = append([]MeterInput(nil), before.Meters...)
	fillDay(r, &in)
	return &in
}

func fillDay(r *rand.Rand, in *GroupInput) {
	in.ActionableFrom = in.Start + meter.Hour(oneOf(r, 0, 0, 0, 2, 9, 30))
	lowest := oneOf(r, 0.1, 0.1, -3)
	for i := range in.Meters {
		m := &in.Meters[i]
		load := make([]float64, in.Slots)
		for s := range load {
			x := float64(s) - 18
			load[s] = lowest + 3*r.Float64() + 3*math.Exp(-x*x/8)
		}
		m.Forecast, m.LastReading = flatForecast(load), in.IssuedAt-1
		m.MonthPeak = oneOf(r, 0, 4, 12*r.Float64())
		m.Suspects = oneOf(r, 0, 0, 0, 0, 0, 0, 0, 1)
		m.MissingShare = oneOf(r, 0, 0, 0.1, 0.1, 0.1, 0.3)
		if r.IntN(8) == 0 {
			m.Forecast.P50[r.IntN(in.Slots)] = float32(math.NaN())
		}
	}
}
