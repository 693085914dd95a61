package datafile

import (
	"bytes"
	"fmt"
	"io"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/hourly"
	"github.com/energytwin/energytwin/internal/dataset/unpack"
	"github.com/energytwin/energytwin/internal/synth"
)

func madeUp(t testing.TB, o synth.Options) dataset.Source {
	t.Helper()
	s, err := synth.New(o)
	require.NoError(t, err)
	return s
}

// longText is a long file of some made-up households, in the order of time.
func longText(b *testing.B, meters, rows int) []byte {
	b.Helper()
	var text bytes.Buffer
	s := madeUp(b, synth.Options{Meters: meters, Seed: 1, Year: 2019})
	require.NoError(b, dataset.WriteLong(b.Context(), &text, s))
	lines := bytes.SplitAfterN(text.Bytes(), []byte("\n"), rows+2)
	return text.Bytes()[:text.Len()-len(lines[len(lines)-1])]
}

// textInput is a text in memory.
type textInput []byte

func (t textInput) Name() string { return "bench" }

func (t textInput) Text() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(t)), nil }

// BenchmarkLongReader is parsing alone: no sort, no resampling.
func BenchmarkLongReader(b *testing.B) {
	const rows = 500_000
	text := longText(b, 1000, rows)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		b.StopTimer()
		o, err := Options{}.withDefaults()
		require.NoError(b, err)
		m, err := findMember(textInput(text), unpack.HeadBytes, false, o)
		require.NoError(b, err)
		info := dataset.Info{Layout: m.found.Doc}
		in := hourly.NewIntake(b.Context(), "bench", hourly.Options{ScratchDir: b.TempDir(), BufferBytes: 64 << 20}, &info)
		b.StartTimer()
		require.NoError(b, m.read(in, false, o))
		require.EqualValues(b, rows, info.Read)
	}
	b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkOpen is all that happens before the first row can be published.
func BenchmarkOpen(b *testing.B) {
	const rows = 500_000
	path := file(b, string(longText(b, 1000, rows)))
	for _, bc := range []struct {
		name   string
		buffer int
	}{{"memory", DefaultBuffer}, {"disk", 2 << 20}} {
		b.Run(bc.name, func(b *testing.B) {
			for b.Loop() {
				s, err := Open(b.Context(), path, Options{BufferBytes: bc.buffer, ScratchDir: b.TempDir()})
				require.NoError(b, err)
				require.EqualValues(b, rows, s.Info().Rows)
				require.NoError(b, s.Close())
			}
			b.ReportMetric(float64(rows*b.N)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

func BenchmarkRows(b *testing.B) {
	const rows = 500_000
	s := openFile(b, file(b, string(longText(b, 1000, rows))), Options{BufferBytes: 2 << 20})
	n := 0
	for b.Loop() {
		for block, err := range s.Rows(0) {
			require.NoError(b, err)
			n += len(block)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}

// BenchmarkShapes is Open on the shapes of file beside the long one. Each file holds the
// same households, one value a meter and hour.
func BenchmarkShapes(b *testing.B) {
	const meters, days = 200, 60
	s := madeUp(b, synth.Options{Meters: meters, Seed: 1, Year: 2019, Zone: "UTC"})
	var hours [][]float32 // kWh by hour and meter
	for block, err := range s.Rows(0) {
		require.NoError(b, err)
		values := make([]float32, meters)
		for _, r := range block {
			values[r.Meter] = r.KWh
		}
		if hours = append(hours, values); len(hours) == 24*days {
			break
		}
	}
	for _, shape := range []struct {
		name  string
		write func(out *bytes.Buffer, hours [][]float32)
	}{{"wide", writeWide}, {"day", writeDays}, {"counter", writeCounters}} {
		var text bytes.Buffer
		shape.write(&text, hours)
		path := file(b, text.String())
		b.Run(shape.name, func(b *testing.B) {
			b.SetBytes(int64(text.Len()))
			var values int64
			for b.Loop() {
				s, err := Open(b.Context(), path, Options{ScratchDir: b.TempDir(), Whole: true})
				require.NoError(b, err)
				require.InDelta(b, meters*days*24, s.Info().Rows, meters) // the first state of a counter shows no energy
				values += s.Info().Read
				require.NoError(b, s.Close())
			}
			b.ReportMetric(float64(values)/b.Elapsed().Seconds(), "values/s")
		})
	}
}

var benchStart = time.Date(2019, 1, 1, 0, 0, 0, 0, time.UTC)

// writeWide writes a row for each hour and a column for each meter.
func writeWide(out *bytes.Buffer, hours [][]float32) {
	out.WriteString("timestamp")
	for m := range hours[0] {
		fmt.Fprintf(out, ",home-%04d", m)
	}
	for h, values := range hours {
		fmt.Fprintf(out, "\n%s", benchStart.Add(time.Duration(h)*time.Hour).Format(time.RFC3339))
		for _, v := range values {
			fmt.Fprintf(out, ",%.3f", v)
		}
	}
}

// writeDays writes a row for each meter and day with its 24 hours.
func writeDays(out *bytes.Buffer, hours [][]float32) {
	out.WriteString("meter,date")
	for h := range 24 {
		fmt.Fprintf(out, ",H%02d", h+1)
	}
	for day := 0; day < len(hours); day += 24 {
		for m := range hours[day] {
			fmt.Fprintf(out, "\nhome-%04d,%s", m, benchStart.AddDate(0, 0, day/24).Format(time.DateOnly))
			for _, values := range hours[day : day+24] {
				fmt.Fprintf(out, ",%.3f", values[m])
			}
		}
	}
}

// writeCounters writes the states of a counter at the end of each hour.
func writeCounters(out *bytes.Buffer, hours [][]float32) {
	out.WriteString("meter,timestamp,register_kwh")
	state := make([]float64, len(hours[0]))
	for h, values := range hours {
		at := benchStart.Add(time.Duration(h+1) * time.Hour).Format(time.RFC3339)
		for m, v := range values {
			state[m] += max(0, float64(v)) // a counter of what is drawn
			fmt.Fprintf(out, "\nhome-%04d,%s,%.3f", m, at, 1000+state[m])
		}
	}
}
