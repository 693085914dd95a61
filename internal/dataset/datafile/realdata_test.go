package datafile

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/dataset/layout"
	"github.com/energytwin/energytwin/internal/meter"
)

// realData is a file of real readings, kept beside the repository.
func realData(t testing.TB, name string) string {
	path := filepath.Join("..", "..", "..", "..", "shared", "data", name)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("real data is not here: %v", err)
	}
	return path
}

func openFile(t testing.TB, path string, o Options) dataset.Source {
	t.Helper()
	if o.ScratchDir == "" {
		o.ScratchDir = t.TempDir()
	}
	s, err := Open(t.Context(), path, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, s.Close()) })
	return s
}

func allRows(t testing.TB, s dataset.Source, from meter.Hour) []dataset.Row {
	t.Helper()
	var all []dataset.Row
	for block, err := range s.Rows(from) {
		require.NoError(t, err)
		for i, r := range block {
			require.Equal(t, block[0].Hour, r.Hour)
			if i > 0 {
				require.LessOrEqual(t, block[i-1].Meter, r.Meter)
			}
		}
		if len(all) > 0 {
			require.Greater(t, block[0].Hour, all[len(all)-1].Hour)
		}
		all = append(all, block...)
	}
	return all
}

func TestRealYearOfTwentyBuildings(t *testing.T) {
	path := realData(t, "buildings20_2019.csv.gz")
	s := openFile(t, path, Options{Zone: "Europe/London"})
	info := s.Info()
	require.EqualValues(t, 174_606, info.Rows)
	require.Len(t, info.Meters, 20)
	require.Equal(t, layout.Delimited, info.Layout.Format)
	require.Equal(t, layout.KWh, info.Layout.Unit)
	require.Equal(t, "2019-01-01T00:00:00Z", info.Start.String())
	require.Equal(t, "2020-01-01T00:00:00Z", info.End.String())
	require.Zero(t, info.Quarantined+info.Duplicates+info.Trimmed+info.Missing+info.Incomplete+info.Overlaps)

	rows := allRows(t, s, 0)
	require.Len(t, rows, 174_606)
	require.Equal(t, "ucam-b038", info.Meters[0].Name)
	require.Equal(t, dataset.Row{Meter: 0, Hour: info.Start, KWh: 0.3}, rows[0])

	from := info.Start + 5000
	tail := allRows(t, s, from)
	require.Equal(t, rows[len(rows)-len(tail):], tail)
	require.Less(t, rows[len(rows)-len(tail)-1].Hour, from)
	require.Empty(t, allRows(t, s, info.End))

	spilled := openFile(t, path, Options{Zone: "Europe/London", BufferBytes: 64 << 10})
	require.Equal(t, rows, allRows(t, spilled, 0))
	require.Equal(t, info.SHA256, spilled.Info().SHA256)
}

func TestRealYearWithSpoiltLines(t *testing.T) {
	lines := strings.Split(unzip(t, realData(t, "buildings20_2019.csv.gz")), "\n")
	spoil := map[int]func(string) string{
		100:     func(l string) string { return l[:strings.LastIndexByte(l, ',')] + ",broken" },
		50_000:  func(l string) string { return strings.Replace(l, "2019-", "2019-13-", 1) },
		150_000: func(l string) string { return l[:strings.LastIndexByte(l, ',')] },
	}
	for n, f := range spoil {
		lines[n-1] = f(lines[n-1])
	}
	path := filepath.Join(t.TempDir(), "spoilt.csv")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(lines, "\n")), 0o600))

	var file bytes.Buffer
	s := openFile(t, path, Options{BadRows: dataset.NewCSVQuarantine(&file)})
	info := s.Info()
	require.EqualValues(t, 174_603, info.Rows)
	require.EqualValues(t, 3, info.Quarantined)
	require.Len(t, allRows(t, s, 0), 174_603)
	require.Equal(t, []dataset.BadRow{
		{Line: 100, Column: "kwh", Reason: "the value is not a number", Raw: lines[99]},
		{Line: 50_000, Column: "timestamp", Reason: "the timestamp names a day that does not exist", Raw: lines[49_999]},
		{Line: 150_000, Column: "kwh", Reason: "a column is missing: the row has fewer than the header", Raw: lines[149_999]},
	}, info.BadRows)
	require.Equal(t, 4, strings.Count(file.String(), "\n"), "a header and three rows")

	_, err := Open(t.Context(), path, Options{InvalidRows: dataset.Reject, ScratchDir: t.TempDir()})
	var bad *dataset.BadRowError
	require.ErrorAs(t, err, &bad)
	require.EqualValues(t, 100, bad.Line)
	require.ErrorContains(t, err, "column kwh")
}

func unzip(t *testing.T, path string) string {
	t.Helper()
	f, err := os.Open(path)
	require.NoError(t, err)
	defer f.Close()
	z, err := gzip.NewReader(f)
	require.NoError(t, err)
	text, err := io.ReadAll(z)
	require.NoError(t, err)
	return string(text)
}
