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

// RulesOf are the rules of a backtest of a twin: it issues when the settings say, at
// local midnight where they leave it open, from all that the engine needs, and takes readings
// of any time. Plans are due when they are in the twin, and move nothing: Value makes those
// that are compared.
func RulesOf(s twin.Settings) (*twin.Rules, error) {
	if s.IssueAt == "" {
		s.IssueAt = "00:00"
	}
	s.AllowedLateness, s.History = 0, forecast.HoursNeeded
	s.From, s.To, s.IssueFrom, s.MaxAhead, s.WarmUp = meter.NoHour, meter.NoHour, meter.NoHour, 0, false
	s.Policy = dsm.Policy{Mode: s.Policy.Mode, LeadHours: s.Policy.LeadHours, Tariff: dsm.Tariff{Currency: "XXX"}}
	if s.Policy.Mode == "" {
		s.Policy.Mode = dsm.ModeOff
	}
	return twin.NewRules(s)
}

// replay runs the readings of one meter through the core of the twin, and shows
// every issue of the span with all forecasts, right after it was made. Forecasts
// rest on hours before their issue only.
type replay struct {
	series   *Series
	from, to meter.Hour   // of the origins, to exclusive
	visit    func(d *day) // each scheduled issue
	planned  func(d *day) // each day of plans, as it was forecast when they were due; nil for none

	p     *twin.Partition
	ridge *ridgeFit
	three *threeOf
	seen  forecast.Inspection
	day   day
	plan  day // of plans
	ahead day // the newest day-ahead issue
}

func newReplay(s *Series, cal *meter.Calendar, from, to meter.Hour, visit, planned func(d *day)) *replay {
	return &replay{series: s, from: from, to: to, visit: visit, planned: planned, ridge: newRidgeFit(cal), three: newThreeOf()}
}

// run replays the series under rules, with effects whose memory is used again. Event time runs by the hour, whether or not
// the hour has a reading: the series shows that none comes later.
func (r *replay) run(rules *twin.Rules, fx *twin.Effects) {
	p := twin.New(0, rules)
	r.p = p
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

// issued shows what the twin and the other methods forecast.
func (r *replay) issued(i twin.Issue) {
	if day := i.Plans; r.planned != nil && day.Hours() > 0 && day.Start >= r.from && day.Start < r.to {
		r.showPlanned(i)
	}
	if i.Scheduled {
		r.scheduled(i)
	}
}

// showPlanned shows the day of plans as the twin and the naives, which always have an
// answer, forecast it.
func (r *replay) showPlanned(i twin.Issue) {
	d, lead := &r.plan, int(i.Plans.Start-i.At)
	d.origin, d.hours, d.today = i.At, len(i.Forecast.P50), i.Plans.Hours()
	copy(d.path[combined][:], i.Forecast.P50)
	d.repeat(naiveWeek, r.series, weekHours)
	d.repeat(naiveDay, r.series, meter.HoursPerDay)
	for _, m := range valued() {
		copy(d.path[m][:], d.path[m][lead:d.hours])
	}
	copy(d.low[:], i.Forecast.P10[lead:])
	copy(d.high[:], i.Forecast.P90[lead:])
	d.origin, d.hours = i.Plans.Start, d.hours-lead
	r.planned(d)
}

// scheduled adds the forecasts of the other methods to that of the twin, shows them, and
// lets the methods learn the day.
func (r *replay) scheduled(i twin.Issue) {
	d := &r.day
	d.origin, d.dayAhead, d.hours = i.At, i.DayAhead, min(len(i.Forecast.P50), maxLead)
	d.scored = d.hours
	if r.p.Rules().Reissue < meter.HoursPerDay {
		d.scored = min(d.hours, int(i.Next-i.At))
	}
	d.today = min(d.hours, int(r.p.NextDayAhead()-i.At))
	if i.DayAhead {
		r.forecast(i)
	} else {
		d.follow(&r.ahead)
	}
	d.repeat(naiveWeek, r.series, weekHours)
	d.repeat(naiveDay, r.series, meter.HoursPerDay)
	copy(d.low[:], i.Forecast.P10)
	copy(d.path[combined][:], i.Forecast.P50)
	copy(d.high[:], i.Forecast.P90)
	if d.origin >= r.from {
		r.visit(d)
	}
	if !i.DayAhead {
		return
	}
	r.ridge.learn(r.series, d)
	r.three.learn(d, r.series)
	r.ahead = *d
}

// forecast asks every reference that learns for the day.
func (r *replay) forecast(i twin.Issue) {
	d := &r.day
	r.ridge.forecast(r.series, d)
	known := forecast.Inspect(i.State, i.Window, &r.seen)
	for h := range d.hours {
		for e := range r.seen.Forecasts {
			d.path[median+e][h] = float32(math.NaN())
			if known && h < d.today { // experts are inspected for the day that begins
				d.path[median+e][h] = r.seen.Forecasts[e][r.seen.Columns[h]]
			}
		}
	}
	r.three.combine(d)
}
