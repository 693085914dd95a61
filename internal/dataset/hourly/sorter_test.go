package hourly

import (
	"context"
	"fmt"
	"os"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/dataset"
	"github.com/energytwin/energytwin/internal/meter"
)

func sorted(t require.TestingT, dir string, limit int, entries []entry) []entry {
	s := newSorter(dir, limit*2*entryBytes)
	for _, e := range entries {
		require.NoError(t, s.add(e))
	}
	var out []entry
	require.NoError(t, s.each(context.Background(), func(e entry) error {
		out = append(out, e)
		return nil
	}))
	return out
}

func TestSortOnDiskIsSortInMemory(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		// Few minutes and meters, so that many entries are equal; the value is
		// the place in the file.
		keys := rapid.SliceOfN(rapid.IntRange(0, 40), 0, 400).Draw(t, "keys")
		base := rapid.Int64Range(0, 60_000_000).Draw(t, "base")
		var in []entry
		for i, k := range keys {
			in = append(in, makeEntry(base+int64(k/5)*30, int32(k%5)*1000, 30+i%2*30, float64(i)))
		}
		want := slices.Clone(in)
		slices.SortStableFunc(want, func(a, b entry) int {
			if a.order() < b.order() {
				return -1
			}
			return min(1, int(a.order()-b.order()))
		})
		limit := rapid.IntRange(2, 500).Draw(t, "limit")
		require.Equal(t, want, sorted(t, dir, limit, in))
	})
	left, err := os.ReadDir(dir)
	require.NoError(t, err)
	require.Empty(t, left, "runs are removed")
}

func TestSortMergesManyRuns(t *testing.T) {
	var in []entry
	for i := range 2 * maxFanIn * maxFanIn {
		in = append(in, makeEntry(int64(i*7919%1000), 0, 60, float64(i)))
	}
	want := slices.Clone(in)
	slices.SortStableFunc(want, func(a, b entry) int { return int(a.minute() - b.minute()) })
	require.Equal(t, want, sorted(t, t.TempDir(), 2, in))
}

func TestEntryHoldsItsLimits(t *testing.T) {
	e := makeEntry(1<<27-1, maxMeters-1, 60, -1.25)
	require.EqualValues(t, 1<<27-1, e.minute())
	require.EqualValues(t, maxMeters-1, e.meter())
	require.Equal(t, 60, e.length())
	var b [entryBytes]byte
	e.encode(b[:])
	require.Equal(t, e, decodeEntry(b[:]))
}

func TestSortNamesTheFolderThatIsFull(t *testing.T) {
	s := newSorter(t.TempDir()+"/gone", 1)
	var err error
	for i := 0; i < 10 && err == nil; i++ {
		err = s.add(makeEntry(int64(i), 0, 60, 0))
	}
	require.ErrorIs(t, err, os.ErrNotExist)
}

// Readings of any interval, in any order, make the hours that adding them up
// by hand makes.
func TestHoursAreSumsOfTheirParts(t *testing.T) {
	dir := t.TempDir()
	rapid.Check(t, func(t *rapid.T) {
		minutes := rapid.SampledFrom([]int{5, 15, 30, 60}).Draw(t, "interval")
		perHour := 60 / minutes
		slots := rapid.SliceOfNDistinct(rapid.IntRange(0, 3*10*perHour-1), 1, 3*10*perHour, rapid.ID[int]).Draw(t, "slots")
		base := int64(26_000_000 / 60 * 60)
		type key struct {
			m    int32
			hour meter.Hour
		}
		sums, counts := map[key]float64{}, map[key]int{}
		srt := newSorter(dir, rapid.IntRange(1, 5000).Draw(t, "buffer"))
		for _, s := range slots {
			m, slot := int32(s%3), int64(s/3)
			at, kWh := base+slot*int64(minutes), float64(s)/4
			k := key{m, meter.Hour(at / 60)}
			sums[k] += kWh
			counts[k]++
			require.NoError(t, srt.add(makeEntry(at, m, minutes, kWh)))
		}
		got := map[key]float64{}
		var info dataset.Info
		h := newHourly(&Intake{series: []series{{meter: 0}, {meter: 1}, {meter: 2}}, Info: &info}, nil, 0, 1<<30, func(hour meter.Hour, rows []dataset.Row) error {
			for _, r := range rows {
				require.Equal(t, hour, r.Hour)
				got[key{r.Meter, hour}] = float64(r.KWh)
			}
			return nil
		})
		require.NoError(t, srt.each(context.Background(), h.add))
		require.NoError(t, h.finish())
		incomplete := int64(0)
		for k, n := range counts {
			if n < perHour {
				incomplete++
				delete(sums, k)
			}
		}
		require.Equal(t, sums, got)
		require.Equal(t, incomplete, info.Incomplete)
	})
}

func ExampleInfo() {
	i := dataset.Info{Start: 10, End: 34}
	fmt.Println(i.Hours())
	// Output: 24
}
