package main

import (
	"fmt"
	"io"
	"math"
	"slices"
	"time"

	"github.com/energytwin/energytwin/internal/backtest"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// plan is when forecasts are issued and which of their hours are measured.
type plan struct {
	name    string
	at      int // local hour of the model's own issue
	reissue int // hours from one issue to the next; 0 is a day
	horizon int // hours of a forecast; 0 is up to the next issue
	from    int // first of them that is measured
}

// plans are what settings are compared by.
func plans() []plan {
	return []plan{
		{name: "midnight"}, {name: "06:00", at: 6}, {name: "noon", at: 12}, {name: "18:00", at: 18},
		{name: "every 4 h", reissue: 4}, {name: "second day", from: 24, horizon: 48},
	}
}

// figures are how good forecasts are.
type figures struct {
	relative float64 // geometric mean over meters of the error over that of last week's load
	pinball  float64 // likewise of the pinball loss at 10, 50 and 90 %
	coverage float64 // share of hours within the interval
	weekday  [7]float64
	hour     [hoursADay]float64
}

// tally adds up one meter.
type tally struct {
	n, inside             float64
	wrong, naive          float64
	pinball, naivePinball float64
	days, daysIn          [7]float64
	hours, hoursIn        [hoursADay]float64
}

func pinballOf(y, q, tau float64) float64 { return max(tau*(y-q), (tau-1)*(y-q)) }

func (t *tally) add(local time.Time, y, week, low, middle, high float64) {
	t.n++
	t.wrong += math.Abs(y - middle)
	t.naive += math.Abs(y - week)
	t.pinball += pinballOf(y, low, 0.1) + pinballOf(y, middle, 0.5) + pinballOf(y, high, 0.9)
	t.naivePinball += pinballOf(y, week, 0.1) + pinballOf(y, week, 0.5) + pinballOf(y, week, 0.9)
	d, h := local.Weekday(), local.Hour()
	t.days[d]++
	t.hours[h]++
	if low <= y && y <= high {
		t.inside++
		t.daysIn[d]++
		t.hoursIn[h]++
	}
}

// leastMeasured is the least hours of a meter that counts.
const leastMeasured = 20 * hoursADay

// measure replays series with the coefficients and measures the forecasts that a plan names,
// for issues of the span.
func measure(all []*backtest.Series, c *forecast.Coefficients, cal *meter.Calendar, within span, p plan) *figures {
	f := &figures{}
	tallies := make([]tally, len(all))
	model := forecast.NewCombined(cal, meter.IssueTime{Hour: p.at}, c, nil)
	parallel(len(all), func(i int) { tallies[i] = measureOne(all[i], model, cal, within, p) })
	meters := 0.0
	var total tally
	for i := range tallies {
		t := &tallies[i]
		if t.n < leastMeasured || t.naive == 0 {
			continue
		}
		meters++
		f.relative += math.Log(t.wrong / t.naive)
		f.pinball += math.Log(t.pinball / t.naivePinball)
		total.n, total.inside = total.n+t.n, total.inside+t.inside
		for d := range t.days {
			total.days[d] += t.days[d]
			total.daysIn[d] += t.daysIn[d]
		}
		for h := range t.hours {
			total.hours[h] += t.hours[h]
			total.hoursIn[h] += t.hoursIn[h]
		}
	}
	f.relative, f.pinball = math.Exp(f.relative/meters), math.Exp(f.pinball/meters)
	f.coverage = total.inside / total.n
	for d := range f.weekday {
		f.weekday[d] = total.daysIn[d] / total.days[d]
	}
	for h := range f.hour {
		f.hour[h] = total.hoursIn[h] / total.hours[h]
	}
	return f
}

func measureOne(s *backtest.Series, model *forecast.Combined, cal *meter.Calendar, within span, p plan) (t tally) {
	w, state := window.New(forecast.HoursNeeded), model.NewState()
	var buffer [3][forecast.MaxHorizon]float32
	start := max(s.From, within.from-120*hoursADay)
	since := 0
	for h := start; h < min(s.End(), within.to); h++ {
		if v := s.At(h); v == v {
			w.Put(h, v)
		}
		state.Advance(w, h)
		issue := h + 1
		since++
		own := model.Issues(issue)
		if own {
			since = 0
		}
		if issue < within.from || !own && (p.reissue == 0 || since%p.reissue != 0) {
			continue
		}
		n := p.horizon
		switch {
		case p.reissue > 0:
			n = p.reissue
		case n == 0:
			n = int(cal.NextIssue(issue, meter.IssueTime{Hour: p.at}) - issue)
		}
		q := forecast.Quantiles{P10: buffer[0][:n], P50: buffer[1][:n], P90: buffer[2][:n]}
		state.Forecast(w, issue, q)
		for i := p.from; i < n; i++ {
			y, week := float64(s.At(issue+meter.Hour(i))), float64(s.At(issue+meter.Hour(i)-168))
			if y != y || week != week || q.P50[i] != q.P50[i] {
				continue
			}
			t.add(cal.Local(issue+meter.Hour(i)), y, week, float64(q.P10[i]), float64(q.P50[i]), float64(q.P90[i]))
		}
	}
	return t
}

const figuresHead = "| issue | relMAE | pinball | 80 % interval covers | weekdays | hours |\n|---|---|---|---|---|---|"

// print writes the figures as a row of a table, in Markdown.
func (f *figures) print(out io.Writer, p plan) {
	fmt.Fprintf(out, "| %s | %.3f | %.3f | %.1f %% | %.1f to %.1f %% | %.1f to %.1f %% |\n", p.name, f.relative, f.pinball, 100*f.coverage,
		100*slices.Min(f.weekday[:]), 100*slices.Max(f.weekday[:]), 100*slices.Min(f.hour[:]), 100*slices.Max(f.hour[:]))
}
