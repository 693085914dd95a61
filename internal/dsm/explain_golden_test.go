package dsm_test

import (
	"cmp"
	"compress/gzip"
	"encoding/csv"
	"errors"
	"flag"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

var update = flag.Bool("update", false, "write the golden files again")

// readCSV calls row for each row of a gzipped CSV file of the shared data, the
// header left out; it skips the test where the file is absent.
func readCSV(t *testing.T, name string, row func(fields []string)) {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", name)
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no real readings at %s: put the shared data beside the repository to run this test", path)
	}
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	r := csv.NewReader(unzipped)
	r.ReuseRecord = true
	for line := 0; ; line++ {
		fields, err := r.Read()
		if err == io.EOF {
			return
		}
		require.NoError(t, err)
		if line > 0 {
			row(fields)
		}
	}
}

func hourAt(t *testing.T, s string) meter.Hour {
	at, err := time.Parse(time.RFC3339, s)
	require.NoError(t, err)
	return meter.HourOf(at)
}

// buildings are the readings of the 20 buildings by name and hour.
type buildings struct {
	names  []string
	values map[string]map[meter.Hour]float32
}

func readBuildings(t *testing.T) *buildings {
	b := &buildings{values: map[string]map[meter.Hour]float32{}}
	readCSV(t, "buildings20_2019.csv.gz", func(f []string) {
		of := b.values[f[0]]
		if of == nil {
			name := strings.Clone(f[0])
			of = map[meter.Hour]float32{}
			b.values[name] = of
			b.names = append(b.names, name)
		}
		kwh, err := strconv.ParseFloat(f[2], 32)
		require.NoError(t, err)
		of[hourAt(t, f[1])] = float32(kwh)
	})
	slices.Sort(b.names)
	return b
}

// input is what a processor would hand to the planner at the issue.
func (b *buildings) input(group string, names []string, issue meter.Hour, slots int) *dsm.GroupInput {
	model := forecast.NewSeasonalNaive()
	in := &dsm.GroupInput{Group: group, IssuedAt: issue, Start: issue, Slots: slots, ActionableFrom: issue}
	for _, name := range names {
		w := window.New(1344)
		for h := issue - 1344; h < issue; h++ {
			if v, ok := b.values[name][h]; ok {
				w.Put(h, v)
			}
		}
		q := forecast.Quantiles{P10: make([]float32, slots), P50: make([]float32, slots), P90: make([]float32, slots)}
		model.NewState().Forecast(w, issue, q)
		in.Meters = append(in.Meters, dsm.MeterInput{
			Name: name, Forecast: q, LastReading: w.Newest(), MissingShare: w.Missing(issue, meter.HoursPerWeek),
		})
	}
	return in
}

func readAgile(t *testing.T) (prices, carbon []dsm.Point) {
	readCSV(t, "signals_gb_2018_2023.csv.gz", func(f []string) {
		at := hourAt(t, f[0]).Unix()
		if v, err := strconv.ParseFloat(f[1], 64); err == nil {
			prices = append(prices, dsm.Point{Unix: at, Value: v})
		}
		if v, err := strconv.ParseFloat(f[2], 64); err == nil {
			carbon = append(carbon, dsm.Point{Unix: at, Value: v})
		}
	})
	return prices, carbon
}

func timeOfUse() dsm.Policy {
	return dsm.Policy{
		Mode:      dsm.ModeAdvisory,
		Objective: dsm.Objective{Cost: 1, Peak: 1},
		Tariff: dsm.Tariff{Currency: "GBP", Default: 0.25, Periods: []dsm.Period{
			{Name: "night", Days: "All", Start: "00:30", End: "07:00", Price: 0.12},
			{Name: "peak", Days: "Weekdays", Start: "16:00", End: "19:00", Price: 0.38},
		}},
		Flexibility: dsm.Flexibility{ShiftableShare: 0.15, MaxShiftHours: 6, MaxIncrease: 0.5},
		MinSaving:   0.05,
		Freshness:   6,
	}
}

// explainedCase is one decision on real readings.
type explainedCase struct {
	name    string
	policy  func(*dsm.Policy)
	issue   string
	slots   int
	meters  []string // nil: all, as group feeder-1
	spoil   func(dsm.Planner, *dsm.GroupInput)
	explain int // which decision; −1: the last
}

