package dsm

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/meter"
)

// TestEveryDecisionCanBeExplained: whatever is decided, the words are whole
// sentences in which no number is missing.
func TestEveryDecisionCanBeExplained(t *testing.T) {
	cal := londonCalendar(t)
	rapid.Check(t, func(t *rapid.T) {
		policy := randomPolicy(t)
		in := randomInput(t, "feeder-1", rapid.IntRange(23, 25).Draw(t, "slots"))
		in.ActionableFrom += meter.Hour(rapid.IntRange(0, 26).Draw(t, "late by"))
		m := &in.Meters[0]
		m.MissingShare = rapid.SampledFrom([]float64{0, 0.001, 0.2, 0.9}).Draw(t, "missing")
		m.LastReading = rapid.SampledFrom([]meter.Hour{in.IssuedAt - 1, in.IssuedAt - 50, meter.NoHour}).Draw(t, "last reading")
		p, err := NewPlanner(policy, cal, "default/riverside")
		require.NoError(t, err)
		for _, d := range p.Plan(in, nil) {
			e := Explain(d, Contributions{}, cal, "GBP")
			requireTitle(t, e.Title)
			require.NotEmpty(t, e.Why, "%v %v", d.Action, d.Reason)
			require.Equal(t, d.Action == ActionNone, len(e.Worth) == 0)
			require.Equal(t, 1, strings.Count(e.Instruction+" ", ". "), "one sentence: %s", e.Instruction)
			lines := append(append([]string{e.Instruction}, e.Why...), e.Worth...)
			for _, remarks := range [][]Remark{e.Factors, e.Constraints, e.Alternatives} {
				for _, r := range remarks {
					require.NotEmpty(t, r.Code)
					lines = append(lines, r.Text)
				}
			}
			for _, line := range append(lines, e.Title) {
				require.NotContains(t, line, "NaN")
				require.NotContains(t, line, "unknown")
				require.NotContains(t, line, "-0.00")
			}
			for _, line := range lines {
				require.True(t, strings.HasSuffix(line, "."), line)
			}
		}
	})
}

// A plan whose energies are too small for a number still has words.
func TestPlanOfNothingInWords(t *testing.T) {
	d := Decision{Meter: "m1", Group: "riverside", Action: ActionPeakShave, Reason: ReasonGroupLimit, ValidFrom: thursday, ValidTo: thursday + 24, Plan: make([]float32, 24)}
	e := Explain(d, Contributions{}, londonCalendar(t), "GBP")
	require.Equal(t, "Move 0 kWh out of the group's peak", e.Title)
	require.Contains(t, e.Instruction, "avoid no time")
}

func TestNumbersInWords(t *testing.T) {
	for v, want := range map[float32]string{
		0: "0", 0.00123456: "0.00123", 0.25: "0.25", 1.5: "1.5", 12.345: "12.3", 99.96: "100", 123.4: "123", 98765: "98765", -2.25: "-2.25",
	} {
		require.Equal(t, want, significant(v))
	}
	require.Equal(t, "under 1 %", percent(0.004))
	require.Equal(t, "0 %", percent(0))
	require.Equal(t, "36 %", percent(0.363))
}

// requireTitle checks what every title must hold.
func requireTitle(t require.TestingT, title string) {
	require.NotEmpty(t, title)
	require.LessOrEqual(t, utf8.RuneCountInString(title), MostTitle, title)
	require.False(t, strings.HasSuffix(title, "."), title)
	require.NotContains(t, title, "£")
	require.NotContains(t, title, noTime)
	if _, change, ok := strings.Cut(title, " from "); ok {
		from, to, _ := strings.Cut(change, " to ")
		require.NotEqual(t, from, to, title)
	}
}

