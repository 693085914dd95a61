package forecast

import (
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// meterState is what the engine knows of one meter.
type meterState struct {
	model *Combined
	next  meter.Hour // the issue time that comes next; NoHour before the first hour

	regression regression
	weather    weatherRegression
	weights    weights
	spread     spreads
	smoothing  choice
	ahead      outlook
}

// outlook is the forecast for a day, and what is needed to judge it afterwards.
type outlook struct {
	issue    meter.Hour // NoHour if there is no forecast
	scale    float32
	positive bool // no reading of the past was below zero

	middle    [hoursADay]float32       // kWh
	low, high [hoursADay]int8          // the interval less middle, as codes, in units of scale
	experts   [experts][hoursADay]int8 // their forecasts less middle, likewise
}

// Advance learns from a day when its last hour is over, and forecasts the next.
func (s *meterState) Advance(w *window.Window, h meter.Hour) {
	if h+1 < s.next {
		return
	}
	if s.next == meter.NoHour {
		s.next = s.model.cal.NextIssue(h, s.model.at)
	}
	if h+1 == s.next {
		s.turn(w, s.next)
		s.next = s.model.cal.NextIssue(s.next, s.model.at)
	}
}

// turn ends one day and begins the next.
func (s *meterState) turn(w *window.Window, issue meter.Hour) {
	ws := s.model.spare.Get().(*scratch)
	defer s.model.spare.Put(ws)
	d := s.model.daysAt(issue)
	if !ws.grid.read(w, s.model.cal, d) {
		s.ahead.issue = meter.NoHour
		return
	}
	if s.ahead.issue == d.day[1].start {
		s.judge(ws, d.day[1].off())
	}
	s.learn(ws, d)
	s.predict(ws, d, s.smoothing.fit(&ws.dshw, &ws.grid, issue))
	s.look(ws, d)
}

// judge compares the newest day, which may be a day off, with what was forecast for it.
func (s *meterState) judge(ws *scratch, off bool) {
	row, known := ws.grid.row(1), ws.grid.known[1]
	if known == 0 {
		return
	}
	var low, high [hoursADay]float32
	a, t := &s.ahead, s.model.table
	for k := range low {
		low[k], high[k] = a.bounds(t, k)
		for e := range ws.forecasts {
			ws.forecasts[e][k] = a.middle[k] + a.scale*t.of(a.experts[e][k])
		}
	}
	s.spread.take(t, &a.middle, &low, &high, row, known, a.scale, off)
	s.weights.judge(&ws.forecasts, row, known)
}

// fewDays is the least history that a meter's own model learns from.
const fewDays = 15

// learn lets the meter's own model learn from the newest day. Hours that are
// missing, or whose nearest counterparts are, teach nothing.
func (s *meterState) learn(ws *scratch, d *days) {
	g, c := &ws.grid, &d.target[1]
	if g.days < fewDays {
		return
	}
	seen := g.known[1] & g.known[2] & g.known[c.like[0]]
	if seen == 0 {
		return
	}
	ws.view.look(g, c, 1)
	regressorsOf(&ws.view, g.level, &ws.x)
	var left [hoursADay]float32
	w := &d.weather[1]
	for k := range left {
		left[k] = s.weather.adds(w, k)
	}
	s.regression.learn(&s.model.given.Regression, &ws.x, g.row(1), &left, seen, g.level, g.scale)
	if w.differs {
		s.weather.learn(w, &left)
	}
}

// predict has every expert forecast the day ahead; smoothed is double seasonal
// smoothing at the end of the past.
func (s *meterState) predict(ws *scratch, d *days, smoothed *dshw) {
	ws.view.look(&ws.grid, &d.target[0], 0)
	in := &ws.input
	*in = expertInput{state: s, grid: &ws.grid, view: &ws.view, days: d, smoothed: smoothed, before: &ws.forecasts, x: &ws.x, trees: &ws.trees}
	for e := range expertTable {
		expertTable[e].forecast(in, &ws.forecasts[e])
	}
}

// predictAgain leaves the choice of the smoothing as it is.
func (s *meterState) predictAgain(ws *scratch, d *days) {
	smoothed := &ws.dshw[0]
	smoothed.run(&ws.grid, s.smoothing.parameters())
	s.predict(ws, d, smoothed)
}

// look makes the outlook from what the experts say.
func (s *meterState) look(ws *scratch, d *days) {
	a, t := &s.ahead, s.model.table
	a.issue, a.scale, a.positive = d.issue, ws.grid.scale, ws.grid.least >= 0
	s.weights.combine(&ws.forecasts, &a.middle)
	if a.positive {
		for k, v := range a.middle {
			a.middle[k] = max(v, 0)
		}
	}
	s.spread.interval(d.day[0].off(), &a.low, &a.high)
	for e := range ws.forecasts {
		for k, v := range &ws.forecasts[e] {
			a.experts[e][k] = t.code((v - a.middle[k]) / a.scale)
		}
	}
}

// bounds are the ends of the interval of column k, in kWh.
func (a *outlook) bounds(t *errorTable, k int) (low, high float32) {
	low = min(a.middle[k]+a.scale*t.of(a.low[k]), a.middle[k])
	high = max(a.middle[k]+a.scale*t.of(a.high[k]), a.middle[k])
	if a.positive {
		low = max(low, 0)
	}
	return low, high
}

// Forecast fills out from the hours before issue.
func (s *meterState) Forecast(w *window.Window, issue meter.Hour, out Quantiles) {
	d := s.model.daysAt(issue)
	if s.ahead.issue == issue {
		s.write(d, out)
		return
	}
	s.forecastAgain(w, d, out)
}

// forecastAgain is for an issue time that is not the model's own. It leaves the
// state as it is.
func (s *meterState) forecastAgain(w *window.Window, d *days, out Quantiles) {
	ws := s.model.spare.Get().(*scratch)
	defer s.model.spare.Put(ws)
	if !ws.grid.read(w, s.model.cal, d) {
		for i := range out.P50 {
			out.P10[i], out.P50[i], out.P90[i] = nan(), nan(), nan()
		}
		return
	}
	kept := s.ahead
	s.predictAgain(ws, d)
	s.look(ws, d)
	s.write(d, out)
	s.ahead = kept
}

// write turns columns into the hours of the day ahead.
func (s *meterState) write(d *days, out Quantiles) {
	for i := range out.P50 {
		k := d.column(s.model.cal, 0, i)
		out.P50[i] = s.ahead.middle[k]
		out.P10[i], out.P90[i] = s.ahead.bounds(s.model.table, k)
	}
}