func explainedCases(prices, carbon []dsm.Point) []explainedCase {
	agile := func(p *dsm.Policy) {
		p.Tariff = dsm.Tariff{Currency: "GBP", Default: 0.25, Series: prices, Carbon: carbon}
		p.Flexibility.Rebound = 0.05
	}
	feeder := func(kw float64) func(*dsm.Policy) {
		return func(p *dsm.Policy) {
			p.Groups = []dsm.Group{{Name: "feeder-1", CapacityKW: kw}}
		}
	}
	one := []string{"ucam-b038"}
	people := &dsm.Windows{MaxWindows: 2, MinBlockHours: 1}
	return []explainedCase{
		{name: "time of use, a weekday, in windows", issue: "2019-03-14T00:00:00Z", slots: 24, meters: []string{"ucam-b011"},
			policy: func(p *dsm.Policy) { p.Windows = people }},
		{name: "dynamic prices, in windows", issue: "2019-05-21T23:00:00Z", slots: 24, meters: []string{"ucam-b011"},
			policy: func(p *dsm.Policy) {
				agile(p)
				p.Windows = people
			}},
		{name: "a tight feeder in windows: one of its meters", issue: "2019-03-14T00:00:00Z", slots: 24, explain: 0,
			policy: func(p *dsm.Policy) {
				feeder(1240)(p)
				p.Windows = people
			}},
		{name: "time of use, a weekday", issue: "2019-03-14T00:00:00Z", slots: 24, meters: one},
		{name: "dynamic prices with carbon and rebound", policy: agile, issue: "2019-05-21T23:00:00Z", slots: 24, meters: one},
		{name: "dynamic prices, a day of 25 hours, issued late", policy: agile, issue: "2019-10-26T23:00:00Z", slots: 25, meters: one,
			spoil: func(_ dsm.Planner, in *dsm.GroupInput) { in.ActionableFrom += 3 }},
		{name: "a Sunday with a night rate out of reach of the evening", issue: "2019-03-17T00:00:00Z", slots: 24, meters: one,
			policy: func(p *dsm.Policy) {
				p.Flexibility.MaxShiftHours = 2
				p.MinSaving = 5
			}},
		{name: "one price all day", issue: "2019-03-14T00:00:00Z", slots: 24, meters: one,
			policy: func(p *dsm.Policy) { p.Tariff.Periods = nil }},
		{name: "readings too old", issue: "2019-03-14T00:00:00Z", slots: 24, meters: one,
			spoil: func(_ dsm.Planner, in *dsm.GroupInput) { in.Meters[0].LastReading -= 40 }},
		{name: "too many gaps", issue: "2019-03-14T00:00:00Z", slots: 24, meters: one,
			spoil: func(_ dsm.Planner, in *dsm.GroupInput) { in.Meters[0].MissingShare = 61.0 / 168 }},
		{name: "a tight feeder: the group", policy: feeder(1240), issue: "2019-03-14T00:00:00Z", slots: 24, explain: -1},
		{name: "a tight feeder: one of its meters", policy: feeder(1240), issue: "2019-03-14T00:00:00Z", slots: 24, explain: 3},
		{name: "an overloaded feeder: the group", policy: feeder(900), issue: "2019-03-14T00:00:00Z", slots: 24, explain: -1},
		{name: "a feeder with room to spare", policy: feeder(2000), issue: "2019-03-14T00:00:00Z", slots: 24, explain: -1},
		{name: "a battery on dynamic prices", issue: "2019-05-21T23:00:00Z", slots: 24, meters: one,
			policy: func(p *dsm.Policy) {
				agile(p)
				p.Assets = []dsm.Asset{{Name: "battery", Meters: one,
					Battery: &dsm.Battery{CapacityKWh: 10, PowerKW: 5, Efficiency: 0.9, WearCost: 0.01}}}
			}},
		{name: "a car, issued at noon", issue: "2019-03-14T12:00:00Z", slots: 24, meters: one,
			policy: func(p *dsm.Policy) {
				p.Flexibility.ShiftableShare = 0
				p.Assets = []dsm.Asset{{Name: "car", Meters: one,
					EV: &dsm.EV{EnergyKWh: 12, PowerKW: 7.4, Arrival: "17:00", Departure: "07:30", Days: "All"}}}
			}},
		{name: "a heat pump", issue: "2019-03-14T00:00:00Z", slots: 24, meters: one,
			policy: func(p *dsm.Policy) {
				p.Flexibility.ShiftableShare = 0
				p.Assets = []dsm.Asset{{Name: "pump", Meters: one, HeatPump: &dsm.HeatPump{Share: 0.5, PowerKW: 3, PreheatKWh: 2,
					LossPerHour: 0.05, Comfort: []dsm.TimeWindow{{Days: "All", Start: "06:00", End: "22:00"}}}}}
			}},
		{name: "a charge for the month's highest hour", issue: "2019-03-14T00:00:00Z", slots: 24, meters: one,
			policy: func(p *dsm.Policy) { p.Tariff.DemandCharge = 4.5 },
			spoil:  func(_ dsm.Planner, in *dsm.GroupInput) { in.Meters[0].MonthPeak = 2.3 }},
		{name: "yesterday's plan kept", issue: "2019-03-14T00:00:00Z", slots: 24, meters: one,
			policy: func(p *dsm.Policy) { p.Hysteresis = 0.2 },
			spoil: func(p dsm.Planner, in *dsm.GroupInput) {
				for _, change := range p.Plan(in, nil)[0].Plan {
					in.Meters[0].Previous = append(in.Meters[0].Previous, 0.9*change)
				}
			}},
	}
}