// TestTitlesAreShort: titles keep within their bound whatever is decided, in both
// forms of plans, with devices, on days on which clocks change, and for groups with
// long names.
func TestTitlesAreShort(t *testing.T) {
	cal := londonCalendar(t)
	titles := map[Action]int{}
	for i := range 2000 {
		r := rand.New(rand.NewPCG(60, uint64(i)))
		policy, in := drawPolicy(r), drawGroup(r)
		if i%2 == 0 {
			policy = inWindows(policy)
		}
		if i%3 == 0 {
			in.Group = strings.Repeat("a long name of a feeder ", 5)
			policy.Groups[0].Name = in.Group
		}
		if i%5 == 0 { // 27 October 2019, when the clocks go back
			in.IssuedAt, in.Start, in.Slots = 436_703, 436_703, 25
			fillDay(r, in)
		}
		p, err := NewPlanner(policy, cal, "default/riverside")
		require.NoError(t, err)
		for _, d := range p.Plan(in, nil) {
			requireTitle(t, Explain(d, Contributions{}, cal, "GBP").Title)
			require.NotContains(t, Explain(d, Contributions{}, cal, "GBP").Instruction, noTime)
			titles[d.Action]++
		}
	}
	for _, a := range []Action{ActionNone, ActionLoadShift, ActionPeakShave, ActionBattery, ActionEVCharge, ActionPVSelfConsume, ActionPreheat} {
		require.Positive(t, titles[a], a)
	}
}

func TestWindowsInWords(t *testing.T) {
	x := explainer{cal: londonCalendar(t), Decision: Decision{ValidFrom: thursday + 12, ValidTo: thursday + 36}}
	x.Plan = make([]float32, 24)
	require.Equal(t, "no time", x.times(x.Plan, +1))
	for _, s := range []int{0, 1, 10, 11, 12, 20} {
		x.Plan[s] = 1
	}
	require.Equal(t, "12:00–14:00, 22:00–01:00 and 08:00–09:00 the next day", x.times(x.Plan, +1))
	x.Plan[15], x.Plan[17], x.Plan[23] = 1, 1, 1
	require.Equal(t, "12:00–14:00, 22:00–01:00, 03:00–04:00 the next day, 05:00–06:00 the next day and 2 more times", x.times(x.Plan, +1))
	x.Plan[5] = 0.01
	require.NotContains(t, x.times(x.Plan, +1), "17:00", "too little to name")
}

// Windows are named as local clocks show them, in any zone and year.
func TestWindowsAreNamedInLocalTime(t *testing.T) {
	zones := []string{"UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Pacific/Chatham", "Pacific/Apia", "Australia/Lord_Howe"}
	rapid.Check(t, func(t *rapid.T) {
		cal, err := meter.NewCalendar(rapid.SampledFrom(zones).Draw(t, "zone"))
		require.NoError(t, err)
		start := meter.Hour(rapid.Int32Range(-50_000, 600_000).Draw(t, "start"))
		x := explainer{cal: cal, Decision: Decision{ValidFrom: start, ValidTo: start + 24}}
		from := start + meter.Hour(rapid.IntRange(0, 23).Draw(t, "from"))
		w := timeWindow{from, from + meter.Hour(rapid.IntRange(1, int(x.ValidTo-from)).Draw(t, "hours"))}
		name := x.windowName(w)
		layout := "15:04"
		if _, before := cal.Local(x.ValidFrom).Zone(); before != zoneOffset(cal.Local(x.ValidTo)) {
			layout = "15:04 MST"
		}
		want := cal.Local(w.from).Format(layout) + "–" + cal.Local(w.to).Format(layout)
		if cal.Local(w.from).Day() != cal.Local(start).Day() {
			want += " the next day"
		}
		require.Equal(t, want, strings.Replace(name, "–24:00", "–00:00", 1))
		midnight := cal.Local(w.to).Format("15:04") == "00:00" && layout == "15:04" && cal.Local(w.from).Day() != cal.Local(w.to).Day()
		require.Equal(t, midnight, strings.Contains(name, "–24:00"), name)
	})
}

func zoneOffset(t time.Time) int {
	_, seconds := t.Zone()
	return seconds
}

