package window_test

import (
	"math"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

const monday meter.Hour = 430_000

// evening is a load that peaks at about 1.5 kWh and never repeats a number.
func evening(h meter.Hour) float32 {
	hour := float64(h % 24)
	return float32(0.2 + 1.2*math.Exp(-(hour-19)*(hour-19)/8) + 0.1*math.Abs(math.Sin(float64(h))))
}

// put enters readings from hour h on and returns the hour after them.
func put(w *window.Window, h meter.Hour, kwh ...float32) meter.Hour {
	for _, v := range kwh {
		w.Put(h, v)
		h++
	}
	return h
}

func settled(days int) (*window.Window, meter.Hour) {
	w := window.New(1344)
	h := monday
	for range days * 24 {
		h = put(w, h, evening(h))
	}
	return w, h
}

func TestWhichReadingsAreSuspect(t *testing.T) {
	for _, tt := range []struct {
		name string
		kwh  []float32
		want []bool
	}{
		{"a high hour", []float32{2.9, 0.3}, []bool{false, false}},
		{"one spike", []float32{100, 0.3}, []bool{true, false}},
		{"a negative one where nothing is fed in", []float32{-1, 0.3}, []bool{true, false}},
		{"noise around zero", []float32{-0.05, 0, -0.02}, []bool{false, false, false}},
		{"two hours of a car", []float32{8, 8.1, 0.3}, []bool{true, true, false}},
		{"a third confirms them", []float32{8, 8.1, 7.2}, []bool{false, false, false}},
		{"a car by the tenth of a kWh", []float32{7, 7, 7}, []bool{false, false, false}},
		{"sun for the first time", []float32{-0.1, -0.4, -0.9, -0.3}, []bool{false, false, false, false}},
		{"three spikes unlike each other", []float32{100, 12_345, 1e6}, []bool{true, true, true}},
		{"three far ones, alike", []float32{100, 101, 102}, []bool{true, true, true}},
		{"six far ones, alike", []float32{100, 101, 102, 103, 104, 105}, []bool{false, false, false, false, false, false}},
		{"a far number again and again", []float32{100, 100, 100, 100, 100, 100, 100}, []bool{true, true, true, true, true, true, true}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w, h := settled(30)
			put(w, h, tt.kwh...)
			for i, want := range tt.want {
				at := h + meter.Hour(i)
				require.Equal(t, want, w.Suspect(at), "hour %d", i)
				require.Equal(t, want, w.At(at) != w.At(at), "a suspect reading is a gap")
			}
			require.Equal(t, w.AppendBinary(nil), saved(t, w))
		})
	}
}

// saved is what a window that was saved and restored saves.
func saved(t *testing.T, w *window.Window) []byte {
	t.Helper()
	fresh := window.New(w.Len())
	rest, err := fresh.Restore(w.AppendBinary(nil))
	require.NoError(t, err)
	require.Empty(t, rest)
	return fresh.AppendBinary(nil)
}

func TestPutNamesTheReadingsThatItJudgesAgain(t *testing.T) {
	w, h := settled(30)
	put(w, h, 8, 8.1)
	require.Empty(t, w.Rejudged())
	w.Put(h+2, 7.2)
	require.Equal(t, []window.Verdict{{Hour: h, Suspect: false}, {Hour: h + 1, Suspect: false}}, w.Rejudged())
	w.Put(h+3, 0.3)
	require.Empty(t, w.Rejudged())

	first := window.New(1344)
	put(first, monday, 5_000)
	require.False(t, first.Suspect(monday), "nothing to judge by")
	for at := monday + 1; at < monday+24; at++ {
		first.Put(at, evening(at))
	}
	require.Equal(t, []window.Verdict{{Hour: monday, Suspect: true}}, first.Rejudged(), "the first day is judged as a whole")
}

