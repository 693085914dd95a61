package backtest

import (
	"math"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// Days of a walk.
const (
	testDays  = 60  // at the end of a meter's readings, unless a span is given
	leadDays  = 112 // before the first origin: eight weeks of window, eight of learning
	weekHours = meter.HoursPerWeek
)

// walk replays one meter and shows every day of the span with all forecasts,
// right after it was forecast. Forecasts of a day rest on hours before it only.
type walk struct {
	series *Series
	model  *forecast.Combined
	cal    *meter.Calendar
	from   meter.Hour
	to     meter.Hour

	window *window.Window
	state  forecast.State
	ridge  *ridgeFit
	three  *threeOf
	seen   forecast.Inspection
	day    day
}

func newWalk(s *Series, model *forecast.Combined, cal *meter.Calendar, from, to meter.Hour) *walk {
	return &walk{
		series: s, model: model, cal: cal, from: from, to: to,
		window: window.New(forecast.HoursNeeded), state: model.NewState(), ridge: newRidgeFit(cal), three: newThreeOf(),
	}
}

// run calls visit for every origin in the span.
func (w *walk) run(visit func(d *day)) {
	start := max(w.series.From, w.from-leadDays*meter.HoursPerDay)
	origin := w.cal.NextIssue(start, meter.IssueTime{})
	for h := start; h < origin; h++ {
		w.put(h)
	}
	for origin < w.to {
		next := w.cal.NextIssue(origin, meter.IssueTime{})
		w.day.origin, w.day.hours = origin, int(next-origin)
		w.forecast()
		if origin >= w.from {
			visit(&w.day)
		}
		w.ridge.learn(w.series, &w.day)
		w.three.learn(&w.day, w.series)
		for h := origin; h < next; h++ {
			w.put(h)
		}
		origin = next
	}
}

func (w *walk) put(h meter.Hour) {
	if v := w.series.At(h); v == v {
		w.window.Put(h, v)
	}
	w.state.Advance(w.window, h)
}

// forecast asks every method for the day.
func (w *walk) forecast() {
	d := &w.day
	d.repeat(naiveWeek, w.series, weekHours)
	d.repeat(naiveDay, w.series, meter.HoursPerDay)
	w.ridge.forecast(w.series, d)
	n := d.hours
	w.state.Forecast(w.window, d.origin, forecast.Quantiles{P10: d.low[:n], P50: d.path[combined][:n], P90: d.high[:n]})
	if !forecast.Inspect(w.state, w.window, &w.seen) {
		for m := median; m <= combo3; m++ {
			for i := range n {
				d.path[m][i] = float32(math.NaN())
			}
		}
		return
	}
	for i := range n {
		column := w.seen.Columns[i]
		for e := range w.seen.Forecasts {
			d.path[median+e][i] = w.seen.Forecasts[e][column]
		}
	}
	w.three.combine(d)
}
