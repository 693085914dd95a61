package processor

import (
	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
	"github.com/energytwin/energytwin/internal/timescale"
)

// freshHours is the span before an issue over which missing readings count.
const freshHours = meter.HoursPerWeek

// issue forecasts every meter for the hours from t to the next issue, and
// decides, group by group. Only hours before t are looked at. seen is the
// greatest hour read so far: hours of a plan before it have passed.
func (p *partition) issue(t, seen meter.Hour, b *batch) {
	slots := int(p.nextIssue - t)
	for _, g := range p.groups {
		if len(g.meters) == 0 {
			continue
		}
		b.inputs = b.inputs[:0]
		for _, m := range g.meters {
			b.inputs = append(b.inputs, p.forecastMeter(m, t, slots, b))
		}
		if p.rules.planner == nil {
			continue
		}
		p.decide(g, t, slots, max(t, seen), b)
	}
	b.issued(t)
}

// forecastMeter forecasts one meter and gives what a plan for it rests on.
func (p *partition) forecastMeter(m *meterState, t meter.Hour, slots int, b *batch) dsm.MeterInput {
	q := forecast.Quantiles{P10: b.floats(slots), P50: b.floats(slots), P90: b.floats(slots)}
	m.model.Forecast(m.window, t, q)
	if anyValue(q.P50) {
		b.rows.Forecasts = append(b.rows.Forecasts, timescale.Forecast{
			MeterNo: m.MeterNo, IssuedAt: t, Model: p.rules.model.Name(), P10: q.P10, P50: q.P50, P90: q.P90,
		})
		b.rows.Counts.Forecasts++
	}
	return dsm.MeterInput{
		Name:         m.Name,
		Forecast:     q,
		LastReading:  m.lastBefore(t),
		MissingShare: m.window.Missing(t, freshHours),
		Suspects:     m.window.Suspects(t, meter.HoursPerDay),
		MonthPeak:    p.rules.monthPeak(m, t),
		Previous:     m.previousPlan(t, slots, b),
	}
}

// previousPlan is the newest plan moved by 24 hours to the slots from t on,
// nil if there is none.
func (m *meterState) previousPlan(t meter.Hour, slots int, b *batch) []float32 {
	if len(m.plan) == 0 {
		return nil
	}
	out := b.floats(slots)
	for i := range out {
		out[i] = 0
		if j := int(t-m.planFrom) + i - meter.HoursPerDay; j >= 0 && j < len(m.plan) {
			out[i] = m.plan[j]
		}
	}
	return out
}

// decide makes the plans of one group, adds them to the batch and remembers
// them for the next issue.
func (p *partition) decide(g *groupState, t meter.Hour, slots int, actionable meter.Hour, b *batch) {
	b.decisions = p.rules.planner.Plan(&dsm.GroupInput{
		Group: g.name, IssuedAt: t, Slots: slots, ActionableFrom: actionable, Meters: b.inputs,
	}, b.decisions[:0])
	for i := range b.decisions {
		d := &b.decisions[i]
		row := timescale.Decision{Decision: *d, GroupNo: g.number, Provenance: b.provenance}
		if d.Meter != "" {
			m := g.meters[i]
			m.plan, m.planFrom = append(m.plan[:0], d.Plan...), t
			row.MeterNo = m.MeterNo
		}
		b.rows.Decisions = append(b.rows.Decisions, row)
	}
	b.rows.Counts.Decisions += int64(len(b.decisions))
}

func anyValue(v []float32) bool {
	for _, x := range v {
		if x == x {
			return true
		}
	}
	return false
}
