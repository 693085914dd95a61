package forecast

import (
	"fmt"
	"testing"
	"unsafe"

	"github.com/stretchr/testify/require"

	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// BenchmarkReading measures what a reading costs in window and engine, a
// forecast a day included.
func BenchmarkReading(b *testing.B) {
	for _, meters := range []int{1_000, 10_000} {
		b.Run(fmt.Sprintf("meters=%d", meters), func(b *testing.B) {
			m := testEngine(b, "Europe/London")
			windows, states := make([]*window.Window, meters), make([]State, meters)
			for i := range windows {
				windows[i], states[i] = window.New(1344), m.NewState()
				for h := issue - 1344; h < issue; h++ {
					windows[i].Put(h, hash(h+meter.Hour(i)))
				}
				states[i].Advance(windows[i], issue-1)
			}
			q := Quantiles{P10: make([]float32, 24), P50: make([]float32, 24), P90: make([]float32, 24)}
			h, i := issue, 0
			b.ReportAllocs()
			for b.Loop() {
				windows[i].Put(h, hash(h+meter.Hour(i)))
				states[i].Advance(windows[i], h)
				if (h+1-issue)%24 == 0 {
					states[i].Forecast(windows[i], h+1, q)
				}
				if i++; i == meters {
					i, h = 0, h+1
				}
			}
			b.ReportMetric(float64(unsafe.Sizeof(meterState{})), "B/state")
		})
	}
}

// BenchmarkDay measures one meter's turn of the day.
func BenchmarkDay(b *testing.B) {
	m := testEngine(b, "Europe/London")
	w := window.New(1344)
	for h := issue - 1344; h < issue; h++ {
		w.Put(h, hash(h))
	}
	s := m.NewState().(*meterState)
	s.turn(w, issue)
	s.turn(w, issue)
	b.ReportAllocs()
	for b.Loop() {
		s.ahead.issue = s.model.daysAt(issue).day[1].start
		s.turn(w, issue)
	}
}

func testEngine(t testing.TB, zone string) *Combined {
	t.Helper()
	cal, err := meter.NewCalendar(zone)
	require.NoError(t, err)
	c := &Coefficients{}
	for range 60 {
		c.Forest = append(c.Forest, Tree{Feature: [6]uint8{1, 2, 3, 4, 5, 6}})
	}
	return NewCombined(cal, meter.IssueTime{}, c)
}