// Loads that no meter can count move nowhere: their plan would name hours without an energy.
func TestEnergiesThatNoMeterCountsArePlannedForNobody(t *testing.T) {
	for _, kwh := range []float64{1e-45, 1.1210387714598537e-44, 1e-30, 1e-12, 1e-7} {
		for _, reach := range []int{0, 6} {
			policy := dayPolicy()
			policy.Flexibility.MaxShiftHours, policy.MinSaving, policy.Hysteresis = reach, 0, .1
			policy.Groups[0].CapacityKW = kwh
			p, err := NewPlanner(policy, londonCalendar(t), "default/riverside")
			require.NoError(t, err)
			load := make([]float64, 24)
			for i := range load {
				load[i] = kwh * float64(1+i%3)
			}
			in := &GroupInput{Group: "feeder-1", IssuedAt: thursday, Start: thursday, Slots: 24, ActionableFrom: thursday}
			previous := make([]float32, 24)
			previous[1], previous[18] = float32(kwh/10), -float32(kwh/10)
			in.Meters = []MeterInput{{Name: "m1", Forecast: flatForecast(load), LastReading: thursday - 1, Previous: previous}}
			for _, d := range p.Plan(in, nil) {
				require.Equal(t, ActionNone, d.Action, "%g kWh, reach %d: %+v", kwh, reach, d)
			}
		}
	}
}

// A meter whose price shift is undone for the group's limit has its plan for the limit, whatever
// both moved: its hours to use are not cheaper.
func TestPlanThatTheLimitTurnsRoundIsForTheLimit(t *testing.T) {
	policy := dayPolicy()
	policy.Flexibility = Flexibility{ShiftableShare: .3, MaxShiftHours: 3, Rebound: .5, MaxIncrease: .1}
	policy.Groups[0].CapacityKW = 7.75
	p, err := NewPlanner(policy, londonCalendar(t), "default/riverside")
	require.NoError(t, err)
	in := &GroupInput{Group: "feeder-1", IssuedAt: 425001, Start: 425001, Slots: 24, ActionableFrom: 425001}
	for i, load := range [][]float64{
		{1, 1, 1, 1, 2.25, 1, 1, 1, 1, 2, 10, .25, 1, 1, 1, 1, 5, .125, 10, 3, 1, 5, 1, 1},
		{1, 1, 1, 1, 5.5, 1, 1, 1.125, .125, 1.375, .0625, 1.125, 10, 6.5, 1, 1, 1, 3.59375, 2.9140625, 1.75, 1, .125, 1, 1},
		{1, 1, 1, 2.5, 1, 6, 1, 1, 2, 1, 10, .5, 1, 1, 1, 1, 1, 1.5, 1.9073486328125e-06, 1, 1, .25, 1, 1},
		{
			1, 1, 1, 1, 1, 1, 1, 1, .5, .5, .25, .17789434699443518, 1.2069940567016602e-06, .28125, .576171875, .6833079774216912,
			0, .5109116742387414, 9.129138946533203, 2.189459268930108, 2.916828155517578, 2.13897705078125, .1829986572265625, .9697628021240234,
		},
		{
			0, 10, .6021340601146221, 3.619291305541992, .00024316567578352988, .046697378158569336, 0, 2.094408137454593, .25576645105605267, 1.75,
			9.37352740764618, 1.144771343537595, 0, 0, 7.8843841552734375, 7.193158624920185, 3.112060546875, .2461684165900806, 6.963221033064608,
			.001312255859375, 3.9489147696459304, 0, 0, 0,
		},
	} {
		in.Meters = append(in.Meters, MeterInput{Name: fmt.Sprintf("m%d", i), Forecast: flatForecast(load), LastReading: 425000})
	}
	d := p.Plan(in, nil)[2]
	require.Negative(t, d.SavingP50)
	require.Equal(t, ReasonGroupLimit, d.Reason)
	require.Equal(t, ActionPeakShave, d.Action)
	require.NotEmpty(t, Explain(d, Contributions{}, londonCalendar(t), "GBP").Why)
}
