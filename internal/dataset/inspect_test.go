package dataset

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/meter"
)

func TestInspect(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,time,kwh\n")
	at := func(h int, m string, kWh string) {
		fmt.Fprintf(&b, "%s,%s,%s\n", m, time.Date(2019, 1, 1, h, 0, 0, 0, time.UTC).Format(time.RFC3339), kWh)
	}
	for h := range 100 {
		switch {
		case h >= 10 && h < 13, h == 20: // gaps
		case h >= 30 && h < 54:
			at(h, "a", "0")
		case h >= 60 && h < 83:
			at(h, "a", "2.5")
		default:
			at(h, "a", fmt.Sprint(1+h%2))
		}
	}
	at(99, "a", "-1")
	at(50, "b", "oops")
	report, err := Inspect(open(t, file(t, b.String()), Options{}))
	require.NoError(t, err)
	m := report.Meters[0]
	require.Equal(t, int64(97), m.Rows)
	require.Equal(t, []int{2, 4, 3}, []int{m.Gaps, m.MissingHours, m.LongestGap})
	require.Equal(t, []int{24, 24, 23}, []int{m.Zeros, m.LongestZeros, m.LongestConstant})
	require.Equal(t, []int{1, 1}, []int{m.Repeated, m.Negative})
	require.True(t, m.Suspicious())
	require.Equal(t, 1, report.Suspicious)
	require.EqualValues(t, 1, report.Quarantined)
	require.EqualValues(t, -1, m.Min)
	require.EqualValues(t, 2.5, m.Max)

	raw, err := json.Marshal(report)
	require.NoError(t, err)
	var doc map[string]any
	require.NoError(t, json.Unmarshal(raw, &doc))
	require.Equal(t, "2019-01-01T00:00:00Z", doc["start"])
	require.Equal(t, "a", doc["meters"].([]any)[0].(map[string]any)["name"])
	require.Equal(t, "kwh", doc["badRows"].([]any)[0].(map[string]any)["column"])
}

func TestWrittenLongComesBack(t *testing.T) {
	made := synth(t, SyntheticOptions{Meters: 7, Groups: 3, Seed: 3, Year: 2020, Zone: "Europe/London"})
	var text bytes.Buffer
	require.NoError(t, WriteLong(t.Context(), &text, made))
	back := open(t, file(t, text.String()), Options{Layout: &layout.Document{Meter: &layout.Meter{GroupColumn: "group"}}, Zone: "Europe/London", BufferBytes: 1 << 20})
	require.Equal(t, allRows(t, made, 0), allRows(t, back, 0))
	require.Equal(t, made.Info().Meters, back.Info().Meters)
	require.Equal(t, made.Info().End, back.Info().End)

	var again bytes.Buffer
	require.NoError(t, WriteLong(t.Context(), &again, back))
	require.True(t, bytes.Equal(text.Bytes(), again.Bytes()))
}

func TestShapeOfKnownLoad(t *testing.T) {
	var b strings.Builder
	b.WriteString("id,time,kwh\n")
	for h := range 24 * 28 { // a week's pattern with one peak a day
		kWh := 1.0
		if h%24 == 18 {
			kWh = 4 + float64(h/24%7)
		}
		fmt.Fprintf(&b, "a,%s,%v\n", time.Date(2019, 1, 7, h, 0, 0, 0, time.UTC).Format(time.RFC3339), kWh)
	}
	cal, err := meter.NewCalendar("UTC")
	require.NoError(t, err)
	s, err := ShapeOf(open(t, file(t, b.String()), Options{}), cal)
	require.NoError(t, err)
	mean := (23 + 7.0) / 24
	require.InDelta(t, mean, s.MeanKWh, 1e-9)
	require.InDelta(t, mean/10, s.LoadFactor, 1e-9)
	require.InDelta(t, 1, s.Week, 1e-9)
	require.Less(t, s.Day, 0.95)
	require.InDelta(t, 7/mean, s.Profile[18], 1e-9)
	require.InDelta(t, (23+9.5)/(23+6), s.WeekendRatio, 1e-9)
}

// Households must look like load next to real buildings: these bounds are
// what docs/reference/datasets.md says of both.
func TestSyntheticLooksLikeLoad(t *testing.T) {
	cal, err := meter.NewCalendar("Europe/London")
	require.NoError(t, err)
	made, err := ShapeOf(synth(t, SyntheticOptions{Meters: 200, Seed: 1, Year: 2019, Zone: "Europe/London"}), cal)
	require.NoError(t, err)
	within := func(lo, hi, v float64, what string) {
		t.Helper()
		require.GreaterOrEqual(t, v, lo, what)
		require.LessOrEqual(t, v, hi, what)
	}
	within(0.3, 0.6, made.MeanKWh, "2,600 to 5,300 kWh a year")
	within(0.08, 0.25, made.LoadFactor, "load factor")
	within(0.25, 0.7, made.Day, "24 h")
	within(made.Day, 0.7, made.Week, "168 h")
	within(0.3, 0.6, made.TotalLoadFactor, "load factor of all")
	within(0.8, 1, made.TotalDay, "24 h of all")
	within(0.3, 0.7, made.Profile[4], "night")
	within(1.4, 2.1, made.Profile[18], "evening peak")
	within(1, 1.2, made.WeekendRatio, "weekends")

	buildings, err := ShapeOf(open(t, realData(t, "buildings20_2019.csv.gz"), Options{}), cal)
	require.NoError(t, err)
	require.Less(t, made.LoadFactor, buildings.LoadFactor, "one household is spikier than a building")
	require.InDelta(t, buildings.TotalWeek, made.TotalWeek, 0.1)
	require.InDelta(t, buildings.TotalDay, made.TotalDay, 0.15)
}
