package twin

import (
	"reflect"
	"slices"

	"github.com/energytwin/energytwin/internal/dsm"
	"github.com/energytwin/energytwin/internal/forecast"
	"github.com/energytwin/energytwin/internal/meter"
)

// freshHours is the span before an issue over which missing readings count.
const freshHours = meter.HoursPerWeek

// plan is what a decision asked of a meter: change of load per slot from an hour on,
// kWh; empty if it asked for nothing.
type plan struct {
	kwh  []float32
	from meter.Hour // NoHour before the first
}

// decider decides under the policy of some rules.
type decider struct {
	rules *Rules
	plans map[*Meter]*plan // newest of each meter; nil if the meters have them
}

// DecideBeside makes the partition decide under other rules too, on the windows and
// forecasts that it has anyway. The rules must share its forecasts, now and whenever it
// switches to others. What is decided is in Effects.Beside and leads to nothing else:
// the other effects are as without it, and an encoded state has none of it.
func (p *Partition) DecideBeside(r *Rules) {
	p.beside = &decider{rules: r, plans: map[*Meter]*plan{}}
	if p.watermark != meter.NoHour {
		p.due = p.issuesAfter(p.watermark)
	}
}

// SharesForecasts reports whether windows and forecasts under both rules are the same:
// they differ in the policy at most.
func (r *Rules) SharesForecasts(other *Rules) bool {
	a, b := r.Settings, other.Settings
	a.SpecHash, b.SpecHash = "", ""
	a.Policy, b.Policy = dsm.Policy{}, dsm.Policy{}
	return reflect.DeepEqual(a, b)
}

// decide makes the plans of one group that are due at t, under the rules and under those
// beside them.
func (p *Partition) decide(g *group, t meter.Hour, due issueTimes, seen meter.Hour, fx *Effects) {
	if t == due.plans {
		own, made := decider{rules: p.rules}, len(fx.Decisions)
		fx.Decisions = own.decide(g, t, seen, fx, fx.Decisions)
		fx.Counts.Decisions += int64(len(fx.Decisions) - made)
	}
	if t == due.beside {
		fx.Beside = p.beside.decide(g, t, seen, fx, fx.Beside)
	}
}

// decide makes the plans of one group that are issued at t, appends them to dst and
// remembers them for the next day. Forecasts of the meters and of the group from t on are in fx; plans
// before are in memory that is used again.
func (d *decider) decide(g *group, t, seen meter.Hour, fx *Effects, dst []Decision) []Decision {
	day, place := d.rules.plannedAt(t), fx.floats.place
	if slices.ContainsFunc(g.meters, func(m *Meter) bool { return d.planOf(m).from >= day.Start }) {
		return dst // it was planned before the lead time became shorter
	}
	fx.inputs = fx.inputs[:0]
	for i, m := range g.meters {
		in := d.rules.planInput(m, t, day, fx.quantiles[i])
		in.Previous = d.planOf(m).movedTo(day.Start, day.Hours(), fx)
		fx.inputs = append(fx.inputs, in)
	}
	fx.decisions = d.rules.planner.Plan(&dsm.GroupInput{
		Group: g.name, IssuedAt: t, Start: day.Start, Slots: day.Hours(), ActionableFrom: max(day.Start, seen), Meters: fx.inputs,
		Forecast: span(fx.whole, int(day.Start-t), int(day.End-t)),
	}, fx.decisions[:0])
	fx.floats.place = place
	for i := range fx.decisions {
		made := Decision{Decision: fx.decisions[i], GroupNo: g.number}
		if made.Meter != "" {
			m := g.meters[i]
			*d.planOf(m) = plan{made.Plan, day.Start}
			made.MeterNo = m.MeterNo
		}
		dst = append(dst, made)
	}
	return dst
}

// planInput is what the plan of a meter for a day rests on; q is its forecast from the
// issue t on.
func (r *Rules) planInput(m *Meter, t meter.Hour, day Day, q forecast.Quantiles) dsm.MeterInput {
	lead := int(day.Start - t)
	in := dsm.MeterInput{
		Name:         m.Name,
		Forecast:     span(q, lead, lead+day.Hours()),
		LastReading:  m.lastBefore(t),
		MissingShare: m.window.Missing(t, freshHours),
		Suspects:     m.window.Suspects(t, meter.HoursPerDay),
	}
	if r.Policy.Tariff.DemandCharge > 0 {
		month := r.monthStart(day.Start)
		in.MonthPeak = m.peak(month, t)
		in.ExpectedPeak = highest(span(q, int(max(month, t)-t), lead).P50)
	}
	return in
}

// monthStart is the first hour of the local calendar month of h.
func (r *Rules) monthStart(h meter.Hour) meter.Hour {
	y, month, _ := r.cal.Local(h).Date()
	return meter.DayStart(y, month, 1, r.cal.Location())
}

// peak is the meter's highest hour from one to before another, kW, as far as its window
// reaches back; 0 if there is none.
func (m *Meter) peak(from, to meter.Hour) float64 {
	peak := 0.0
	for h := max(from, m.window.Oldest()); h < to; h++ {
		if v := float64(m.window.At(h)); v > peak {
			peak = v
		}
	}
	return peak
}

// highest is the highest of some values, 0 if there is none above.
func highest(v []float32) float64 {
	most := float32(0)
	for _, x := range v {
		if x > most {
			most = x
		}
	}
	return float64(most)
}

// planOf is the newest plan of a meter.
func (d *decider) planOf(m *Meter) *plan {
	if d.plans == nil {
		return &m.plan
	}
	if d.plans[m] == nil {
		d.plans[m] = &plan{from: meter.NoHour}
	}
	return d.plans[m]
}

// movedTo is the plan moved by 24 hours to the slots from t on, nil if there is none.
func (l *plan) movedTo(t meter.Hour, slots int, fx *Effects) []float32 {
	if len(l.kwh) == 0 {
		return nil
	}
	out := fx.floats.take(slots)
	for i := range out {
		out[i] = 0
		if j := int(t-l.from) + i - meter.HoursPerDay; j >= 0 && j < len(l.kwh) {
			out[i] = l.kwh[j]
		}
	}
	return out
}
