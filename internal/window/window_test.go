package window_test

import (
	"encoding/binary"
	"math"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// reference is a window as plainly as it can be said: a map of all hours ever
// put, of which those within n hours of the newest count.
type reference struct {
	n      int
	newest meter.Hour
	values map[meter.Hour]float32
}

func (r *reference) oldest() int64 { return int64(r.newest) - int64(r.n) + 1 }

func (r *reference) put(h meter.Hour, kwh float32) (window.Outcome, float32) {
	nan := float32(math.NaN())
	if r.newest != meter.NoHour && int64(h) < r.oldest() {
		return window.TooOld, nan
	}
	if h > r.newest {
		r.newest = h
		for g := range r.values {
			if int64(g) < r.oldest() {
				delete(r.values, g)
			}
		}
	}
	old, known := r.values[h]
	r.values[h] = kwh
	switch {
	case !known:
		return window.Stored, nan
	case old == kwh:
		r.values[h] = old
		return window.Duplicate, old
	default:
		return window.Correction, old
	}
}

func (r *reference) at(h meter.Hour) float32 {
	if v, ok := r.values[h]; ok {
		return v
	}
	return float32(math.NaN())
}

func same(a, b float32) bool { return math.Float32bits(a) == math.Float32bits(b) || a != a && b != b }

// nextHour draws the next hour: mostly near the newest, sometimes far away.
func nextHour(t *rapid.T, newest meter.Hour, n int) meter.Hour {
	if newest == meter.NoHour {
		newest = rapid.SampledFrom([]meter.Hour{0, 429_552, -70, math.MaxInt32 - 3, meter.NoHour + 2}).Draw(t, "start")
	}
	var step int64
	switch rapid.IntRange(0, 9).Draw(t, "kind") {
	case 0:
		step = rapid.Int64Range(-1<<32, 1<<32).Draw(t, "far")
	case 1, 2:
		step = rapid.Int64Range(int64(-2*n), int64(2*n)).Draw(t, "across")
	default:
		step = rapid.Int64Range(-3, 3).Draw(t, "near")
	}
	h := int64(newest) + step
	return meter.Hour(min(max(h, int64(meter.NoHour)+1), math.MaxInt32))
}

func TestWindowBehavesLikeAMap(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.SampledFrom([]int{1, 2, 3, 7, 24, 168}).Draw(t, "n")
		w := window.New(n)
		ref := &reference{n: n, newest: meter.NoHour, values: map[meter.Hour]float32{}}
		for range rapid.IntRange(1, 60).Draw(t, "puts") {
			h := nextHour(t, ref.newest, n)
			kwh := rapid.SampledFrom([]float32{0, 0.25, 1, -2, 1e-9, 1e6}).Draw(t, "kwh")
			wantOutcome, wantOld := ref.put(h, kwh)
			outcome, old := w.Put(h, kwh)
			require.Equal(t, wantOutcome, outcome)
			require.True(t, same(wantOld, old), "old value: want %v, got %v", wantOld, old)
			require.Equal(t, ref.newest, w.Newest())
			compare(t, ref, w)
			w = restored(t, w)
			compare(t, ref, w)
		}
	})
}

func compare(t *rapid.T, ref *reference, w *window.Window) {
	from := max(int64(ref.newest)-int64(ref.n)-2, int64(meter.NoHour)+1)
	to := min(int64(ref.newest)+3, math.MaxInt32)
	got := make([]float32, to-from+1)
	w.Copy(got, meter.Hour(from))
	missing := 0
	for i := range got {
		h := meter.Hour(from + int64(i))
		want := ref.at(h)
		if w.Suspect(h) {
			require.Equal(t, want, want, "a suspect hour has a reading")
			want = float32(math.NaN())
		}
		require.True(t, same(want, w.At(h)), "At(%d): want %v, got %v", h, want, w.At(h))
		require.True(t, same(want, got[i]), "Copy at %d: want %v, got %v", h, want, got[i])
		if want != want && i < len(got)-1 {
			missing++
		}
	}
	if len(got) > 1 {
		n := len(got) - 1
		require.InDelta(t, float64(missing)/float64(n), w.Missing(meter.Hour(to), n), 1e-12)
	}
	require.True(t, math.IsNaN(float64(w.At(meter.NoHour))))
}