// TestExplainedDecisions prints ten decisions on real readings as people read
// them. Run with -update after a change, and read the file.
func TestExplainedDecisions(t *testing.T) {
	b := readBuildings(t)
	prices, carbon := readAgile(t)
	cal, err := meter.NewCalendar("Europe/London")
	require.NoError(t, err)
	var text strings.Builder
	for i, c := range explainedCases(prices, carbon) {
		policy := timeOfUse()
		if c.policy != nil {
			c.policy(&policy)
		}
		p, err := dsm.NewPlanner(policy, cal, "default/riverside")
		require.NoError(t, err)
		group, names := "", c.meters
		if names == nil {
			group, names = "feeder-1", b.names
		}
		in := b.input(group, names, hourAt(t, c.issue), c.slots)
		if c.spoil != nil {
			c.spoil(p, in)
		}
		decisions := p.Plan(in, nil)
		which := c.explain
		if which < 0 {
			which = len(decisions) - 1
		}
		fmt.Fprintf(&text, "%d. %s\n", i+1, c.name)
		printDecision(&text, decisions[which], contributionsTo(&decisions[which], decisions), cal)
	}
	golden := filepath.Join("testdata", "explained.txt")
	if *update {
		require.NoError(t, os.MkdirAll("testdata", 0o755))
		require.NoError(t, os.WriteFile(golden, []byte(text.String()), 0o644))
	}
	want, err := os.ReadFile(golden)
	require.NoError(t, err)
	require.Equal(t, string(want), text.String())
}

// contributionsTo are those of the meters' decisions to one about their group.
func contributionsTo(about *dsm.Decision, all []dsm.Decision) (by dsm.Contributions) {
	if about.Meter != "" {
		return by
	}
	for _, d := range all {
		for _, f := range d.Factors {
			if f.Factor == dsm.FactorHeld {
				by.Meters, by.KWh = by.Meters+1, by.KWh+f.Weight
				by.Top = append(by.Top, dsm.Contribution{Meter: d.Meter, KWh: f.Weight})
			}
		}
	}
	slices.SortStableFunc(by.Top, func(a, b dsm.Contribution) int { return cmp.Compare(b.KWh, a.KWh) })
	return by
}

func printDecision(text *strings.Builder, d dsm.Decision, by dsm.Contributions, cal *meter.Calendar) {
	e := dsm.Explain(d, by, cal, "GBP")
	fmt.Fprintf(text, "   %s\n", e.Title)
	fmt.Fprintf(text, "   %s\n", e.Instruction)
	for _, s := range e.Why {
		fmt.Fprintf(text, "   why: %s\n", s)
	}
	for _, s := range e.Worth {
		fmt.Fprintf(text, "   worth: %s\n", s)
	}
	printRemarks(text, "weighed", e.Factors)
	printRemarks(text, "held back by", e.Constraints)
	printRemarks(text, "rejected", e.Alternatives)
	fmt.Fprintf(text, "   code: %s %s", d.Action, d.Reason)
	if d.Plan != nil {
		text.WriteString("\n   plan:")
		for _, change := range d.Plan {
			fmt.Fprintf(text, " %.1f", change)
		}
	}
	text.WriteString("\n\n")
}

func printRemarks(text *strings.Builder, heading string, remarks []dsm.Remark) {
	for _, r := range remarks {
		fmt.Fprintf(text, "   %s [%s]: %s\n", heading, r.Code, r.Text)
	}
}
