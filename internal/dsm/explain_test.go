package dsm

import (
	"strings"
	"testing"

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
			e := Explain(d, cal, "GBP")
			require.NotEmpty(t, e.Title)
			require.False(t, strings.HasSuffix(e.Title, "."), e.Title)
			require.NotEmpty(t, e.Summary, "%v %v", d.Action, d.Reason)
			lines := append([]string{}, e.Summary...)
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

func TestWindowsInWords(t *testing.T) {
	x := explainer{cal: londonCalendar(t), Decision: Decision{ValidFrom: thursday + 12, ValidTo: thursday + 36}}
	x.Plan = make([]float32, 24)
	require.Equal(t, "at no time", x.windows(+1))
	for _, s := range []int{0, 1, 10, 11, 12, 20} {
		x.Plan[s] = 1
	}
	require.Equal(t, "from 12:00 to 14:00, from 22:00 to 01:00 and from 08:00 to 09:00 the next day", x.windows(+1))
	x.Plan[15], x.Plan[17] = 1, 1
	require.Equal(t, "from 12:00 to 14:00, from 22:00 to 01:00, from 03:00 to 04:00 the next day and at 2 more times", x.windows(+1))
	x.Plan[5] = 0.01
	require.NotContains(t, x.windows(+1), "17:00", "too little to name")
}