func restored(t *rapid.T, w *window.Window) *window.Window {
	saved := w.AppendBinary([]byte("before"))[len("before"):]
	fresh := window.New(w.Len())
	fresh.Put(5, 5)
	rest, err := fresh.Restore(append(append([]byte{}, saved...), "after"...))
	require.NoError(t, err)
	require.Equal(t, "after", string(rest))
	require.Equal(t, saved, fresh.AppendBinary(nil), "saving again gives the same bytes")
	return fresh
}

func TestEmptyWindow(t *testing.T) {
	w := window.New(24)
	require.Equal(t, meter.NoHour, w.Newest())
	require.Equal(t, meter.NoHour, w.Oldest())
	require.Equal(t, 1.0, w.Missing(1000, 168))
	dst := []float32{1, 2}
	w.Copy(dst, 0)
	require.True(t, dst[0] != dst[0] && dst[1] != dst[1])
	outcome, _ := w.Put(meter.NoHour, 1)
	require.Equal(t, window.TooOld, outcome)
	require.Equal(t, meter.NoHour, w.Newest())
	fresh := window.New(24)
	_, err := fresh.Restore(w.AppendBinary(nil))
	require.NoError(t, err)
	require.Equal(t, meter.NoHour, fresh.Newest())
}

func TestRestoreRefusesWhatItDidNotWrite(t *testing.T) {
	w := window.New(24)
	w.Put(100, 1.5)
	saved := w.AppendBinary(nil)

	_, err := window.New(24).Restore(saved[:len(saved)-1])
	require.ErrorContains(t, err, "need 18")
	_, err = window.New(24).Restore(saved[:103])
	require.ErrorContains(t, err, "need 104")

	_, err = window.New(23).Restore(saved)
	require.ErrorContains(t, err, "saved with 24 hours, want 23")

	damaged := append([]byte{}, saved...)
	binary.LittleEndian.PutUint32(damaged[100:], math.Float32bits(float32(math.NaN())))
	_, err = w.Restore(damaged)
	require.ErrorContains(t, err, "damaged")
	require.Equal(t, saved, w.AppendBinary(nil), "a rejected restore changes nothing")
}

func TestPutAllocatesNothing(t *testing.T) {
	w := window.New(1344)
	h := meter.Hour(0)
	require.Zero(t, testing.AllocsPerRun(1000, func() {
		w.Put(h, 1)
		h++
	}))
}

func BenchmarkPut(b *testing.B) {
	b.Run("in order", func(b *testing.B) {
		w := window.New(1344)
		h := meter.Hour(430_000)
		for b.Loop() {
			w.Put(h, 1.25)
			h++
		}
	})
	b.Run("duplicate", func(b *testing.B) {
		w := window.New(1344)
		w.Put(430_000, 1.25)
		for b.Loop() {
			w.Put(430_000, 1.25)
		}
	})
	b.Run("10000 meters", func(b *testing.B) {
		windows := make([]*window.Window, 10_000)
		for i := range windows {
			windows[i] = window.New(1344)
		}
		i, h := 0, meter.Hour(430_000)
		for b.Loop() {
			windows[i].Put(h, 1.25)
			if i++; i == len(windows) {
				i, h = 0, h+1
			}
		}
	})
}

func BenchmarkCopy840(b *testing.B) {
	w := window.New(1344)
	for h := meter.Hour(0); h < 3000; h++ {
		w.Put(h, 1)
	}
	dst := make([]float32, 840)
	for b.Loop() {
		w.Copy(dst, 2200)
	}
}

func BenchmarkAppendBinary(b *testing.B) {
	w := window.New(1344)
	w.Put(1, 1)
	var dst []byte
	for b.Loop() {
		dst = w.AppendBinary(dst[:0])
	}
}
