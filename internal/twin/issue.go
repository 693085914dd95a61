package twin

import (
	"slices"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/window"
)

// freshHours is the span before an issue over which missing readings count.
const freshHours = meter.HoursPerWeek

// Issue is a forecast of one meter as it is issued, for an observer. Window and
// State are those that the forecast was made from: an observer reads them, and
// keeps neither them nor the slices.
type Issue struct {
	Meter    *Meter
	At       meter.Hour
	Next     meter.Hour         // the issue after it
	DayAhead bool               // issued at Settings.IssueAt
	Forecast forecast.Quantiles // kWh per hour from At on
	Window   *window.Window
	State    forecast.State
}

// issue forecasts every meter from the hours before the watermark. If a day-ahead
// forecast is due, it also decides, group by group. seen is the greatest hour read so
// far: hours of a plan before it have passed.
func (p *Partition) issue(seen meter.Hour, fx *Effects) {
	t, was := p.watermark, p.due
	p.due = p.rules.issuesAfter(t)
	dayAhead, until := t == was.dayAhead, t
	if dayAhead {
		until = p.due.dayAhead
	}
	hours := p.rules.forecastHours(t, until)
	decides := dayAhead && p.decides()
	p.reserve(fx, decides)
	for _, g := range p.groups {
		if len(g.meters) == 0 {
			continue
		}
		fx.inputs = fx.inputs[:0]
		for _, m := range g.meters {
			q := p.forecastMeter(m, t, hours, dayAhead, fx)
			if decides {
				fx.inputs = append(fx.inputs, m.planInput(t, firstHours(q, int(until-t))))
			}
		}
		if decides {
			p.decide(g, t, int(until-t), max(t, seen), fx)
		}
	}
	if dayAhead {
		fx.Issued = append(fx.Issued, t)
	}
}

// forecastMeter forecasts one meter for some hours from t on.
func (p *Partition) forecastMeter(m *Meter, t meter.Hour, hours int, dayAhead bool, fx *Effects) forecast.Quantiles {
	q := forecast.Quantiles{P10: fx.floats.take(hours), P50: fx.floats.take(hours), P90: fx.floats.take(hours)}
	m.model.Forecast(m.window, t, q)
	if p.observe != nil {
		p.observe(Issue{Meter: m, At: t, Next: p.due.any, DayAhead: dayAhead, Forecast: q, Window: m.window, State: m.model})
	}
	if anyValue(q.P50) {
		fx.Forecasts = append(fx.Forecasts, Forecast{
			MeterNo: m.MeterNo, IssuedAt: t, DayAhead: dayAhead, Model: p.rules.model.Name(), P10: q.P10, P50: q.P50, P90: q.P90,
		})
		fx.Counts.Forecasts++
	}
	return q
}

// firstHours are the first n hours of a forecast.
func firstHours(q forecast.Quantiles, n int) forecast.Quantiles {
	return forecast.Quantiles{P10: q.P10[:n], P50: q.P50[:n], P90: q.P90[:n]}
}

// planInput is what every plan for a meter from t on rests on; q has its hours.
func (m *Meter) planInput(t meter.Hour, q forecast.Quantiles) dsm.MeterInput {
	return dsm.MeterInput{
		Name:         m.Name,
		Forecast:     q,
		LastReading:  m.lastBefore(t),
		MissingShare: m.window.Missing(t, freshHours),
		Suspects:     m.window.Suspects(t, meter.HoursPerDay),
	}
}

// reserve makes room for one issue of all meters, so that the effects of the first
// take no more memory than they fill.
func (p *Partition) reserve(fx *Effects, decides bool) {
	meters := 0
	for _, g := range p.groups {
		meters += len(g.meters)
	}
	fx.Forecasts = slices.Grow(fx.Forecasts, meters)
	if !decides {
		return
	}
	fx.Decisions = slices.Grow(fx.Decisions, meters+len(p.groups))
	if p.beside != nil {
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
