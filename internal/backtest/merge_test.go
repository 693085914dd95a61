package backtest

import (
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
)

// fileOf is a file with one value for each hour of a meter.
func fileOf(name, of string, from meter.Hour, hours int, value func(h meter.Hour) float32) File {
	s := &Series{Meter: of}
	for h := from; h < from+meter.Hour(hours); h++ {
		s.Put(h, value(h))
	}
	return File{Name: name, SHA256: name, Series: map[string]*Series{of: s}}
}

func hourOf(h meter.Hour) float32 { return float32(h % 997) }

func TestMergeTakesFilesInAnyOrder(t *testing.T) {
	revised := func(h meter.Hour) float32 {
		if h == 1500 {
			return -1
		}
		return hourOf(h)
	}
	files := []File{
		fileOf("january", "a", 1000, 100, hourOf),
		fileOf("february", "a", 1090, 500, hourOf), // ten hours of January again
		fileOf("march", "a", 1500, 200, revised),
		fileOf("other", "b", 900, 50, hourOf),
		fileOf("later", "a", 2000, 10, hourOf),
		fileOf("without rows", "a", 0, 0, hourOf),
	}
	random := rand.New(rand.NewPCG(4, 4))
	for range 50 {
		random.Shuffle(len(files), func(i, j int) { files[i], files[j] = files[j], files[i] })
		all, overlaps, err := Merge(files)
		require.NoError(t, err)
		require.Equal(t, []Overlap{{Meter: "a", Earlier: "february", File: "march", Hours: 90, Changed: 1}}, overlaps)
		a := all["a"]
		require.EqualValues(t, 1000, a.From)
		require.EqualValues(t, 2010, a.End())
		require.Equal(t, float32(-1), a.At(1500), "the file that begins later counts")
		require.Equal(t, hourOf(1095), a.At(1095))
		require.True(t, a.At(1800) != a.At(1800), "a gap")
		require.Len(t, all["b"].KWh, 50)
	}
}

func TestFilesOfTwoMetersAreNotMerged(t *testing.T) {
	_, _, err := Merge([]File{
		fileOf("home.csv", "meter", 1000, 300, hourOf),
		fileOf("shop.csv", "meter", 1100, 300, func(h meter.Hour) float32 { return 2 * hourOf(h+5) }),
	})
	require.ErrorContains(t, err, `home.csv and shop.csv differ in 200 of the 200 hours of meter "meter"`)
	require.ErrorContains(t, err, "leave one of them out")
}
