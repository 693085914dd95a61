package backtest

import (
	"math"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/twin"
)

// Days of a replay.
const (
	testDays  = 60  // at the end of a meter's readings, unless a span is given
	leadDays  = 112 // before the first origin: eight weeks of window, eight of learning
	weekHours = meter.HoursPerWeek
)

// RulesOf are the rules of a backtest of a twin: it issues at local midnight from
// all that the engine needs, takes readings of any time, and plans nothing by itself.
func RulesOf(s twin.Settings) (*twin.Rules, error) {
	s.IssueAt, s.AllowedLateness, s.History = "00:00", 0, forecast.HoursNeeded
	s.From, s.To, s.IssueFrom, s.MaxAhead, s.WarmUp = meter.NoHour, meter.NoHour, meter.NoHour, 0, false
	s.Policy = dsm.Policy{Mode: dsm.ModeOff}
	return twin.NewRules(s)
}

// replay runs the readings of one meter through the core of the twin, and shows
// every day of the span with all forecasts, right after it was forecast. Forecasts
// of a day rest on hours before it only.
type replay struct {
	series   *Series
	from, to meter.Hour // of the origins, to exclusive
	visit    func(d *day)

	ridge *ridgeFit
	three *threeOf
	seen  forecast.Inspection
	day   day
}

func newReplay(s *Series, cal *meter.Calendar, from, to meter.Hour, visit func(d *day)) *replay {
	return &replay{series: s, from: from, to: to, visit: visit, ridge: newRidgeFit(cal), three: newThreeOf()}
}

// run replays the series under rules, with effects whose memory is used again. Event time runs by the hour, whether or not
// the hour has a reading: the series shows that none comes later.
func (r *replay) run(rules *twin.Rules, fx *twin.Effects) {
	p := twin.New(0, rules)
	m := p.Register(twin.MeterRef{MeterKey: twin.MeterKey{Name: r.series.Meter, Group: r.series.Group}})
	p.Observe(r.issued)
	start := max(r.series.From, r.from-leadDays*meter.HoursPerDay)
	p.AdvanceTo(start, fx)
	for h := start; h+1 < r.to; h++ {
		p.Begin(fx) // what the observer does not see is of no use here
		if v := r.series.At(h); v == v {
			p.Accept(twin.Reading{Meter: m, Hour: h, KWh: v}, int64(h), fx)
		}
		p.AdvanceTo(h+1, fx)
	}
}

// issued adds the forecasts of the other methods to that of the twin, shows the day,
// and lets the methods learn it.
func (r *replay) issued(i twin.Issue) {
	d := &r.day
	d.origin, d.hours = i.At, len(i.Forecast.P50)
	copy(d.low[:], i.Forecast.P10)
	copy(d.path[combined][:], i.Forecast.P50)
	copy(d.high[:], i.Forecast.P90)
	r.forecast(i)
	if d.origin >= r.from {
		r.visit(d)
	}
	r.ridge.learn(r.series, d)
	r.three.learn(d, r.series)
}

// forecast asks every other method for the day.
func (r *replay) forecast(i twin.Issue) {
	d := &r.day
	d.repeat(naiveWeek, r.series, weekHours)
	d.repeat(naiveDay, r.series, meter.HoursPerDay)
	r.ridge.forecast(r.series, d)
	if !forecast.Inspect(i.State, i.Window, &r.seen) {
		for m := median; m <= combo3; m++ {
			for i := range d.hours {
				d.path[m][i] = float32(math.NaN())
			}
		}
		return
	}
	for i := range d.hours {
		column := r.seen.Columns[i]
		for e := range r.seen.Forecasts {
			d.path[median+e][i] = r.seen.Forecasts[e][column]
		}
	}
	r.three.combine(d)
}
