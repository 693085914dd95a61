package synth

import (
	"crypto/sha256"
	"encoding/hex"
	"runtime"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
)

func households(t testing.TB, o Options) dataset.Source {
	t.Helper()
	s, err := New(o)
	require.NoError(t, err)
	return s
}

func TestIsTheSameForTheSameSeed(t *testing.T) {
	o := Options{Meters: 5, Groups: 2, Seed: 7, Year: 2019, Zone: "Europe/London"}
	a, b := households(t, o), households(t, o)
	rows := rowsOf(t, a, 0)
	require.Equal(t, rows, rowsOf(t, b, 0))
	require.Len(t, rows, 5*8760)
	require.EqualValues(t, len(rows), a.Info().Rows)
	require.Equal(t, a.Info().SHA256, b.Info().SHA256)

	from := a.Info().Start + 4001
	require.Equal(t, rows[4001*5:], rowsOf(t, a, from))

	o.Seed = 8
	require.NotEqual(t, rows, rowsOf(t, households(t, o), 0))
}

// A change of these bytes asks for a new version, and a line in the changelog.
func TestBytes(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the bytes are promised for one architecture: multiply and add may be one operation elsewhere, and round once")
	}
	sum := sha256.New()
	require.NoError(t, dataset.WriteLong(t.Context(), sum, households(t, Options{Meters: 40, Groups: 4, Seed: 42, Year: 2019, Zone: "Europe/London"})))
	require.Equal(t, "9f51fb9ceced80295f75c3c4b4657d47cb415eeb74e01ebad6d901d94986f49d", hex.EncodeToString(sum.Sum(nil)))
}

func TestHouseholdDoesNotDependOnTheOthers(t *testing.T) {
	few := rowsOf(t, households(t, Options{Meters: 3, Seed: 1, Year: 2020}), 0)
	many := rowsOf(t, households(t, Options{Meters: 11, Seed: 1, Year: 2020}), 0)
	require.Len(t, few, 3*8784)
	for i, r := range few {
		require.Equal(t, r, many[i/3*11+i%3])
	}
}

func TestYearIsLocal(t *testing.T) {
	for _, tc := range []struct {
		zone       string
		start, end string
	}{
		{"UTC", "2019-01-01T00:00:00Z", "2020-01-01T00:00:00Z"},
		{"America/New_York", "2019-01-01T05:00:00Z", "2020-01-01T05:00:00Z"},
		{"Asia/Kolkata", "2018-12-31T19:00:00Z", "2019-12-31T19:00:00Z"},
	} {
		info := households(t, Options{Meters: 1, Year: 2019, Zone: tc.zone}).Info()
		require.Equal(t, tc.start, info.Start.String(), tc.zone)
		require.Equal(t, tc.end, info.End.String(), tc.zone)
	}
}

func TestRejectsNonsense(t *testing.T) {
	for _, o := range []Options{
		{Meters: 0, Year: 2019}, {Meters: 1, Year: 1900}, {Meters: 2, Groups: 3, Year: 2019}, {Meters: 1, Year: 2019, Zone: "Mars/Base"},
	} {
		_, err := New(o)
		require.Error(t, err, "%+v", o)
	}
}

func BenchmarkSynthetic(b *testing.B) {
	s := households(b, Options{Meters: 1000, Groups: 20, Seed: 1, Year: 2019})
	readings := 0
	for b.Loop() {
		hours := 0
		for block, err := range s.Rows(0) {
			require.NoError(b, err)
			readings += len(block)
			if hours++; hours == 24*7 {
				break
			}
		}
	}
	b.ReportMetric(float64(readings)/b.Elapsed().Seconds(), "readings/s")
}

func rowsOf(t testing.TB, s dataset.Source, from meter.Hour) []dataset.Row {
	t.Helper()
	var all []dataset.Row
	for block, err := range s.Rows(from) {
		require.NoError(t, err)
		all = append(all, block...)
	}
	return all
}
