package dataset_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/datafile"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/synth"
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
	report, err := dataset.Inspect(open(t, b.String(), datafile.Options{}))
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
	require.EqualValues(t, dataset.ReportVersion, doc["version"])
	require.Equal(t, "2019-01-01T00:00:00Z", doc["start"])
	require.Equal(t, "a", doc["meters"].([]any)[0].(map[string]any)["name"])
	require.Equal(t, "kwh", doc["badRows"].([]any)[0].(map[string]any)["column"])
}

func TestWrittenLongComesBack(t *testing.T) {
	made, err := synth.New(synth.Options{Meters: 7, Groups: 3, Seed: 3, Year: 2020, Zone: "Europe/London"})
	require.NoError(t, err)
	var text bytes.Buffer
	require.NoError(t, dataset.WriteLong(t.Context(), &text, made))
	back := open(t, text.String(), datafile.Options{Layout: &layout.Document{Meter: &layout.Meter{GroupColumn: "group"}}, Zone: "Europe/London", BufferBytes: 1 << 20})
	require.Equal(t, rowsOf(t, made), rowsOf(t, back))
	require.Equal(t, made.Info().Meters, back.Info().Meters)
	require.Equal(t, made.Info().End, back.Info().End)

	var again bytes.Buffer
	require.NoError(t, dataset.WriteLong(t.Context(), &again, back))
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
	s, err := dataset.ShapeOf(open(t, b.String(), datafile.Options{}), cal)
	require.NoError(t, err)
	mean := (23 + 7.0) / 24
	require.InDelta(t, mean, s.MeanKWh, 1e-9)
	require.InDelta(t, mean/10, s.LoadFactor, 1e-9)
	require.InDelta(t, 1, s.Week, 1e-9)
	require.Less(t, s.Day, 0.95)
	require.InDelta(t, 7/mean, s.Profile[18], 1e-9)
	require.InDelta(t, (23+9.5)/(23+6), s.WeekendRatio, 1e-9)
}

// open reads a text as a file.
func open(t *testing.T, text string, o datafile.Options) dataset.Source {
	t.Helper()
	path := filepath.Join(t.TempDir(), "data")
	require.NoError(t, os.WriteFile(path, []byte(text), 0o600))
	o.ScratchDir = t.TempDir()
	s, err := datafile.Open(t.Context(), path, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func rowsOf(t *testing.T, s dataset.Source) []dataset.Row {
	t.Helper()
	var all []dataset.Row
	for block, err := range s.Rows(0) {
		require.NoError(t, err)
		all = append(all, block...)
	}
	return all
}
