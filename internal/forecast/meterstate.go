package forecast

import (
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// meterState is what the engine knows of one meter. It learns once a day, at the model's
// own issue time; a forecast for any other hour leaves it as it is.
type meterState struct {
	model *Combined
	next  meter.Hour // the issue time that comes next; NoHour before the first hour

	regression regression
	weather    *weatherRegression // nil before the first day that it learns from
	weights    weights
	spread     spreads
	smoothing  choice
	quantiles  spreadQuantiles // of spread
	ahead      outlook
}

// outlook is the forecast for a day, and what is needed to judge it afterwards.
type outlook struct {
	issue    meter.Hour // NoHour if there is no forecast
	scale    float32
	positive bool // no reading of the past was below zero

	middle      [hoursADay]float32       // kWh
	below, over [hoursADay]int8          // usual width of the interval, as codes, in units of scale
	experts     [experts][hoursADay]int8 // their forecasts less middle, likewise
}

// start makes s the state of a meter of which nothing is known.
func (s *meterState) start(c *Combined) {
	*s = meterState{model: c, next: meter.NoHour, ahead: outlook{issue: meter.NoHour}, smoothing: untuned}
	s.weights.start()
	s.spread.start(&c.given.Spread)
	s.quantiles = s.spread.quantiles()
}

// Advance learns from a day when its last hour is over, and forecasts the next.
func (s *meterState) Advance(w *window.Window, h meter.Hour) {
	if s.learnsAfter(h) {
		s.turn(w, h+1, true, Quantiles{})
	}
}

// AdvanceAndForecast is Advance and Forecast.
func (s *meterState) AdvanceAndForecast(w *window.Window, h meter.Hour, out Quantiles) {
	s.turn(w, h+1, s.learnsAfter(h), out)
}

// Forecast fills out from the hours before issue, which is any hour.
func (s *meterState) Forecast(w *window.Window, issue meter.Hour, out Quantiles) {
	s.turn(w, issue, false, out)
}

// learnsAfter reports whether a day ends with hour h.
func (s *meterState) learnsAfter(h meter.Hour) bool {
	if s.next == meter.NoHour {
		s.next = s.model.cal.NextIssue(h, s.model.at)
	}
	return h+1 == s.next
}

// turn ends one day and begins the next, if the state learns at the issue, and fills out, which
// is empty if no forecast is wanted. See Combined.AdvanceAndForecast for many meters.
func (s *meterState) turn(w *window.Window, issue meter.Hour, learns bool, out Quantiles) {
	ws := s.model.spare.Get().(*scratch)
	defer s.model.spare.Put(ws)
	ws.past = &ws.pasts[0]
	s.begin(ws, w, issue, learns, len(out.P50))
	for _, job := range s.jobs(ws.past, ws.jobs[:0]) {
		*job.to = job.of.solve(job.trust)
	}
	s.smooth(ws.past, issue)
	s.end(ws, issue, out)
}

// begin reads the past, and learns from the day that has ended if the state learns at the
// issue. hours are wanted of a forecast.
func (s *meterState) begin(ws *scratch, w *window.Window, issue meter.Hour, learns bool, hours int) {
	d, p := s.model.daysAt(issue), ws.past
	first := hours <= d.at(dayAhead).hours // no more is wanted
	p.learns, p.known, p.observed, p.begins = learns, false, false, false
	if !learns && s.ahead.issue == issue && first {
		return // the forecast is known
	}
	p.known = p.grid.read(w, s.model.cal, d)
	p.begins = p.known && (!learns || !first)
	if !learns {
		return
	}
	s.next = s.model.cal.NextIssue(issue, s.model.at)
	if !p.known {
		s.ahead.issue = meter.NoHour
		return
	}
	if s.ahead.issue == d.at(newestDay).start {
		s.judge(ws, d)
	}
	s.learn(ws, d)
}

// jobs are the equations that are to be solved before the forecast.
func (s *meterState) jobs(p *past, dst []solveJob) []solveJob {
	r := &s.regression
	if p.observed {
		dst = append(dst, solveJob{of: r, trust: trust, to: &r.delta})
	}
	if p.begins {
		dst = append(dst, solveJob{of: r, trust: trustElsewhere, to: &p.elsewhere})
	}
	return dst
}

// smooth runs double seasonal smoothing over the past: with the choice of the day where the
// state learns, else with the one it has.
func (s *meterState) smooth(p *past, issue meter.Hour) {
	switch {
	case !p.known: // no forecast asks for it
	case p.learns:
		p.smoothed = s.smoothing.fit(&p.dshw, &p.grid, issue)
	default:
		p.dshw[0].run(&p.grid, s.smoothing.parameters())
		p.smoothed = &p.dshw[0]
	}
}

// end forecasts the day ahead, if the state learns at the issue, and what is wanted.
func (s *meterState) end(ws *scratch, issue meter.Hour, out Quantiles) {
	d, p := s.model.daysAt(issue), ws.past
	if p.learns && p.known {
		s.predict(ws, d, p.smoothed, &s.regression.delta, dayAhead)
		s.look(ws, issue, &ws.day.forecasts, dayAhead, 0, hoursADay, &s.ahead)
		s.ahead.keep(s.model.table, &ws.day.forecasts)
	}
	if len(out.P50) > 0 {
		s.forecast(ws, d, issue, out)
	}
}

// judge compares the newest day with what was forecast for it.
func (s *meterState) judge(ws *scratch, d *days) {
	row, known := ws.grid.row(newestDay), ws.grid.known[newestDay]
	if known == 0 {
		return
	}
	a, t, forecasts := &s.ahead, s.model.table, &ws.day.forecasts
	for k := range row {
		for e := range forecasts {
			forecasts[e][k] = a.middle[k] + a.scale*t.of(a.experts[e][k])
		}
	}
	s.intervalOf(ws, d, newestDay, hoursADay, a)
	s.spread.take(t, a, &ws.interval, row, known, d)
	s.quantiles = s.spread.quantiles()
	s.weights.judge(forecasts, row, known)
}

// fewDays is the least history that a meter's own model learns from.
const fewDays = 15

// learn lets the meter's own model learn from the newest day; its equations are solved later.
// Hours that are missing, or whose nearest counterparts are, teach nothing.
func (s *meterState) learn(ws *scratch, d *days) {
	g, c := &ws.grid, d.comparedWith(newestDay)
	if g.days < fewDays {
		return
	}
	seen := g.known[newestDay] & g.known[newestDay+1]
	before := uint32(1)<<d.split - 1
	seen &= g.known[c.like[0][0]]&before | g.known[c.like[1][0]]&^before
	if seen == 0 {
		return
	}
	ws.view.look(g, d, newestDay)
	ws.x.fill(&ws.view, g.level)
	var left [hoursADay]float32
	w := c.weather
	for k := range left {
		left[k] = s.weather.adds(w, k)
	}
	s.regression.observe(&s.model.given.Regression, &ws.x, g.row(newestDay), &left, seen, g.level, g.scale)
	ws.observed = true
	if w.differs {
		if s.weather == nil {
			s.weather = new(weatherRegression)
		}
		s.weather.learn(w, &left)
	}
}

// predict has every expert forecast a day; smoothed is double seasonal smoothing at the
// end of the past. The second day comes right after the first.
func (s *meterState) predict(ws *scratch, d *days, smoothed *dshw, correction *[regressors]float32, day int) {
	s.listen(expertTable[:], ws, d, smoothed, correction, day, &ws.day)
	calendar := &d.calendar[0]
	if day == secondDay {
		calendar = &d.calendar[1]
	}
	s.ask(ws, &ws.day, calendar, dayWords)
	ws.correct(&ws.day.forecasts[expertTrees], 0)
}

// predictBoth has every expert forecast the day ahead and the first columns of the second day.
func (s *meterState) predictBoth(ws *scratch, d *days, smoothed *dshw, correction *[regressors]float32) {
	s.listen(expertTable[:], ws, d, smoothed, correction, dayAhead, &ws.day)
	s.listen(expertTable[:], ws, d, smoothed, correction, secondDay, &ws.second)
	s.ask(ws, &ws.second, &d.calendar[0], words)
	ws.correct(&ws.day.forecasts[expertTrees], 0)
	ws.correct(&ws.second.forecasts[expertTrees], hoursADay)
}

// listen has the first experts of the table forecast a day.
func (s *meterState) listen(some []expert, ws *scratch, d *days, smoothed *dshw, correction *[regressors]float32, day int, out *forecastDay) {
	ws.view.look(&ws.grid, d, day)
	if day == dayAhead {
		ws.week.look(&ws.grid, ws.view.first)
	}
	in := &ws.input
	*in = expertInput{
		state: s, grid: &ws.grid, view: &ws.view, week: &ws.week, days: d, day: day, first: &ws.first, correction: correction, smoothed: smoothed,
		before: &out.forecasts, x: &ws.x, trees: &out.trees,
	}
	for e := range some {
		some[e].forecast(in, &out.forecasts[e])
	}
	ws.first = out.forecasts[expertRegression]
}

// ask asks the forests about the day and, in the last of n words, about the second.
func (s *meterState) ask(ws *scratch, second *forecastDay, calendar *calendarRanks, n int) {
	f := s.model.forest
	f.rank(&ws.day.trees, &second.trees, calendar, n, &ws.ranks)
	f.correction(&ws.ranks, n, &ws.sums)
	f.width(&ws.ranks, n, &ws.below, &ws.over)
}

// correct adds what the trees say of columns from the given one of theirs on.
func (ws *scratch) correct(out *[hoursADay]float32, from int) {
	for k, sum := range ws.sums[from:min(from+hoursADay, len(ws.sums))] {
		out[k] += ws.grid.scale * sum
	}
}

// look makes the outlook of an issue for some columns of a day from what the experts say, and
// from the widths of the columns of the forests from the given one on.
func (s *meterState) look(ws *scratch, issue meter.Hour, forecasts *expertForecasts, day, from, columns int, a *outlook) {
	t := s.model.table
	a.issue, a.scale, a.positive = issue, ws.grid.scale, ws.grid.least >= 0
	s.weights.combine(forecasts, day, columns, &a.middle)
	if a.positive {
		for k, v := range a.middle[:columns] {
			a.middle[k] = max(v, 0)
		}
	}
	for k := range columns {
		a.below[k], a.over[k] = t.code(ws.below[from+k]), t.code(ws.over[from+k])
	}
}

// keep keeps the experts' forecasts, to judge them afterwards.
func (a *outlook) keep(t *errorTable, forecasts *expertForecasts) {
	unit := 1 / a.scale
	for e := range forecasts {
		for k, v := range &forecasts[e] {
			a.experts[e][k] = t.code((v - a.middle[k]) * unit)
		}
	}
}

// interval are the ends of the interval of each column, in kWh.
type interval struct{ low, high [hoursADay]float32 }

// intervalOf finds the ends of the interval of some columns of a day, from the quantiles of
// the errors.
func (s *meterState) intervalOf(ws *scratch, d *days, day, columns int, a *outlook) {
	t, q := s.model.table, &s.quantiles
	for k, middle := range a.middle[:columns] {
		group := d.typeOf(day, d.partOf(k)).group()
		below, over := a.scale*t.of(a.below[k]), a.scale*t.of(a.over[k])
		low, high := widen(t.of(q.low[group]), below, over), widen(t.of(q.high[group]), below, over)
		ws.interval.low[k], ws.interval.high[k] = min(middle+low, middle), max(middle+high, middle)
		if a.positive {
			ws.interval.low[k] = max(ws.interval.low[k], 0)
		}
	}
}

// widen turns a quantile of the errors over the usual width into kWh.
func widen(quantile, below, over float32) float32 {
	if quantile < 0 {
		return quantile * below
	}
	return quantile * over
}

// forecast fills out from the past that was read. What lies beyond the second day, as the last
// of 48 hours where clocks go forward, repeats the day before it.
func (s *meterState) forecast(ws *scratch, d *days, issue meter.Hour, out Quantiles) {
	n, first := len(out.P50), d.at(dayAhead).hours
	own := s.ahead.issue == issue
	if own && n <= first {
		s.write(ws, d, dayAhead, hoursADay, &s.ahead, out)
		return
	}
	if !ws.known {
		out.clear()
		return
	}
	smoothed, a := ws.smoothed, &s.ahead
	second := min(n, first+d.at(secondDay).hours)
	columns := s.columnsOf(d, second-first)
	both := !own && n > first && columns <= extraColumns
	switch {
	case both:
		s.predictBoth(ws, d, smoothed, &ws.elsewhere)
	case !own:
		s.predict(ws, d, smoothed, &ws.elsewhere, dayAhead)
	case !ws.learns: // the second day needs the regression of the first, and no more
		s.listen(expertTable[:expertRegression+1], ws, d, smoothed, &s.regression.delta, dayAhead, &ws.day)
	}
	if !own {
		a = &ws.ahead
		s.look(ws, issue, &ws.day.forecasts, dayAhead, 0, hoursADay, a)
	}
	s.write(ws, d, dayAhead, hoursADay, a, out.slice(0, min(n, first)))
	if n <= first {
		return
	}
	if both {
		s.look(ws, issue, &ws.second.forecasts, secondDay, hoursADay, columns, &ws.ahead)
	} else {
		s.predict(ws, d, smoothed, &ws.elsewhere, secondDay)
		s.look(ws, issue, &ws.day.forecasts, secondDay, 0, columns, &ws.ahead)
	}
	s.write(ws, d, secondDay, columns, &ws.ahead, out.slice(first, second))
	for i := second; i < n; i++ {
		out.P10[i], out.P50[i], out.P90[i] = out.P10[i-hoursADay], out.P50[i-hoursADay], out.P90[i-hoursADay]
	}
}

// columnsOf is how many columns hold the first hours of the second day: all of them where
// clocks change.
func (s *meterState) columnsOf(d *days, hours int) int {
	if d.at(secondDay).hours != hoursADay {
		return hoursADay
	}
	return hours
}

// write turns the first columns of a day into its hours.
func (s *meterState) write(ws *scratch, d *days, day, columns int, a *outlook, out Quantiles) {
	s.intervalOf(ws, d, day, columns, a)
	for i := range out.P50 {
		k := d.column(s.model.cal, day, i)
		out.P10[i], out.P50[i], out.P90[i] = ws.interval.low[k], a.middle[k], ws.interval.high[k]
	}
}
