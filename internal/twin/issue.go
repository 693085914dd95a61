package twin

import (
	"slices"

	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// Issue is a forecast of one meter as it is issued, for an observer. Window and
// State are those that the forecast was made from: an observer reads them, and
// keeps neither them nor the slices.
type Issue struct {
	Meter     *Meter
	At        meter.Hour
	Next      meter.Hour         // the scheduled issue after it
	Scheduled bool               // day-ahead, or issued again by Settings.Reissue; false for one that plans alone need
	DayAhead  bool               // issued at Settings.IssueAt
	Plans     Day                // the day that is planned on it; the zero value for none
	Forecast  forecast.Quantiles // kWh per hour from At on
	Window    *window.Window
	State     forecast.State
}

// issue issues what is due at the watermark, group by group, or tree by tree: the forecasts of the groups,
// those of their meters, and decisions. Forecasts are made from the hours before the
// watermark, of which those of meters also end the last one for the meter's model. seen is
// the greatest hour read so far: hours of a plan before it have passed.
func (p *Partition) issue(seen meter.Hour, fx *Effects) {
	t, due := p.watermark, p.due
	p.due = p.issuesAfter(t)
	own, beside := p.rules.forecastHours(t, due), 0
	if t == due.beside {
		beside = int(p.beside.rules.plannedAt(t).End - t)
	}
	hours, unissued := max(own, beside), beside
	if t == due.forecast && (p.rules.revises() || p.beside != nil && p.beside.rules.revises()) {
		unissued = max(unissued, own) // revisions hold limits on the forecast of the group too
	}
	p.reserve(fx, t, due, own)
	p.issueLoad(t, due, fx)
	made := len(fx.Decisions)
	for _, g := range p.groups {
		meters := g.all()
		if g.nesting.parent != nil || len(meters) == 0 {
			continue
		}
		p.issueGroupForecasts(g, t, due, unissued, fx)
		if hours == 0 { // it is the groups' turn alone
			p.addLimitRisks(fx)
			continue
		}
		place := fx.floats.place
		p.forecastMeters(meters, t, hours, fx)
		if own > 0 {
			p.issueForecasts(meters, t, due, own, fx)
			place = fx.floats.place
		}
		p.decide(g, t, due, seen, fx)
		fx.floats.place = place
		p.addLimitRisks(fx)
	}
	if t == due.plans || len(fx.Decisions) > made {
		fx.Issued = append(fx.Issued, t)
	}
}

// issueGroupForecasts forecasts the loads of a group as a whole, and of those below it,
// for what is due, and for as many hours as decisions need, which are not issued.
func (p *Partition) issueGroupForecasts(root *group, t meter.Hour, due issueTimes, unissued int, fx *Effects) {
	own := p.rules.groupHours(t, due)
	hours := max(own, unissued)
	fx.tree = fx.tree[:0]
	fx.listTree(root, 0)
	for i := range fx.tree {
		g := fx.tree[i].group
		if g.load == nil || hours == 0 {
			continue
		}
		whole := forecast.Quantiles{P10: fx.floats.take(hours), P50: fx.floats.take(hours), P90: fx.floats.take(hours)}
		g.load.model.Forecast(g.load.window, t, whole)
		fx.tree[i].whole = whole
		q := span(whole, 0, own)
		if !anyValue(q.P50) {
			continue
		}
		fx.tree[i].issued = len(fx.GroupForecasts)
		fx.GroupForecasts = append(fx.GroupForecasts, GroupForecast{
			GroupNo: g.number, IssuedAt: t, DayAhead: t == due.dayAhead, Model: p.rules.model.Name(), P10: q.P10, P50: q.P50, P90: q.P90,
		})
	}
}

// forecastMeters forecasts the meters of a group, or a tree, for some hours from t on.
func (p *Partition) forecastMeters(meters []*Meter, t meter.Hour, hours int, fx *Effects) {
	fx.quantiles, fx.turns = fx.quantiles[:0], fx.turns[:0]
	for _, m := range meters {
		q := forecast.Quantiles{P10: fx.floats.take(hours), P50: fx.floats.take(hours), P90: fx.floats.take(hours)}
		fx.quantiles = append(fx.quantiles, q)
		fx.turns = append(fx.turns, forecast.Turn{State: m.model, Window: &m.window, Out: q})
	}
	p.rules.model.AdvanceAndForecast(fx.turns, t-1)
}

// issueForecasts adds the forecasts of the meters of a group, or a tree, to the effects, as
// far as the rules have them cover hours: those beside them may need more.
func (p *Partition) issueForecasts(meters []*Meter, t meter.Hour, due issueTimes, hours int, fx *Effects) {
	i := Issue{At: t, Next: p.due.forecast, Scheduled: t == due.forecast, DayAhead: t == due.dayAhead}
	if t == due.plans {
		i.Plans = p.rules.plannedAt(t)
	}
	for k, m := range meters {
		q := span(fx.quantiles[k], 0, hours)
		if p.observe != nil {
			i.Meter, i.Forecast, i.Window, i.State = m, q, &m.window, m.model
			p.observe(i)
		}
		if !anyValue(q.P50) {
			continue
		}
		fx.Forecasts = append(fx.Forecasts, Forecast{
			MeterNo: m.MeterNo, GroupNo: m.GroupNo, IssuedAt: t, DayAhead: i.DayAhead, Model: p.rules.model.Name(), P10: q.P10, P50: q.P50, P90: q.P90,
		})
		fx.Counts.Forecasts++
	}
}

// span is the hours of a forecast from one to before another, as far as it reaches.
func span(q forecast.Quantiles, from, to int) forecast.Quantiles {
	to = min(to, len(q.P50))
	from = min(from, to)
	return forecast.Quantiles{P10: q.P10[from:to], P50: q.P50[from:to], P90: q.P90[from:to]}
}

// reserve makes room for one issue of all meters, so that the effects of the first
// take no more memory than they fill.
func (p *Partition) reserve(fx *Effects, t meter.Hour, due issueTimes, hours int) {
	meters := 0
	for _, g := range p.groups {
		meters += len(g.meters)
	}
	if hours > 0 {
		fx.Forecasts = slices.Grow(fx.Forecasts, meters)
	}
	if t == due.plans {
		fx.Decisions = slices.Grow(fx.Decisions, meters+len(p.groups))
	}
	if t == due.beside {
		fx.Beside = slices.Grow(fx.Beside, meters+len(p.groups))
	}
}

func anyValue(v []float32) bool {
	for _, x := range v {
		if x == x {
			return true
		}
	}
	return false
}