func TestCorrectionsAreJudgedToo(t *testing.T) {
	w, h := settled(30)
	outcome, old := w.Put(h-30, 12_345)
	require.Equal(t, window.Correction, outcome)
	require.Equal(t, evening(h-30), old)
	require.True(t, w.Suspect(h-30))
	outcome, _ = w.Put(h-30, 12_345)
	require.Equal(t, window.Duplicate, outcome)
	outcome, old = w.Put(h-30, 0.5)
	require.Equal(t, window.Correction, outcome)
	require.Equal(t, float32(12_345), old, "the value is kept, though nothing is computed from it")
	require.False(t, w.Suspect(h-30))
}

func TestStuckValues(t *testing.T) {
	lamp := func(h meter.Hour) float32 { return 0.25 * float32(1-h/12%2) }
	coarse := func(h meter.Hour) float32 { return float32(math.Floor(float64(evening(h))*5)) / 5 }
	for _, tt := range []struct {
		name  string
		load  func(meter.Hour) float32
		value float32
		stuck bool
	}{
		{"a home", evening, 0.73, true},
		{"a home that draws nothing", evening, 0, false},
		{"a lamp that stays on", lamp, 0.25, false},
		{"a meter of coarse steps", coarse, 0.4, false},
		{"a standby load", func(meter.Hour) float32 { return 0.05 }, 0.05, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			w := window.New(1344)
			h := monday
			for range 20 * 24 {
				h = put(w, h, tt.load(h))
			}
			if last := w.At(h - 1); last == tt.value && tt.stuck {
				t.Fatal("the run must begin here")
			}
			for i := range meter.Hour(60) {
				w.Put(h+i, tt.value)
				require.Equal(t, tt.stuck && i >= 24, w.Suspect(h+i), "hour %d", i)
			}
			require.Equal(t, w.AppendBinary(nil), saved(t, w))
			w.Put(h+60, 0.31)
			require.False(t, w.Suspect(h+60), "it moves again")
			if tt.stuck {
				require.Equal(t, 36, w.Suspects(h+60, 60))
				require.InDelta(t, 0.6, w.Missing(h+60, 60), 1e-9)
			}
		})
	}
}

func TestAMeterIsANewOneAfterMonthsOfSilence(t *testing.T) {
	w, h := settled(30)
	h += 3 * 1344
	put(w, h, 9)
	require.False(t, w.Suspect(h), "there is nothing left to judge by")
}

func TestRebuiltWindowsJudgeAsBefore(t *testing.T) {
	w, h := settled(30)
	h = put(w, h, 12_345)
	for range 30 {
		h = put(w, h, 0.73)
	}
	rebuilt := window.New(1344)
	values := make([]float32, 1344)
	for i := range values {
		at := h - 1344 + meter.Hour(i)
		if v := w.At(at); v == v {
			rebuilt.PutJudged(at, v, false)
		}
	}
	rebuilt.PutJudged(h-31, 12_345, true)
	for at := h - 6; at < h; at++ {
		rebuilt.PutJudged(at, 0.73, true)
	}
	rebuilt.Renew()
	resized := w.Resized(2000)
	for _, v := range []float32{0.73, 5, 0.4} {
		w.Put(h, v)
		rebuilt.Put(h, v)
		resized.Put(h, v)
		require.Equal(t, w.Suspect(h), rebuilt.Suspect(h), "%v", v)
		require.Equal(t, w.Suspect(h), resized.Suspect(h), "%v", v)
		h++
	}
	require.Equal(t, w.Suspects(h, 1344), rebuilt.Suspects(h, 1344))
	require.Equal(t, w.Suspects(h, 1344), resized.Suspects(h, 1344))
}

func TestTheLimitHoldsForAllReadings(t *testing.T) {
	w := window.New(1344)
	w.Limit(5)
	h := put(w, monday, 6)
	require.True(t, w.Suspect(monday))
	for range 40 {
		h = put(w, h, evening(h))
	}
	for i := range 50 {
		h = put(w, h, 6+float32(i)/100)
		require.True(t, w.Suspect(h-1))
	}
}
