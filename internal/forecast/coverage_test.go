package forecast

import (
	"compress/gzip"
	"encoding/csv"
	"errors"
	"io"
	"io/fs"
	"math"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// readBuildings20 reads real readings, by meter in the order of the file.
func readBuildings20(t *testing.T) [][]measured {
	t.Helper()
	path := filepath.Join("..", "..", "..", "shared", "data", "buildings20_2019.csv.gz")
	file, err := os.Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		t.Skipf("no real readings at %s: put the shared data beside the repository to run this test", path)
	}
	require.NoError(t, err)
	defer file.Close()
	unzipped, err := gzip.NewReader(file)
	require.NoError(t, err)
	r := csv.NewReader(unzipped)
	_, err = r.Read()
	require.NoError(t, err)
	var all [][]measured
	place := map[string]int{}
	for {
		f, err := r.Read()
		if errors.Is(err, io.EOF) {
			return all
		}
		require.NoError(t, err)
		at, err := time.Parse(time.RFC3339, f[1])
		require.NoError(t, err)
		kwh, err := strconv.ParseFloat(f[2], 32)
		require.NoError(t, err)
		if _, ok := place[f[0]]; !ok {
			place[f[0]] = len(all)
			all = append(all, nil)
		}
		i := place[f[0]]
		all[i] = append(all[i], measured{meter.HourOf(at), float32(kwh)})
	}
}

type measured struct {
	hour meter.Hour
	kwh  float32
}

// TestIntervalCoversRealLoad: on a year of 20 buildings the 80 % interval covers
// what it says, within what a plain quantile can do.
func TestIntervalCoversRealLoad(t *testing.T) {
	var inside, below, total int
	for _, readings := range readBuildings20(t) {
		i, b, n := coverage(readings)
		inside, below, total = inside+i, below+b, total+n
		t.Logf("inside %.3f, below %.3f of %d hours", float64(i)/float64(n), float64(b)/float64(n), n)
	}
	share := float64(inside) / float64(total)
	t.Logf("all: inside %.4f, below %.4f of %d hours", share, float64(below)/float64(total), total)
	require.InDelta(t, 0.80, share, 0.03)
}

func coverage(readings []measured) (inside, below, total int) {
	w := window.New(1344)
	actual := map[meter.Hour]float32{}
	for _, r := range readings {
		actual[r.hour] = r.kwh
	}
	state := NewSeasonalNaive().NewState()
	q := Quantiles{P10: make([]float32, 24), P50: make([]float32, 24), P90: make([]float32, 24)}
	first := readings[0].hour
	for h := first; h <= readings[len(readings)-1].hour; h++ {
		if (h-first)%24 == 0 && h-first >= 36*24 {
			state.Forecast(w, h, q)
			for i := range 24 {
				v, ok := actual[h+meter.Hour(i)]
				if !ok || math.IsNaN(float64(q.P50[i])) {
					continue
				}
				total++
				if v < q.P10[i] {
					below++
				} else if v <= q.P90[i] {
					inside++
				}
			}
		}
		if v, ok := actual[h]; ok {
			w.Put(h, v)
		}
	}
	return inside, below, total
}

// TestCombinedOnRealLoad: over nine months of 20 buildings the 80 % interval covers what it
// says, for all, for each and on each weekday; the error is far below that of last week's
// load; and noon is as good an issue time as midnight. Most of the buildings were learned
// from, so that this is no measure of how good forecasts are: the model card has one.
func TestCombinedOnRealLoad(t *testing.T) {
	midnight := engine(t, "Europe/London")
	noon := engineAt(t, midnight.cal, meter.IssueTime{Hour: 12})
	all := readBuildings20(t)
	atMidnight, atNoon, again := judgeAll(t, midnight, all, 24), judgeAll(t, noon, all, 24), judgeAll(t, midnight, all, 4)
	require.Less(t, atMidnight, 0.65)
	require.Less(t, atNoon, 1.03*atMidnight)
	require.Less(t, again, 0.9*atMidnight, "a forecast every four hours knows the newest readings")
}

// judgeAll forecasts every so many hours and returns the geometric mean of the errors of the
// newest forecasts, over those of last week's load.
func judgeAll(t *testing.T, m *Combined, all [][]measured, every int) float64 {
	t.Helper()
	var inside, total [7]int
	var relative float64
	for i, readings := range all {
		j := judgeCombined(m, readings, every)
		in, n := sum7(j.inside), sum7(j.total)
		share := float64(in) / float64(n)
		t.Logf("meter %d: inside %.3f of %d hours, relative error %.3f", i, share, n, j.ours/j.naive)
		require.InDelta(t, 0.80, share, 0.10, "meter %d", i)
		for d := range total {
			inside[d], total[d] = inside[d]+j.inside[d], total[d]+j.total[d]
		}
		relative += math.Log(j.ours / j.naive)
	}
	for d := range total {
		require.InDelta(t, 0.80, float64(inside[d])/float64(total[d]), 0.04, time.Weekday(d))
	}
	share := float64(sum7(inside)) / float64(sum7(total))
	relative = math.Exp(relative / float64(len(all)))
	t.Logf("all, issued at %d, every %d hours: inside %.4f, relative error %.4f", m.at.Hour, every, share, relative)
	require.InDelta(t, 0.80, share, 0.02)
	return relative
}

func sum7(counts [7]int) (sum int) {
	for _, n := range counts {
		sum += n
	}
	return sum
}

type judgement struct {
	inside, total [7]int // hours, by weekday
	ours, naive   float64
}

func judgeCombined(m *Combined, readings []measured, every int) (j judgement) {
	actual := map[meter.Hour]float32{}
	for _, r := range readings {
		actual[r.hour] = r.kwh
	}
	load := func(h meter.Hour) float32 {
		if v, ok := actual[h]; ok {
			return v
		}
		return nan()
	}
	p := play(m, load)
	first, last := readings[0].hour, readings[len(readings)-1].hour
	at := m.cal.NextIssue(first+90*24, m.at)
	next := m.cal.NextIssue(at, m.at)
	p.run(first, at)
	for at <= last-24 {
		n := min(every, int(next-at))
		if every >= 24 {
			n = int(next - at)
		}
		q := p.forecast(at, n)
		for i, v := range q.P50 {
			y, before := load(at+meter.Hour(i)), load(at+meter.Hour(i)-168)
			if y != y || before != before {
				continue
			}
			day := m.cal.Local(at + meter.Hour(i)).Weekday()
			j.total[day]++
			if q.P10[i] <= y && y <= q.P90[i] {
				j.inside[day]++
			}
			j.ours += math.Abs(float64(y - v))
			j.naive += math.Abs(float64(y - before))
		}
		p.run(at, at+meter.Hour(n))
		if at += meter.Hour(n); at == next {
			next = m.cal.NextIssue(next, m.at)
		}
	}
	return j
}
