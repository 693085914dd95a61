package dsm

import (
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
