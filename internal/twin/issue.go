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
	Forecast forecast.Quantiles // kWh per hour from At on
	Window   *window.Window
	State    forecast.State
}

// issue forecasts every meter for the hours from t to the next issue, and
// decides, group by group. Only hours before t count. seen is the greatest hour
// read so far: hours of a plan before it have passed.
func (p *Partition) issue(t, seen meter.Hour, fx *Effects) {
	slots := int(p.nextIssue - t)
	fx.reserve(p.groups)
	for _, g := range p.groups {
		if len(g.meters) == 0 {
			continue
		}
		fx.inputs = fx.inputs[:0]
		for _, m := range g.meters {
			fx.inputs = append(fx.inputs, p.forecastMeter(m, t, slots, fx))
		}
		if p.rules.planner == nil {
			continue
		}
		p.decide(g, t, slots, max(t, seen), fx)
	}
	fx.Issued = append(fx.Issued, t)
}

// forecastMeter forecasts one meter and returns what a plan for it rests on.
func (p *Partition) forecastMeter(m *Meter, t meter.Hour, slots int, fx *Effects) dsm.MeterInput {
	q := forecast.Quantiles{P10: fx.floats.take(slots), P50: fx.floats.take(slots), P90: fx.floats.take(slots)}
	m.model.Forecast(m.window, t, q)
	if p.observe != nil {
		p.observe(Issue{Meter: m, At: t, Forecast: q, Window: m.window, State: m.model})
	}
	if anyValue(q.P50) {
		fx.Forecasts = append(fx.Forecasts, Forecast{
			MeterNo: m.MeterNo, IssuedAt: t, Model: p.rules.model.Name(), P10: q.P10, P50: q.P50, P90: q.P90,
		})
		fx.Counts.Forecasts++
	}
	return dsm.MeterInput{
		Name:         m.Name,
		Forecast:     q,
		LastReading:  m.lastBefore(t),
		MissingShare: m.window.Missing(t, freshHours),
		Suspects:     m.window.Suspects(t, meter.HoursPerDay),
		MonthPeak:    p.rules.monthPeak(m, t),
	}
}

// reserve makes room for one issue of all meters, so that the effects of the first
// take no more memory than they fill.
func (fx *Effects) reserve(groups []*group) {
	meters := 0
	for _, g := range groups {
		meters += len(g.meters)
	}
	fx.Forecasts = slices.Grow(fx.Forecasts, meters)
	fx.Decisions = slices.Grow(fx.Decisions, meters+len(groups))
}

// previousPlan is the newest plan moved by 24 hours to the slots from t on,
// nil if there is none.
func (m *Meter) previousPlan(t meter.Hour, slots int, fx *Effects) []float32 {
	if len(m.plan) == 0 {
		return nil
	}
	out := fx.floats.take(slots)
	for i := range out {
		out[i] = 0
		if j := int(t-m.planFrom) + i - meter.HoursPerDay; j >= 0 && j < len(m.plan) {
			out[i] = m.plan[j]
		}
	}
	return out
}

// decide makes the plans of one group, adds them to the effects and remembers
// them for the next issue. Plans before are in memory that the next group uses again.
func (p *Partition) decide(g *group, t meter.Hour, slots int, actionable meter.Hour, fx *Effects) {
	place := fx.floats.place
	for i, m := range g.meters {
		fx.inputs[i].Previous = m.previousPlan(t, slots, fx)
	}
	fx.decisions = p.rules.planner.Plan(&dsm.GroupInput{
		Group: g.name, IssuedAt: t, Slots: slots, ActionableFrom: actionable, Meters: fx.inputs,
	}, fx.decisions[:0])
	fx.floats.place = place
	for i := range fx.decisions {
		d := Decision{Decision: fx.decisions[i], GroupNo: g.number}
		if d.Meter != "" {
			m := g.meters[i]
			m.plan, m.planFrom = d.Plan, t
			d.MeterNo = m.MeterNo
		}
		fx.Decisions = append(fx.Decisions, d)
	}
	fx.Counts.Decisions += int64(len(fx.decisions))
}

func anyValue(v []float32) bool {
	for _, x := range v {
		if x == x {
			return true
		}
	}
	return false
}
