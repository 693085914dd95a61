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
			m := engine(b, "Europe/London")
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
			b.ReportMetric(float64(unsafe.Sizeof(meterState{})+4*1344), "B/meter") // with the window's values
		})
	}
}

// BenchmarkDay measures one meter's turn of the day and its parts: reading the
// past, judging and learning the day that ended, and forecasting the next. What
// a reading costs is a twenty-fourth of it, and the window's part.
func BenchmarkDay(b *testing.B) {
	const at = issue - issue%24 + 24 // no day on which smoothing is tried again
	m := engine(b, "UTC")
	w := window.New(1344)
	for h := at - 1344; h < at; h++ {
		w.Put(h, hash(h))
	}
	s := m.NewState().(*meterState)
	s.Advance(w, at-1)
	s.next = at
	s.Advance(w, at-1)
	d, ws := m.daysAt(at), new(scratch)
	ws.past = &ws.pasts[0]
	ws.known = true
	q := Quantiles{P10: make([]float32, MaxHorizon), P50: make([]float32, MaxHorizon), P90: make([]float32, MaxHorizon)}
	require.True(b, ws.grid.read(w, m.cal, d))
	s.smooth(ws.past, at)
	s.predict(ws, d, ws.smoothed, &s.regression.delta, dayAhead)
	turns := make([]Turn, 25)
	for i := range turns {
		other := *s
		turns[i] = Turn{State: &other, Window: w, Out: q.slice(0, 30)}
	}
	for name, do := range map[string]func(){
		"read":  func() { ws.grid.read(w, m.cal, d) },
		"learn": func() { s.judge(ws, d); s.learn(ws, d) },
		"forecast": func() {
			s.smooth(ws.past, at)
			s.predict(ws, d, ws.smoothed, &s.regression.delta, dayAhead)
			s.look(ws, at, &ws.day.forecasts, dayAhead, 0, hoursADay, &s.ahead)
		},
		"smooth":   func() { s.smooth(ws.past, at) },
		"solve":    func() { s.regression.solve(trustElsewhere) },
		"features": func() { ws.day.trees.fill(&ws.input) },
		"ranks":    func() { m.forest.rank(&ws.day.trees, &ws.day.trees, &d.calendar[0], words, &ws.ranks) },
		"trees":    func() { m.forest.correction(&ws.ranks, words, &ws.sums) },
		"width":    func() { m.forest.width(&ws.ranks, words, &ws.below, &ws.over) },
		"interval": func() { s.intervalOf(ws, d, dayAhead, hoursADay, &s.ahead) },
		"turn":     func() { s.ahead.issue = d.at(newestDay).start; s.next = at; s.Advance(w, at-1) },
		"day": func() {
			s.ahead.issue = d.at(newestDay).start
			s.next = at
			s.Advance(w, at-1)
			s.Forecast(w, at, q.slice(0, 24))
		},
		"two days": func() {
			s.ahead.issue = d.at(newestDay).start
			s.next = at
			s.Advance(w, at-1)
			s.Forecast(w, at, q.slice(0, 48))
		},
		"planned": func() {
			s.ahead.issue = d.at(newestDay).start
			s.next = at
			s.AdvanceAndForecast(w, at-1, q.slice(0, 30))
		},
		"25 planned": func() {
			for i := range turns {
				other := turns[i].State.(*meterState)
				other.ahead.issue, other.next = d.at(newestDay).start, at
			}
			m.AdvanceAndForecast(turns, at-1)
		},
		"reissue": func() { s.Forecast(w, at-6, q.slice(0, 24)) },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				do()
			}
		})
	}
}
