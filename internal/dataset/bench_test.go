package dataset

import (
	"bytes"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset/layout"
)

// longText is a long file of some made-up households, in the order of time.
func longText(b *testing.B, meters, rows int) []byte {
	b.Helper()
	var text bytes.Buffer
	s := synth(b, SyntheticOptions{Meters: meters, Seed: 1, Year: 2019})
	require.NoError(b, WriteLong(b.Context(), &text, s))
	lines := bytes.SplitAfterN(text.Bytes(), []byte("\n"), rows+2)
	return text.Bytes()[:text.Len()-len(lines[len(lines)-1])]
}

// BenchmarkLongReader is parsing alone: no sort, no resampling.
func BenchmarkLongReader(b *testing.B) {
	const rows = 500_000
	text := longText(b, 1000, rows)
	b.SetBytes(int64(len(text)))
	for b.Loop() {
		b.StopTimer()
		o, err := Options{}.withDefaults()
		require.NoError(b, err)
		found, err := detect(text[:headBytes], false, layout.UTF8, o)
		require.NoError(b, err)
		info := Info{}
		in := newIntake(b.Context(), "bench", time.UTC, Options{}, newSorter(b.TempDir(), 64<<20), &info)
		b.StartTimer()
		lines, err := openRows(bytes.NewReader(text), found.plan.comma, found.header)
		require.NoError(b, err)
		require.NoError(b, readRows(lines, found.plan, in))
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
	s := open(b, file(b, string(longText(b, 1000, rows))), Options{BufferBytes: 2 << 20})
	n := 0
	for b.Loop() {
		for block, err := range s.Rows(0) {
			require.NoError(b, err)
			n += len(block)
		}
	}
	b.ReportMetric(float64(n)/b.Elapsed().Seconds(), "rows/s")
}
